"""The suite of the papers' claims: every claim gets a row, whatever is cut off goes on, and failures are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from datasets import TINY, made_up, stored, tiny_dataset

from codewm_train.checkpoint import load_checkpoint
from codewm_train.cli import main
from codewm_train.data import Dataset
from codewm_train.observed import Outcome
from codewm_train.presets import CONFIGS, load_preset
from codewm_train.suite import reproduce as suite
from codewm_train.suite.claims import (
    CLAIMS,
    fast_target_collapses,
    lift_is_gameable,
    predictor_collapses,
    retrieval_peaks,
    seeds_differ,
)
from codewm_train.suite.plan import FULL, RUNS, SMALL, Budget, Job, jobs
from codewm_train.suite.reproduce import found_so_far, reproduce
from codewm_train.suite.results import Results
from codewm_train.suite.tables import markdown

TIMES = {"state_128": {"p50": 3.0, "p95": 4.0}, "paper_512": {"p50": 12.0, "p95": 14.0}}
TINY_BUDGET = Budget("tiny", "a test", TINY.positions, judged=20, steps=2, edits=12, warmup=1, seeds=1)
CUT_AT = 4  # the run before which the suite is killed once


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return stored(tmp_path_factory.mktemp("validation"), [made_up("me/jar", first=60, edits=48)])


@pytest.fixture(scope="module")
def patched() -> pytest.MonkeyPatch:
    """Nothing is exported and timed: that is another test's affair."""
    patch = pytest.MonkeyPatch()
    patch.setattr(suite, "cost_of_a_state", lambda: TIMES)
    yield patch
    patch.undo()


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill."""


@pytest.fixture(scope="module")
def cut(
    data: Dataset, validation: Dataset, tmp_path_factory: pytest.TempPathFactory, patched: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The suite's folder, what was written before it was killed, what it found when it went on, and what it said."""
    out = tmp_path_factory.mktemp("suite")

    def kill(line: str) -> None:
        if line.startswith(f"{CUT_AT}/"):
            raise Killed

    with pytest.raises(Killed):
        reproduce(TINY_BUDGET, data, validation, out, say=kill)
    before = json.loads((out / "reproduce.json").read_text())
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("checkpoint.pt")}
    said: list[str] = []
    found = reproduce(TINY_BUDGET, data, validation, out, say=said.append)
    return {"out": out, "before": before, "stamps": stamps, "found": found, "said": said}


def test_every_claim_has_a_row_that_is_judged_and_says_n_seeds_and_steps(cut: dict[str, Any]) -> None:
    rows = cut["found"]["rows"]
    assert [row["number"] for row in rows] == list(range(1, 13)) and len(CLAIMS) == 12
    for row in rows:
        assert row["verdict"] in ("holds", "does not hold", "not shown at this budget"), row
        assert row["ours"] and row["paper"]
    assert all((row["n"], row["seeds"], row["steps"]) == (20, "1", "2") for row in rows[:-1])
    assert rows[-1]["verdict"] == "holds" and "12.0 ms" in rows[-1]["ours"]


def test_every_run_is_trained_as_planned_and_every_shipped_preset_is_among_them(cut: dict[str, Any]) -> None:
    for job in jobs(TINY_BUDGET):
        loaded = load_checkpoint(cut["out"] / "runs" / job.folder / "checkpoint.pt")
        assert (loaded.step, loaded.preset) == (2, job.preset)
    assert {run.preset for run in RUNS} == {path.stem for path in CONFIGS.glob("*.toml")}


def test_a_suite_that_was_killed_has_a_table_and_goes_on(cut: dict[str, Any]) -> None:
    before = cut["before"]
    assert before["budget"]["done"] == CUT_AT - 1 == len(cut["stamps"])
    verdicts = {row["number"]: row["verdict"] for row in before["rows"]}
    assert verdicts[2] != "not run yet" and verdicts[7] == verdicts[12] == "not run yet"
    assert {path: path.stat().st_mtime_ns for path in cut["stamps"]} == cut["stamps"]
    assert any(line.startswith(f"{len(RUNS) - CUT_AT + 1} of {len(RUNS)} trainings to do") for line in cut["said"])


def test_the_tables_say_the_same_as_what_is_returned(cut: dict[str, Any]) -> None:
    assert json.loads((cut["out"] / "reproduce.json").read_text()) == json.loads(json.dumps(cut["found"]))
    page = (cut["out"] / "reproduce.md").read_text()
    assert page == markdown(cut["found"]) + "\n"
    assert page.count("\n| ") == 12 + 2 and "Budget tiny: a test. 17 of 17 trainings done" in page


def test_a_claim_whose_run_failed_says_so_and_others_do_not(
    cut: dict[str, Any], data: Dataset, validation: Dataset
) -> None:
    looks = cut["found"]["runs"]
    outcomes = {job: Outcome(looks[job.folder]["looks"]) for job in jobs(TINY_BUDGET)}
    fast = next(job for job in outcomes if job.run.name == "paper1-fast")
    outcomes[fast] = Outcome(failed="the loss is no number at step 1")
    rows = found_so_far(TINY_BUDGET, outcomes, TIMES, data, validation)["rows"]
    assert (rows[0]["verdict"], rows[0]["ours"]) == ("a run failed", "")
    assert rows[0]["why"] == "paper1-fast-seed42: the loss is no number at step 1"
    assert [row["verdict"] for row in rows[1:]] == [row["verdict"] for row in cut["found"]["rows"][1:]]


def test_the_small_suite_trains_what_claims_need_and_three_seeds_where_seeds_are_compared() -> None:
    small, full = jobs(SMALL), jobs(FULL)
    assert {name for claim in CLAIMS for name in claim.needs} == {job.run.name for job in small}
    assert {name for claim in CLAIMS for name in (*claim.needs, *claim.beside)} == {run.name for run in RUNS}
    assert [job.folder for job in small if job.seed != 42] == [
        f"{name}-seed{seed}" for seed in (43, 44) for name in ("paper2", "default")
    ]
    assert len(full) == 3 * len(RUNS) == 3 * len({job.run.name for job in full})


def test_a_budget_changes_length_and_batch_and_no_decay_of_a_target() -> None:
    for job in jobs(SMALL):
        shipped, training = load_preset(job.run.preset), job.preset.training
        assert job.preset.target == shipped.target
        assert 2 * (training.place_pairs + training.topic_pairs + training.kind_pairs) == SMALL.edits
        assert (training.steps, job.preset.model.positions) == (SMALL.steps, SMALL.positions)
        rate = shipped.training.learning_rate if job.run.name == "default" else SMALL.learning_rate
        assert training.learning_rate == rate
        assert job.at[-1] == SMALL.steps
    for job in jobs(FULL)[: len(RUNS)]:
        assert job.preset.training == replace(load_preset(job.run.preset).training, seed=42)


def look(
    step: int = 1,
    copy: float = 0.9,
    rank: float = 50.0,
    predicted: float = 40.0,
    lift: float = 0.5,
    knn5: float = 0.1,
    knn1: float = 0.05,
) -> dict[str, Any]:
    """What `glance` might have found, as far as the judges below ask."""
    space, of_predictions = ({"rank": value, "rank_uncentred": value} for value in (rank, predicted))
    return {
        "step": step,
        "n": 1000,
        "cosines": {"before_after": copy, "lift_of_two_spaces": lift, "lift": lift - 1},
        "spaces": {"state": space, "target": space, "prediction": of_predictions},
        "knn": {
            "plain": {"predicted": [knn1, knn5], "chance": [0.001, 0.005]},
            "copy_proof": {"predicted": [knn1, knn5]},
        },
    }


def found(**runs: list[list[dict[str, Any]]]) -> Results:
    """Results of runs, each a list of its seeds' looks; `_` stands for `-` in a name."""
    return Results({name.replace("_", "-"): [Outcome(looks) for looks in seeds] for name, seeds in runs.items()}, {})


@pytest.mark.parametrize(
    ("copies", "ranks", "verdict"),
    [
        ([0.9, 0.995, 0.999], [50, 40, 6], "holds"),
        ([0.9, 0.97, 0.999], [50, 6, 6], "does not hold"),
        ([0.9, 0.95, 0.98], [50, 40, 6], "not shown at this budget"),
        ([0.9, 0.995, 0.999], [50, 45, 40], "not shown at this budget"),
    ],
)
def test_collapse_is_a_copy_cosine_that_climbs_before_the_rank_falls(
    copies: list[float], ranks: list[float], verdict: str
) -> None:
    looks = [look(step, copy, rank) for step, (copy, rank) in enumerate(zip(copies, ranks, strict=True), start=1)]
    assert fast_target_collapses(found(paper1_fast=[looks], paper1=[[look()]])).verdict == verdict


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [
        ([0.1, 0.3, 0.2], "holds"),
        ([0.1, 0.2, 0.3], "not shown at this budget"),
        ([0.1, 0.21, 0.2], "not shown at this budget"),
    ],
)
def test_a_peak_is_a_fall_that_chance_does_not_explain(rates: list[float], verdict: str) -> None:
    looks = [look(step, knn5=rate) for step, rate in enumerate(rates, start=1)]
    assert retrieval_peaks(found(paper2=[looks])).verdict == verdict


@pytest.mark.parametrize(
    ("lift", "rank", "verdict"),
    [(0.8, 2.1, "holds"), (0.8, 50, "does not hold"), (-0.2, 2.1, "not shown at this budget")],
)
def test_lift_is_gameable_where_there_is_lift_and_no_rank(lift: float, rank: float, verdict: str) -> None:
    assert lift_is_gameable(found(paper2_none=[[look(lift=lift, rank=rank)]])).verdict == verdict


@pytest.mark.parametrize(
    ("step", "paper2", "default", "verdict"),
    [
        (400, 6, 45, "holds"),
        (400, 6, 7, "does not hold"),
        (400, 40, 45, "not shown at this budget"),
        (15000, 40, 45, "does not hold"),
    ],
)
def test_the_predictor_collapses_in_the_papers_run_alone(
    step: int, paper2: float, default: float, verdict: str
) -> None:
    runs = {"paper2": [[look(step, predicted=paper2)]], "default": [[look(step, predicted=default)]]}
    assert predictor_collapses(found(**runs)).verdict == verdict


def test_seeds_differ_twofold_or_do_not_and_one_seed_shows_nothing() -> None:
    default = [[look(knn5=0.3)]] * 3
    twofold, alike = ([[look(knn5=rate)] for rate in rates] for rates in ((0.02, 0.05), (0.04, 0.05)))
    assert seeds_differ(found(paper2=twofold, default=default)).verdict == "holds"
    assert seeds_differ(found(paper2=alike, default=default)).verdict == "does not hold"
    assert seeds_differ(found(paper2=alike[:1], default=default)).verdict == "not shown at this budget"


def test_a_large_budget_without_a_gpu_is_warned_of_and_not_refused(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(suite, "seconds_left", lambda left, data: 3600.0 * sum(steps for _, steps in left) / 10)
    said: list[str] = []
    todo: list[Job] = jobs(TINY_BUDGET)
    suite._announce(TINY_BUDGET, todo, {job: Outcome() for job in todo}, data, said.append)
    assert "about 3 hours on this machine" in said[1] and "there is no GPU" in said[2]
    suite._announce(SMALL, todo, {job: Outcome() for job in todo}, data, said.append)
    assert "no GPU" not in "".join(said[3:])


def test_the_command_prints_the_table(
    cut: dict[str, Any], data: Dataset, tmp_path: Path, patched: pytest.MonkeyPatch
) -> None:
    patched.setattr("codewm_train.suite.plan.BUDGETS", {"small": TINY_BUDGET, "full": TINY_BUDGET})
    tiny_dataset(tmp_path / "data")
    stored(tmp_path / "validation", [made_up("me/jar", first=60, edits=48)])
    paths = ("--data", tmp_path / "data", "--validation", tmp_path / "validation", "--out", cut["out"])
    done = CliRunner().invoke(main, ["reproduce", *map(str, paths)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.stderr
    assert "The papers' claims" in done.stdout and "Six loops compress the edit" in done.stdout
    assert "0 of 17 trainings to do" in done.stderr
