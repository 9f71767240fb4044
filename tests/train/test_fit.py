"""Training: it learns, it goes on exactly where it stopped, and it refuses what it must not touch."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import TINY, TINY_TOML, made_up, stored, tiny_preset
from processes import tensors
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from codewm_model.errors import CodewmError
from codewm_train import checkpoint as checkpoint_module
from codewm_train.batches import Sampler
from codewm_train.checkpoint import load_checkpoint, save_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit, with_settings
from codewm_train.ids import SPLITS
from codewm_train.presets import Preset, load_preset
from codewm_train.run import optimizer_of
from codewm_train.step import TrainingStep

PRESET = tiny_preset()
Values = dict[str, float]


def run(data: Dataset, out: Path, preset: Preset = PRESET, **options: Any) -> tuple[Path, list[Values]]:
    """Train; the checkpoint and what was reported of each step."""
    reported: list[Values] = []
    path = fit(data, out, preset, report=lambda step, values: reported.append({"step": step, **values}), **options)
    return path, reported


def test_training_lowers_the_loss(data: Dataset, tmp_path: Path) -> None:
    preset = tiny_preset(steps=40, learning_rate=5e-3)
    _, reported = run(data, tmp_path, preset, validation=data, validate_every=20)
    losses = [values["loss"] for values in reported]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])
    assert [values["step"] for values in reported] == list(range(1, 41))
    assert {"next_state", "auxiliary", "vicreg", "kind", "topic", "gradient"} < set(reported[0])
    judged = [i for i, values in enumerate(reported, 1) if "validation/copy_proof_knn1" in values]
    assert judged == [20, 40]
    assert reported[-1]["validation/copy_proof_knn1"] > 3 / len(data)
    assert 1 < reported[-1]["validation/rank_prediction"] <= TINY.d_model + 1e-3


def test_a_resumed_run_is_the_run_that_was_never_cut_off(data: Dataset, tmp_path: Path) -> None:
    whole, told = run(data, tmp_path / "whole", validation=data, validate_every=2)
    _, first = run(data, tmp_path / "parts", stop_after=3)
    halfway = load_checkpoint(tmp_path / "parts" / "checkpoint.pt")
    parts, rest = run(data, tmp_path / "parts")
    one, other = load_checkpoint(whole), load_checkpoint(parts)
    assert (halfway.step, one.step, other.step) == (3, 6, 6)
    assert [values["loss"] for values in first + rest] == [values["loss"] for values in told]
    assert len(tensors(one.state)) > 2 * len(list(one.model().parameters()))
    for a, b in zip(tensors(one.state), tensors(other.state), strict=True):
        assert torch.equal(a, b)
    moved = zip(tensors(halfway.state), tensors(one.state), strict=True)
    assert sum(not torch.equal(a, b) for a, b in moved) > len(tensors(one.state)) // 2
    assert other.seconds > halfway.seconds > 0


def test_bf16_is_for_the_networks_and_not_for_the_losses(data: Dataset) -> None:
    batch = Sampler(data, PRESET.training, PRESET.model).batch(0)
    totals = []
    for coarse in (False, True):
        torch.manual_seed(0)
        step = TrainingStep(tiny_preset(bf16=coarse))
        total, terms = step(batch)
        total.backward()
        assert {term.dtype for term in (total, *terms.values())} == {torch.float32}
        assert {weight.grad.dtype for weight in step.parameters() if weight.grad is not None} == {torch.float32}
        totals.append(total.item())
    assert totals[0] != totals[1]
    assert totals[0] == pytest.approx(totals[1], rel=0.02)


def test_a_finished_run_does_nothing_more(data: Dataset, tmp_path: Path) -> None:
    path, _ = run(data, tmp_path, stop_after=2)
    before = path.read_bytes()
    assert run(data, tmp_path, stop_after=2)[1] == []
    assert path.read_bytes() == before


def test_another_runs_checkpoint_is_refused(data: Dataset, tmp_path: Path) -> None:
    path, _ = run(data, tmp_path / "run", stop_after=1)
    content = path.read_bytes()
    other_data = stored(tmp_path / "other", [made_up("me/box")])
    for chosen, preset in ((data, tiny_preset(seed=1)), (data, tiny_preset(steps=7)), (other_data, PRESET)):
        with pytest.raises(CodewmError, match="other settings or data: choose another --out"):
            run(chosen, tmp_path / "run", preset)
    assert path.read_bytes() == content


def test_a_run_of_more_processes_is_not_gone_on_with_by_one(data: Dataset, tmp_path: Path) -> None:
    path, _ = run(data, tmp_path, stop_after=1)
    save_checkpoint(path, replace(load_checkpoint(path), world=2))
    with pytest.raises(CodewmError, match="a run of 2 process"):
        run(data, tmp_path)


def test_a_dataset_without_an_edit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match="holds no edits"):
        run(stored(tmp_path / "data", [made_up("me/box", 0)]), tmp_path / "run")


@pytest.mark.parametrize("name", [name for names in SPLITS.values() for name in names] + ["Pallets/Flask"])
def test_what_is_kept_for_judging_is_never_learned_from(name: str, data: Dataset, tmp_path: Path) -> None:
    kept = replace(data, about={**data.about, "repositories": [*data.about["repositories"], {"name": name}]})
    with pytest.raises(CodewmError, match=f"{name}: kept for judging"):
        fit(kept, tmp_path, PRESET)
    assert not list(tmp_path.iterdir())


def test_every_value_is_logged_for_tensorboard(data: Dataset, tmp_path: Path) -> None:
    _, reported = run(data, tmp_path, validation=data, stop_after=2)
    log = EventAccumulator(str(tmp_path / "tensorboard"))
    log.Reload()
    assert set(log.Tags()["scalars"]) == set(reported[-1]) - {"step"}
    assert [(event.step, event.value) for event in log.Scalars("loss")] == [
        (values["step"], pytest.approx(values["loss"])) for values in reported
    ]


def test_a_loss_that_is_no_number_ends_the_run(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match="no number at step 1"):
        run(data, tmp_path, tiny_preset(learning_rate=float("inf")))


def test_only_matrices_of_linear_layers_decay() -> None:
    step = TrainingStep(PRESET)
    decayed, others = optimizer_of(step, PRESET.training).param_groups
    assert (decayed["weight_decay"], others["weight_decay"]) == (PRESET.training.weight_decay, 0)
    linear = {id(layer.weight) for layer in step.modules() if isinstance(layer, nn.Linear)}
    assert {id(parameter) for parameter in decayed["params"]} == linear
    assert len(decayed["params"]) + len(others["params"]) == len(list(step.parameters()))


def test_a_checkpoint_gives_back_the_network_and_what_the_run_was(data: Dataset, tmp_path: Path) -> None:
    path, _ = run(data, tmp_path, stop_after=1)
    loaded = load_checkpoint(path)
    assert (loaded.preset, loaded.data, loaded.step) == (PRESET, data.about, 1)
    assert (loaded.world, loaded.hardware) == (1, f"{torch.get_num_threads()} CPU thread(s)")
    assert loaded.model().config == TINY and not loaded.model().training


class Trap:
    """Unpickling one writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self.path, "executed")


def write_trap(path: Path, good: bytes) -> None:
    path.write_bytes(pickle.dumps(Trap(path.parent / "executed"), protocol=2))


def write_trap_in_a_checkpoint(path: Path, good: bytes) -> None:
    torch.save({"format": 1, "state": Trap(path.parent / "executed")}, path)


SPOILED: list[Callable[[Path, bytes], object]] = [
    write_trap,
    write_trap_in_a_checkpoint,
    lambda path, good: path.write_bytes(good[: len(good) // 2]),
    lambda path, good: path.write_bytes(b""),
    lambda path, good: path.write_bytes(b"no checkpoint at all"),
    lambda path, good: torch.save({"format": 1}, path),
    lambda path, good: torch.save([1, 2], path),
    lambda path, good: path.unlink(),
]


@pytest.mark.parametrize(
    "spoil", SPOILED, ids=["pickle", "code inside", "cut", "empty", "text", "bare", "list", "missing"]
)
def test_what_is_no_checkpoint_is_refused_and_nothing_in_it_runs(
    spoil: Callable[[Path, bytes], object], data: Dataset, tmp_path: Path
) -> None:
    path, _ = run(data, tmp_path, stop_after=1)
    spoil(path, path.read_bytes())
    with pytest.raises(CodewmError, match="is no checkpoint of this trainer"):
        load_checkpoint(path)
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_another_representation_is_refused(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = run(data, tmp_path, stop_after=1)
    monkeypatch.setattr(checkpoint_module, "representation_version", lambda: "another")
    with pytest.raises(CodewmError, match="this is another: train it again"):
        load_checkpoint(path)


def test_a_preset_is_a_file_and_comes_back_from_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY_TOML.format(steps=6))
    assert load_preset(str(tmp_path / "tiny.toml")) == PRESET
    default = load_preset("default")
    assert Preset.from_dict(default.to_dict()) == default
    assert with_settings(default, seed=3, steps=None).training == replace(default.training, seed=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nstep = 3\n", "unknown settings: step"),
        ("[trainings]\n", "unknown settings: trainings"),
        ("training = 3\n", "training is no table"),
        ('[training]\nsteps = "many"\n', "steps = 'many' is no int"),
        ("[training]\nsteps = true\n", "steps = True is no int"),
        ("[losses]\nkind = [1]\n", r"kind = \[1\] is no float"),
        ("no toml", "is no TOML"),
        (b"\xff", "is no TOML"),
        (None, "no preset .*: there are default"),
    ],
)
def test_a_preset_that_nobody_can_read_is_refused(text: str | bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "preset.toml"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(CodewmError, match=message):
        load_preset(str(path))
