"""What each loss term rewards, what it does not, and that nothing it is given makes it no number."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from datasets import TINY, tiny_dataset, tiny_preset
from torch import Tensor

from codewm_model.nn.encoder import Encoded
from codewm_model.nn.world_model import Transition
from codewm_train.batches import Sampler
from codewm_train.losses.contrastive import SupervisedContrastive
from codewm_train.losses.info_nce import NextStateInfoNCE
from codewm_train.losses.objective import LossWeights, Objective, Targets
from codewm_train.losses.vicreg import VarianceCovariance
from codewm_train.step import TrainingStep


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def unit(*shape: int) -> Tensor:
    return F.normalize(torch.randn(*shape), dim=-1)


def own_after_only(count: int) -> Tensor:
    """`same` of a batch in which no two sides read alike."""
    return torch.cat([torch.eye(count, dtype=torch.bool), torch.zeros(count, count, dtype=torch.bool)], dim=1)


def hadamard() -> Tensor:
    """Eight rows of seven columns of +1 and -1: none goes with another, all have mean zero."""
    two = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    return torch.kron(torch.kron(two, two), two)[:, 1:]


def test_vicreg_is_zero_for_decorrelated_wide_embeddings() -> None:
    assert VarianceCovariance()(2 * hadamard()).item() == pytest.approx(0, abs=1e-9)


def test_vicreg_punishes_collapse_narrowness_and_correlation() -> None:
    vicreg = VarianceCovariance()
    assert vicreg(torch.ones(8, 7)).item() == pytest.approx(0.99, abs=1e-3)
    assert 0.3 < vicreg(0.5 * hadamard()).item() < 0.99
    assert vicreg(2 * hadamard()[:, [0, 0, 1]]).item() > 0.1


def test_vicreg_divides_the_covariance_by_the_dimensions() -> None:
    # Deviation sqrt(2) everywhere: no variance term. Six off-diagonal entries of 2, squared 24, over D = 3.
    assert VarianceCovariance()(torch.tensor([[0.0] * 3, [2.0] * 3])).item() == pytest.approx(0.04 * 24 / 3)


def test_a_copy_of_the_before_does_not_pay() -> None:
    before = unit(16, 8)
    after = F.normalize(before + 0.3 * torch.randn(16, 8), dim=-1)
    loss = NextStateInfoNCE()
    found, copied = (loss(way, after, before, own_after_only(16)).item() for way in (after, before))
    assert found < copied
    assert copied > math.log(2) * 0.75, "the own before is nearer than the after"


def test_the_befores_are_negatives_at_the_learned_temperature() -> None:
    prediction, after, before = unit(1, 4), unit(1, 4), unit(1, 4)
    expected = 0.75 * math.log1p(math.exp(((prediction @ before.T - prediction @ after.T) / 0.07).item()))
    assert NextStateInfoNCE()(prediction, after, before, own_after_only(1)).item() == pytest.approx(expected, rel=1e-4)


def test_rivals_are_wrong_answers_for_all() -> None:
    prediction, after, before, rivals = unit(3, 8), unit(3, 8), unit(3, 8), unit(2, 8)
    loss, others = NextStateInfoNCE(), torch.cat([before, rivals])
    same = torch.cat([own_after_only(3), torch.zeros(3, 2, dtype=torch.bool)], dim=1)
    without, with_rivals = loss(prediction, after, before, own_after_only(3)), loss(prediction, after, others, same)
    assert with_rivals.item() > without.item()
    same[:, 6:] = True
    assert loss(prediction, after, others, same).item() == pytest.approx(without.item())


def test_what_reads_like_the_own_after_is_no_wrong_answer() -> None:
    before, after = unit(4, 8), unit(4, 8)
    after[1], before[2] = after[0], after[0]
    same = own_after_only(4)
    same[0, 1] = same[1, 0] = same[0, 4 + 2] = same[1, 4 + 2] = True
    loss = NextStateInfoNCE()
    counted, left_out = (loss(after, after, before, which).item() for which in (own_after_only(4), same))
    assert left_out < 0.05 < math.log(2) / 4 < counted


def test_next_state_gradients_are_finite_whatever_is_left_out() -> None:
    loss = NextStateInfoNCE()
    sides = [torch.randn(5, 8, requires_grad=True) for _ in range(3)]
    zero = torch.zeros(5, 8, requires_grad=True)
    for same in (own_after_only(5), torch.ones(5, 10, dtype=torch.bool)):
        for prediction, after, before in (sides, (zero, *sides[1:])):
            loss(prediction, after, before, same).backward()
    assert all(torch.isfinite(one.grad).all() for one in (*sides, zero, loss.log_scale))


def test_the_temperature_stays_above_its_bound() -> None:
    loss, bounded = NextStateInfoNCE(), NextStateInfoNCE(temperature=0.01)
    loss.log_scale.data.fill_(50)
    sides = unit(4, 8), unit(4, 8), unit(4, 8)
    assert loss(*sides, own_after_only(4)).item() == pytest.approx(bounded(*sides, own_after_only(4)).item())


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [-1, -1, -1, -1]], ids=["all different", "none"])
def test_without_two_of_one_label_the_contrastive_loss_is_zero(labels: list[int]) -> None:
    rows = unit(4, 8).requires_grad_()
    loss = SupervisedContrastive()(rows, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(rows.grad, torch.zeros(4, 8))


def test_the_contrastive_loss_is_least_where_labels_are_together_and_apart_from_the_others() -> None:
    loss, labels = SupervisedContrastive(), torch.tensor([0, 0, 1, 1])
    pole = F.one_hot(torch.tensor(0), 8).float()
    best = loss(torch.stack([pole, pole, -pole, -pole]), labels).item()
    assert best == pytest.approx(2 * math.exp(-20), abs=1e-6)
    assert best < min(loss(unit(4, 8), labels).item() for _ in range(50))
    assert loss(torch.stack([pole, -pole, pole, -pole]), labels).item() > 10


def test_ignored_pairs_are_neither_positive_nor_negative() -> None:
    loss, labels, rows = SupervisedContrastive(), torch.tensor([0, 0, 1]), unit(3, 8)
    positives, negatives = torch.zeros(2, 3, 3, dtype=torch.bool)
    positives[0, 1] = positives[1, 0] = True
    negatives[:2, 2] = True
    assert loss(rows, labels).item() > 0
    assert loss(rows, labels, ignore=positives).item() == 0
    assert loss(rows, labels, ignore=negatives).item() == pytest.approx(0, abs=1e-6)


def test_an_edit_whose_every_pair_is_ignored_leaves_the_gradient_finite() -> None:
    rows = unit(4, 8).requires_grad_()
    ignore = torch.zeros(4, 4, dtype=torch.bool)
    ignore[0] = True
    SupervisedContrastive()(rows, torch.tensor([0, 0, 0, 1]), ignore).backward()
    assert torch.isfinite(rows.grad).all()


def transition(loops: int) -> Transition:
    before, after = (
        Encoded([torch.randn(6, 8) for _ in range(loops)], torch.zeros(6, 3, 8), torch.zeros(6, 4, 8)) for _ in range(2)
    )
    return Transition(
        before, after, [torch.randn(6, 8) for _ in range(loops)], unit(6, 4), unit(6, 4), torch.randn(6, 7)
    )


def objective_terms(
    seen: Transition, weights: LossWeights | None = None, commit: tuple[int, ...] = (0, 0, 1, 1, 2, 2)
) -> tuple[float, dict[str, float]]:
    shapes = torch.tensor([5, 6, 5, 6, -1, -1])
    total, terms = Objective(weights or LossWeights(), 8)(
        seen,
        Targets(seen.before.states, seen.after.states, [torch.empty(0, 8)] * len(seen.predictions)),
        action=torch.randn(6, 5),
        action_class=torch.tensor([0, 1, 2, 3, 4, 6]),
        commit=torch.tensor(commit),
        signature=shapes,
        same=own_after_only(6),
    )  # fmt: skip
    return total.item(), {name: value.item() for name, value in terms.items()}


def test_the_total_is_the_weighted_sum_of_the_terms() -> None:
    total, terms = objective_terms(
        transition(3), LossWeights(auxiliary=0.3, vicreg=0.1, kind=0.7, topic=0.2, prior=0.4)
    )
    weights = {"prior": 0.4, "next_state": 1, "auxiliary": 0.3, "vicreg": 0.1, "kind": 0.7, "topic": 0.2}
    assert set(terms) == set(weights) and all(value > 0 for value in terms.values())
    assert total == pytest.approx(sum(weight * terms[name] for name, weight in weights.items()), rel=1e-5)


def test_the_loops_before_the_last_are_supervised_too() -> None:
    seen = transition(3)
    states = zip(seen.predictions, seen.after.states, seen.before.states, strict=True)
    by_loop = [NextStateInfoNCE()(*one, own_after_only(6)).item() for one in states]
    _, terms = objective_terms(seen)
    assert terms["next_state"] == pytest.approx(by_loop[2])
    assert terms["auxiliary"] == pytest.approx(by_loop[0] + by_loop[1])
    assert objective_terms(transition(1))[1]["auxiliary"] == 0


def test_edits_of_one_commit_teach_topic_and_never_kind() -> None:
    seen = transition(1)
    _, apart = objective_terms(seen)
    _, together = objective_terms(seen, commit=(0, 0, 0, 0, 2, 2))
    assert apart["kind"] > 0 and apart["topic"] > 0
    assert together["kind"] == 0


@pytest.mark.parametrize("prior", [0.0, 0.1])
def test_every_trained_parameter_takes_part_or_a_distributed_run_would_wait_for_it(
    tmp_path: Path, prior: float
) -> None:
    preset = tiny_preset(rivals=2)
    preset = replace(preset, losses=replace(preset.losses, prior=prior))
    step = TrainingStep(preset)
    total, _ = step(Sampler(tiny_dataset(tmp_path), preset.training, TINY).batch(0))
    total.backward()
    trained = {name: weight for name, weight in step.named_parameters() if weight.requires_grad}
    assert any(name.startswith("model.action_prior") for name in trained) == bool(prior)
    assert [name for name, weight in trained.items() if weight.grad is None] == []
    assert all(torch.isfinite(weight.grad).all() for weight in trained.values())
