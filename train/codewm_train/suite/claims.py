"""The papers' claims: what each says, the runs that it needs, and how these tell whether it holds here.

Figures are from "Diagnosing and Fixing Encoder Collapse in Tiny JEPA Code Transition Models" (paper 1) and "From
Early-Loop Signal to Readout Repair" (paper 2; both Akbulut, 2026). Where the papers count something in their own way,
it is counted so here too: lift from the online before-state to the target's after, two spaces; ranks of states
without centring; straightness and delta/state ratio of edits (see `geometry` and `probe`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from codewm_train.metrics import spread
from codewm_train.suite.results import Finding, Look, Results, does_it, not_shown, ranged

Judge = Callable[[Results], Finding]
COPY = 0.99  # copy cosine that has climbed
LOST = 0.5  # share of a rank that has fallen
NOISE = 2.0  # standard errors that a figure must fall by to have fallen
THEIR_FIRST = 6000  # step of the earliest checkpoint whose predictor's rank paper 2 tells
FLAT = 10.0  # effective rank of 128 below which a space is called collapsed


@dataclass(frozen=True)
class Claim:
    """One row: what is claimed, the papers' figure, the runs without which nothing can be said, and the judge.

    `beside` are runs of a larger suite that are shown where they are there.
    """

    says: str
    paper: str
    needs: tuple[str, ...]
    judge: Judge
    beside: tuple[str, ...] = ()


def fast_target_collapses(found: Results) -> Finding:
    """Copy cosine and rank of the target encoder, over the steps of each seed."""
    told, order = [], list[bool | None]()
    for outcome in found.of("paper1-fast"):
        copies, ranks = [_copy(look) for look in outcome.looks], [_target_rank(look) for look in outcome.looks]
        climbed = next((i for i, copy in enumerate(copies) if copy >= COPY), None)
        fell = next((i for i, rank in enumerate(ranks) if rank <= LOST * max(ranks[: i + 1])), None)
        first, last = outcome.looks[0]["step"], outcome.last["step"]
        told.append(
            f"copy cosine {copies[0]:.4f} at step {first}, {copies[-1]:.4f} at {last}; "
            f"rank of the target {ranks[0]:.1f}, then {ranks[-1]:.1f}"
        )
        order.append(None if climbed is None or fell is None else climbed <= fell)
    ours = "; ".join(told) + f" (near-static: {ranged(found.last('paper1', _copy), '.4f')} at the end)"
    if None in order:
        return not_shown(ours, f"it has not come to a copy cosine of {COPY} and half of the rank within these steps")
    return does_it(all(order), ours)


def static_target_is_stable(found: Results) -> Finding:
    """Whether the target stays as it was while the prediction comes nearer to it."""
    moved = [abs(_copy(run.last) - _copy(run.looks[0])) for run in found.of("paper1")]
    kept = [_target_rank(run.last) / _target_rank(run.looks[0]) for run in found.of("paper1")]
    nearer = [_cosine(run.last, "prediction_after") - _cosine(run.looks[0], "prediction_after")
              for run in found.of("paper1")]  # fmt: skip
    ours = (
        f"cosine of prediction and after {ranged(found.last('paper1', _prediction), '.3f')}, copy cosine moved by "
        f"{max(moved):.4f}, rank of the target times {min(kept):.2f}"
    )
    if frozen := found.last("paper1-frozen", _prediction):
        ours += f"; frozen target {ranged(frozen, '.3f')}"
    ours += f"; the online encoder's rank is {ranged(found.last('paper1', _online_rank), '.1f')}"
    return does_it(max(moved) < 0.01 and min(kept) > 0.9 and min(nearer) > -0.01, ours)


def loops_compress(found: Results) -> Finding:
    """How much of an edit is left in each loop's readout of the six-loop encoder."""
    ratios = zip(*(outcome.last["loops"]["edit_ratio"] for outcome in found.of("paper1")), strict=True)
    means = [sum(values) / len(values) for values in ratios]
    paths = [outcome.last["paths"]["straightness"] for outcome in found.of("paper1")]
    ranks = found.last("paper1", lambda look: look["spaces"]["state"]["rank_of_variance"])
    ours = (
        f"ratio {', '.join(f'{mean:.3f}' for mean in means)}: {means[0] / max(means[-1], 1e-9):.1f} times; "
        f"straightness {ranged([path for path in paths if path is not None], '.3f')}; "
        f"rank of states {ranged(ranks, '.1f')}"
    )
    falls = all(later <= earlier for earlier, later in pairwise(means))
    return does_it(falls and means[0] >= 3 * means[-1], ours)


def direct_delta_fails(found: Results) -> Finding:
    """Every way to predict the change itself, beside the same encoder that predicts the next state."""
    jepa = found.mean("paper1", lambda look: look["delta"]["two spaces"])
    told, worse = [], []
    for name in (*DELTAS, *MORE_DELTAS):
        if deltas := found.last(name, lambda look: look["delta"]["one space"]):
            told.append(
                f"{name.removeprefix('delta-')} {ranged(deltas, '.3f')} ({ranged(found.last(name, _lift), '+.2f')})"
            )
            worse.append(found.mean(name, lambda look: look["delta"]["one space"]) < jepa
                         and found.mean(name, _lift) < found.mean("paper1", _lift))  # fmt: skip
    ours = f"next state {jepa:.3f} ({ranged(found.last('paper1', _lift), '+.2f')}); {', '.join(told)}"
    return does_it(all(worse), ours)


def deep_supervision_lifts(found: Results) -> Finding:
    """Lift with and without predictions from loops 1 and 2, both without a regulariser."""
    without, with_ = found.mean("loops3", _lift), found.mean("paper2-none", _lift)
    ours = f"{without:+.3f} without, {with_:+.3f} with; within the target's space {_one_space(found, 'paper2-none')}"
    for name in ("paper2-contrast", "paper1-dense"):
        if lifts := found.last(name, _lift):
            ours += f"; {name} {ranged(lifts, '+.3f')}"
    return does_it(with_ > without + 0.05, ours)


def lift_is_gameable(found: Results) -> Finding:
    """Lift of a readout that few dimensions are left of."""
    lift, rank = found.mean("paper2-none", _lift), found.mean("paper2-none", _online_rank)
    plain = found.last("paper2-none", lambda look: look["knn"]["plain"]["predicted"][0])
    chance = found.of("paper2-none")[0].last["knn"]["plain"]["chance"][0]
    ours = (
        f"lift {lift:+.2f} ({_one_space(found, 'paper2-none')} within one space) at rank {rank:.1f} of 128 "
        f"(centred {ranged(found.last('paper2-none', _centred_rank), '.1f')}), "
        f"KNN@1 {ranged(plain, '.2%')} (chance {chance:.2%})"
    )
    if lift < 0.1:
        return not_shown(ours, "there is no lift yet")
    return does_it(rank < FLAT, ours)


def vicreg_repairs(found: Results) -> Finding:
    """Rank of the online states with and without VICReg."""
    without, with_ = found.mean("paper2-none", _online_rank), found.mean("paper2", _online_rank)
    centred = " and ".join(ranged(found.last(name, _centred_rank), ".1f") for name in ("paper2-none", "paper2"))
    ours = (
        f"{without:.1f} without, {ranged(found.last('paper2', _online_rank), '.1f')} with, {with_ / without:.1f} times "
        f"(centred {centred})"
    )
    for name in ("paper2-sigreg", "paper2-contrast"):
        if ranks := found.last(name, _online_rank):
            ours += f"; {name} {ranged(ranks, '.1f')}"
    return does_it(with_ >= 3 * without, ours)


def retrieval_peaks(found: Results) -> Finding:
    """Whether KNN@5 of the first seed falls after its best look by more than chance."""
    looks = found.of("paper2")[0].looks
    rates = [look["knn"]["plain"]["predicted"][1] for look in looks]
    best = max(range(len(rates)), key=lambda i: rates[i])
    ours = ", ".join(f"{rate:.1%} at {look['step']}" for rate, look in zip(rates, looks, strict=True))
    if best == len(rates) - 1:
        return not_shown(ours, "it is at its best at the last step")
    spread = sum(rate * (1 - rate) / looks[-1]["n"] for rate in (rates[best], rates[-1])) ** 0.5
    if rates[best] - rates[-1] <= NOISE * spread:
        return not_shown(ours, f"the fall after step {looks[best]['step']} is within two standard errors")
    return does_it(True, ours)


def predictor_collapses(found: Results) -> Finding:
    """Rank of the predictions beside that of the states, the papers' way and ours."""
    ours = f"paper2 {_rank_of_predictions(found, 'paper2')}"
    if found.last("paper2-predictor-reg", _predicted_rank):
        ours += f"; with VICReg on predictions {_rank_of_predictions(found, 'paper2-predictor-reg')}"
    ours += f"; the cure, default: {_rank_of_predictions(found, 'default')}"
    paper2, default = found.mean("paper2", _predicted_rank), found.mean("default", _predicted_rank)
    if paper2 < 0.25 * found.mean("paper2", _online_rank):
        return does_it(default >= 2 * paper2, ours)
    if found.of("paper2")[0].last["step"] < THEIR_FIRST:
        return not_shown(ours, f"it has not collapsed; the papers' first figure is of step {THEIR_FIRST:,}")
    return does_it(False, ours)


def seeds_differ(found: Results) -> Finding:
    """Best over worst seed, and (max - min) / mean, of plain KNN@5 and of the copy-proof headline."""
    seeds = len(found.of("paper2"))
    told = [f"{name} KNN@5 {_spread(found.last(name, _knn5))}" for name in ("paper2", "default")]
    ours = f"{'; '.join(told)}; default, copy-proof KNN@1 {_spread(found.last('default', _headline))}"
    if seeds < 2:
        return not_shown(ours, "one seed has run")
    values = found.last("paper2", _knn5)
    return does_it(max(values) >= 2 * min(values), ours)


def head_to_head(found: Results) -> Finding:
    """The headline of each, and plain KNN@1 beside a copy's in the same space."""
    names = ("paper1", "paper2", "default")
    told = []
    for name in names:
        plain = found.last(name, lambda look: look["knn"]["plain"]["predicted"][0])
        copy = found.last(name, lambda look: look["knn"]["plain"]["copy"][0])
        shuffled = found.last(name, lambda look: look["knn"]["copy_proof"]["shuffled action"][0])
        told.append(
            f"{name} {ranged(found.last(name, _headline), '.1%')} copy-proof "
            f"(shuffled action {ranged(shuffled, '.1%')}), plain {ranged(plain, '.1%')} "
            f"against a copy's {ranged(copy, '.1%')}, lift within one space {_one_space(found, name)}"
        )
    best = max(found.mean(name, _headline) for name in names[:2])
    return does_it(found.mean("default", _headline) > best, "; ".join(told))


def encoding_is_cheap(found: Results) -> Finding:
    """Milliseconds of one state on one thread, taken in turn: a busy machine slows both."""
    paper, ours = found.times["paper_512"]["p50"], found.times["state_128"]["p50"]
    told = f"the paper's architecture, 512 tokens: {paper:.1f} ms; ours, 128: {ours:.1f} ms (exported, p50)"
    return does_it(ours < 0.5 * paper, told)


DELTAS = ("delta-final", "delta-early", "delta-early-normalised", "delta-early-normalised-residual")
MORE_DELTAS = ("delta-final-normalised", "delta-final-residual")
CLAIMS = (
    Claim("A fast target (EMA 0.996) collapses, and the copy cosine shows it before the rank falls",
          "copy cosine to 0.999; training ends at about step 700", ("paper1-fast", "paper1"), fast_target_collapses),
    Claim("A near-static target (EMA 0.99999) trains on stably", "15,000 steps; cosine with the after 0.990",
          ("paper1",), static_target_is_stable, ("paper1-frozen",)),
    Claim("Six loops compress the edit: delta/state ratio by loop",
          "0.123, 0.055, 0.028 ... 0.010 (12 times); straightness 0.132; rank of states 5.1", ("paper1",),
          loops_compress),
    Claim("Predicting the change directly fails: delta cosine (lift)",
          "next state 0.972 (+0.28), final 0.271 (-0.82), early 0.388 (-0.84), normalised and residual 0.356",
          ("paper1", *DELTAS), direct_delta_fails, MORE_DELTAS),
    Claim("Deep supervision at loops 1 and 2 raises the lift", "+0.086 to +0.686 at 2,000 steps",
          ("loops3", "paper2-none"), deep_supervision_lifts, ("paper2-contrast", "paper1-dense")),
    Claim("Lift can be had without rank", "lift above +0.8, rank 2.1 of 128, KNN@1 0.08 %", ("paper2-none",),
          lift_is_gameable),
    Claim("VICReg repairs the rank of the states", "2.1 to 53-64 of 128", ("paper2-none", "paper2"), vicreg_repairs,
          ("paper2-sigreg", "paper2-contrast")),
    Claim("Retrieval peaks, then overfits: KNN@5 over steps", "5.8 % at step 28,000, 2.2 % at 44,000", ("paper2",),
          retrieval_peaks),
    Claim("The predictor's rank collapses (and ours does not)", "5-6 of 128 beside states of 53-64",
          ("paper2", "default"), predictor_collapses, ("paper2-predictor-reg",)),
    Claim("Seeds differ two- to threefold", "KNN@5 1.5 to 5.8 %", ("paper2", "default"), seeds_differ),
    Claim("Head to head on the same edits, copy-proof: ours is ahead of the papers' presets",
          "KNN@1 1.42 %; the released checkpoint 0.8 % where a copy in one space has 61.5 %",
          ("paper1", "paper2", "default"), head_to_head),
    Claim("A state on one CPU thread: ours costs less than half of the papers'", "8.4 ms (512 tokens, torch)", (),
          encoding_is_cheap),
)  # fmt: skip


def _copy(look: Look) -> float:
    return _cosine(look, "before_after")


def _prediction(look: Look) -> float:
    return _cosine(look, "prediction_after")


def _lift(look: Look) -> float:
    return _cosine(look, "lift_of_two_spaces")


def _cosine(look: Look, name: str) -> float:
    return float(look["cosines"][name])


def _target_rank(look: Look) -> float:
    return float(look["spaces"]["target"]["rank_uncentred"])


def _online_rank(look: Look) -> float:
    return float(look["spaces"]["state"]["rank_uncentred"])


def _centred_rank(look: Look) -> float:
    return float(look["spaces"]["state"]["rank"])


def _predicted_rank(look: Look) -> float:
    return float(look["spaces"]["prediction"]["rank_uncentred"])


def _knn5(look: Look) -> float:
    return float(look["knn"]["plain"]["predicted"][1])


def _headline(look: Look) -> float:
    return float(look["knn"]["copy_proof"]["predicted"][0])


def _one_space(found: Results, name: str) -> str:
    return ranged(found.last(name, lambda look: _cosine(look, "lift")), "+.3f")


def _rank_of_predictions(found: Results, name: str) -> str:
    predicted, states = (found.last(name, rank) for rank in (_predicted_rank, _online_rank))
    return f"{ranged(predicted, '.1f')} beside states of {ranged(states, '.1f')}"


def _spread(values: Sequence[float]) -> str:
    return f"{', '.join(f'{value:.1%}' for value in values)} (spread {spread(values):.0%})"
