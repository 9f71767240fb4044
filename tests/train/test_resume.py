"""A run that is killed and started again is the run that was never killed, bit for bit."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from datasets import tiny_dataset, tiny_preset
from processes import VICTIM, kill_after, losses, run, start, tensors
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.losses.objective import Objective
from codewm_train.presets import Preset

STEPS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    tiny_dataset(folder)
    return folder


def curves(out: Path) -> dict[str, list[tuple[int, float]]]:
    """All that TensorBoard shows."""
    log = EventAccumulator(str(out / "tensorboard"), size_guidance={"scalars": 0})
    log.Reload()
    return {tag: [(event.step, event.value) for event in log.Scalars(tag)] for tag in log.Tags()["scalars"]}


def same_end(one: Path, other: Path) -> None:
    """Weights, their average, the optimiser, and what was seen of the validations."""
    for name in ("checkpoint.pt", "best.pt"):
        a, b = (load_checkpoint(out / name).state for out in (one, other))
        assert (a["stopping"], a["alarms"]) == (b["stopping"], b["alarms"])
        assert len(tensors(a)) == len(tensors(b)) > 50
        assert all(torch.equal(x, y) for x, y in zip(tensors(a), tensors(b), strict=True))


def arguments(folder: Path, out: Path, preset: Preset) -> list[str | Path]:
    options = {"save_every": 4, "validate_every": 6}
    return [VICTIM, folder, out, json.dumps(preset.to_dict()), json.dumps(options)]


@pytest.mark.timeout(900)
def test_a_run_that_is_killed_is_the_run_that_was_never_killed(folder: Path, tmp_path: Path) -> None:
    preset = tiny_preset(steps=STEPS, average=0.9, buckets=3, schedule="cosine", learning_rate=5e-3)
    whole = losses(run(*arguments(folder, tmp_path / "whole", preset)))
    assert list(whole) == list(range(1, STEPS + 1))
    killed = losses(kill_after(start(*arguments(folder, tmp_path / "killed", preset)), random.randrange(5, 20)))
    assert max(killed) < STEPS
    rest = losses(run(*arguments(folder, tmp_path / "killed", preset)))
    assert 1 < min(rest) <= max(killed) + 1
    assert all(killed.get(step, loss) == loss for step, loss in rest.items())
    assert killed | rest == whole
    same_end(tmp_path / "whole", tmp_path / "killed")
    assert curves(tmp_path / "whole") == curves(tmp_path / "killed")


def test_what_a_step_draws_does_not_depend_on_the_steps_before(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, data, shown = Objective.forward, Dataset.open(folder), []

    def drawing(self: Objective, *values: object, **named: object) -> tuple[Tensor, dict[str, Tensor]]:
        total, terms = plain(self, *values, **named)  # type: ignore[arg-type]
        return total, {**terms, "drawn": torch.rand(())}

    monkeypatch.setattr(Objective, "forward", drawing)
    for out, stops in ((tmp_path / "whole", [0]), (tmp_path / "parts", [2, 0])):
        for stop in stops:
            fit(data, out, tiny_preset(), stop_after=stop, report=lambda step, values: shown.append(values["drawn"]))
    assert shown[:6] == shown[6:]
    assert len(set(shown[:6])) == 6
