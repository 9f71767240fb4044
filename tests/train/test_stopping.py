"""Early stop: counted in validations, the best kept beside the last, and final."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import tiny_preset

from codewm_model.errors import CodewmError
from codewm_train import run as run_module
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import BEST, CHECKPOINT, fit
from codewm_train.stopping import EarlyStop

SCORES = [0.1, 0.3, 0.2, 0.3, 0.25, 0.9]  # the second is the best until the run is over


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the validations find, one after the other; those that are left."""
    left, plain = list(SCORES), run_module.validate

    def validate(*arguments: object) -> dict[str, float]:
        return {**plain(*arguments), "copy_proof_knn1": left.pop(0)}  # type: ignore[arg-type]

    monkeypatch.setattr(run_module, "validate", validate)
    return left


def test_only_a_better_value_is_a_new_best() -> None:
    stopping = EarlyStop(patience=3)
    assert [stopping.sees(value, step) for step, value in enumerate(SCORES[:5])] == [True, True, False, False, False]
    assert (stopping.best, stopping.best_step, stopping.over) == (0.3, 1, True)


def test_a_run_without_patience_never_stops() -> None:
    stopping = EarlyStop(patience=0)
    assert not any((stopping.sees(0.0, step) and False) or stopping.over for step in range(100))


def test_a_run_ends_after_its_patience_and_keeps_the_best_beside_the_last(
    data: Dataset, tmp_path: Path, scores: list[float]
) -> None:
    said: list[str] = []
    preset = tiny_preset(steps=12, patience=3)
    path = fit(data, tmp_path / "run", preset, validation=data, validate_every=2, say=said.append)
    assert path == tmp_path / "run" / BEST
    assert (load_checkpoint(path).step, load_checkpoint(tmp_path / "run" / CHECKPOINT).step) == (4, 10)
    assert scores == SCORES[5:]
    assert f"{path}: the best on validation, step 4, copy-proof KNN@1 30.0%; 3 validations since" in said[-1]


def test_a_run_that_stopped_early_does_nothing_more(data: Dataset, tmp_path: Path, scores: list[float]) -> None:
    preset, steps = tiny_preset(steps=12, patience=3), []
    for _ in range(2):
        path = fit(data, tmp_path / "run", preset, validation=data, validate_every=2, save_every=3,
                   report=lambda step, values: steps.append(step))  # fmt: skip
    assert steps == list(range(1, 11)) and scores == SCORES[5:]
    assert path == tmp_path / "run" / BEST and load_checkpoint(path).step == 4


def test_patience_goes_on_where_it_stood(data: Dataset, tmp_path: Path, scores: list[float]) -> None:
    preset = tiny_preset(steps=12, patience=3)
    fit(data, tmp_path / "run", preset, validation=data, validate_every=2, stop_after=8)
    fit(data, tmp_path / "run", preset, validation=data, validate_every=2)
    assert load_checkpoint(tmp_path / "run" / CHECKPOINT).step == 10
    assert load_checkpoint(tmp_path / "run" / BEST).step == 4


def test_the_last_checkpoint_is_the_one_to_export_where_there_is_no_patience(
    data: Dataset, tmp_path: Path, scores: list[float]
) -> None:
    path = fit(data, tmp_path / "run", tiny_preset(steps=8), validation=data, validate_every=2)
    assert path == tmp_path / "run" / CHECKPOINT and load_checkpoint(path).step == 8
    assert load_checkpoint(tmp_path / "run" / BEST).step == 4


def test_patience_without_validation_data_is_refused(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match="give --validation"):
        fit(data, tmp_path / "run", tiny_preset(patience=1))
