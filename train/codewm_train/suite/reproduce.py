"""Train what the papers' claims need, and say of each whether it holds: resumable, with a table after every run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from codewm_train.data import Dataset
from codewm_train.latency import ROUNDS, cost_of_a_state
from codewm_train.observed import Outcome, observe, seen
from codewm_train.suite.claims import CLAIMS, Claim
from codewm_train.suite.cost import seconds_left
from codewm_train.suite.glance import glance
from codewm_train.suite.plan import Budget, Job, jobs
from codewm_train.suite.results import Finding, Results
from codewm_train.suite.tables import markdown

Say = Callable[[str], None]
Times = Mapping[str, Mapping[str, float]]


def reproduce(
    budget: Budget, data: Dataset, validation: Dataset, out: Path, *, say: Say = lambda line: None
) -> dict[str, Any]:
    """Everything the budget pays for; what it found is also in `out`, as reproduce.json and reproduce.md.

    Both are written anew after every run. What is there of an earlier call is not done again.
    """
    todo = jobs(budget)
    outcomes = {job: seen(_folder(out, job), job.preset, data) for job in todo}
    _announce(budget, todo, outcomes, data, say)
    times: Times = {}
    for number, job in enumerate(todo, start=1):
        say(f"{number}/{len(todo)}: {job.folder}, {job.preset.training.steps} steps")
        outcomes[job] = _train(job, budget, data, validation, out, say)
        if outcomes[job].failed:
            say(f"failed: {outcomes[job].failed}")
        _write(out, found_so_far(budget, outcomes, times, data, validation))
    say("timing the encoders")
    times = _times(out)
    found = found_so_far(budget, outcomes, times, data, validation)
    _write(out, found)
    return found


def found_so_far(
    budget: Budget, outcomes: Mapping[Job, Outcome], times: Times, data: Dataset, validation: Dataset
) -> dict[str, Any]:
    """A row for every claim, and what the suite is made of, as plain numbers and words."""
    finished: dict[str, list[Outcome]] = {}
    for job, outcome in outcomes.items():
        if _is_done(job, outcome):
            finished.setdefault(job.run.name, []).append(outcome)
    results = Results(finished, times)
    return {
        "budget": {
            "name": budget.name,
            "about": budget.about,
            "trainings": len(outcomes),
            "done": sum(len(seeds) for seeds in finished.values()),
            "positions": budget.positions,
            "minutes": sum(one.last["seconds"] for seeds in finished.values() for one in seeds) / 60,
            "threads": torch.get_num_threads(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        },
        "data": {"edits": len(data), "validation": [one["name"] for one in validation.about["repositories"]]},
        "rows": [_row(i, claim, outcomes, results) for i, claim in enumerate(CLAIMS, start=1)],
        "runs": {job.folder: {"preset": job.preset.to_dict(), **_of(outcome)} for job, outcome in outcomes.items()},
    }


def _row(number: int, claim: Claim, outcomes: Mapping[Job, Outcome], results: Results) -> dict[str, Any]:
    """One claim: the figures, the verdict, and of which edits, seeds and steps they are."""
    concerned = [job for job in outcomes if job.run.name in (*claim.needs, *claim.beside)]
    finding = _finding(claim, {job: outcomes[job] for job in concerned}, results)
    shown = [job for job in concerned if _is_done(job, outcomes[job])]
    seeds = {len(results.of(job.run.name)) for job in shown}
    return {
        "number": number,
        "claim": claim.says,
        "paper": claim.paper,
        "ours": finding.ours,
        "verdict": finding.verdict,
        "why": finding.why,
        "n": outcomes[shown[0]].last["n"] if shown else (0 if claim.needs else ROUNDS),
        "seeds": _range(seeds),
        "steps": _range({job.preset.training.steps for job in shown}),
    }


def _finding(claim: Claim, concerned: Mapping[Job, Outcome], results: Results) -> Finding:
    needed = {job: outcome for job, outcome in concerned.items() if job.run.name in claim.needs}
    if failed := [f"{job.folder}: {outcome.failed}" for job, outcome in needed.items() if outcome.failed]:
        return Finding("", "a run failed", "; ".join(failed))
    if missing := [name for name in claim.needs if not results.of(name)]:
        return Finding("", "not run yet", ", ".join(missing))
    if not claim.needs and not results.times:
        return Finding("", "not run yet", "timed after the runs")
    return claim.judge(results)


def _train(job: Job, budget: Budget, data: Dataset, validation: Dataset, out: Path, say: Say) -> Outcome:
    return observe(
        data,
        _folder(out, job),
        job.preset,
        job.at,
        lambda path: glance(path, validation, budget.judged, paths=job.run.paths),
        say=say,
    )


def _announce(budget: Budget, todo: Sequence[Job], outcomes: Mapping[Job, Outcome], data: Dataset, say: Say) -> None:
    """How much there is to do, how long that takes here, and that a large suite wants a GPU."""
    left = [(job, _steps_left(job, outcomes[job])) for job in todo]
    minutes = seconds_left(left, data) / 60
    time_here = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
    say(f"budget {budget.name}: {budget.about}")
    say(f"{sum(steps > 0 for _, steps in left)} of {len(todo)} trainings to do: about {time_here} on this machine")
    if not budget.small and not torch.cuda.is_available():
        say("there is no GPU: this budget is made for one; interrupt and go on as you like, or take --budget small")


def _steps_left(job: Job, outcome: Outcome) -> int:
    if outcome.failed:
        return 0
    return job.at[-1] - (int(outcome.last["step"]) if outcome.looks else 0)


def _is_done(job: Job, outcome: Outcome) -> bool:
    return not outcome.failed and len(outcome.looks) == len(job.at)


def _of(outcome: Outcome) -> dict[str, Any]:
    return {"looks": outcome.looks, "failed": outcome.failed}


def _folder(out: Path, job: Job) -> Path:
    return out / "runs" / job.folder


def _times(out: Path) -> Times:
    """Timed once; a later call reads what was timed."""
    path = out / "latency.json"
    if not path.exists():
        path.write_text(json.dumps(cost_of_a_state(), indent=1) + "\n", encoding="utf-8")
    times: Times = json.loads(path.read_text(encoding="utf-8"))
    return times


def _write(out: Path, found: Mapping[str, Any]) -> None:
    for name, text in (("reproduce.json", json.dumps(found, indent=1)), ("reproduce.md", markdown(found))):
        partial = out / f"{name}.partial"
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(out / name)


def _range(values: set[int]) -> str:
    if not values:
        return "-"
    return str(min(values)) if len(values) == 1 else f"{min(values)} to {max(values)}"
