"""The weights' moving average: what it is, and that it is what a run shows, keeps and gives away."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from datasets import tiny_preset
from torch import nn

from codewm_model.nn.world_model import WorldModel
from codewm_train.averaging import WeightAverage
from codewm_train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit


def equal(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def last_weights(checkpoint: Checkpoint) -> WorldModel:
    """The network as the optimiser left it."""
    model = WorldModel(checkpoint.preset.model)
    weights = {name: value for name, value in checkpoint.state["step"].items() if name.startswith("model.")}
    model.load_state_dict({name.removeprefix("model."): value for name, value in weights.items()})
    return model


def test_the_average_is_the_weighted_mean_of_all_that_was_seen() -> None:
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    average = WeightAverage(layer, decay=0.5)
    expected = 1.0
    for step, value in enumerate([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]):
        layer.weight.data.fill_(value)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert average.module.weight.item() == pytest.approx(expected, rel=1e-6)
    assert decay == 0.5


def test_the_random_weights_of_the_beginning_are_soon_forgotten() -> None:
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1000.0)
    average = WeightAverage(layer, decay=0.999)
    layer.weight.data.fill_(1.0)
    for step in range(100):
        average.update(step)
    assert average.module.weight.item() == pytest.approx(1.0, abs=0.01)


def test_buffers_are_taken_over_and_the_followed_module_is_left_alone() -> None:
    norm = nn.BatchNorm1d(3)
    average = WeightAverage(norm, decay=0.9)
    norm(torch.randn(8, 3))
    weights = norm.weight.detach().clone()
    average.update(0)
    assert torch.equal(average.module.running_mean, norm.running_mean) and norm.running_mean.abs().sum() > 0
    assert torch.equal(norm.weight, weights) and norm.weight.requires_grad
    assert not any(weight.requires_grad for weight in average.module.parameters())


def test_a_checkpoint_gives_the_averaged_weights_and_keeps_the_last(data: Dataset, tmp_path: Path) -> None:
    averaged = load_checkpoint(fit(data, tmp_path / "averaged", tiny_preset(average=0.9)))
    plain = load_checkpoint(fit(data, tmp_path / "plain", tiny_preset()))
    assert equal(last_weights(averaged), plain.model())
    assert not equal(averaged.model(), plain.model())


def test_what_is_validated_are_the_averaged_weights(data: Dataset, tmp_path: Path) -> None:
    shown: list[dict[str, float]] = []
    for name, average in (("plain", 0.0), ("averaged", 0.9)):
        preset = tiny_preset(average=average, learning_rate=1e-2)
        fit(data, tmp_path / name, preset, validation=data, report=lambda step, values: shown.append(values))
    plain, averaged = shown[5], shown[-1]
    assert plain["loss"] == averaged["loss"]
    assert plain["validation/rank_state"] != averaged["validation/rank_state"]


def test_a_resumed_average_is_the_one_that_was_never_cut_off(data: Dataset, tmp_path: Path) -> None:
    preset = tiny_preset(average=0.9)
    whole = load_checkpoint(fit(data, tmp_path / "whole", preset))
    fit(data, tmp_path / "parts", preset, stop_after=3)
    parts = load_checkpoint(fit(data, tmp_path / "parts", preset))
    assert equal(whole.model(), parts.model())


def test_a_checkpoint_of_before_there_were_averages_loads(data: Dataset, tmp_path: Path) -> None:
    path = fit(data, tmp_path, tiny_preset(), stop_after=3)
    content = torch.load(path, weights_only=True)
    for setting in ("average", "schedule", "buckets"):
        del content["preset"]["training"][setting]
    torch.save(content, path)
    loaded = load_checkpoint(path)
    assert loaded.preset == tiny_preset()
    assert equal(loaded.model(), last_weights(loaded))
    save_checkpoint(path, loaded)
    assert load_checkpoint(fit(data, tmp_path, tiny_preset())).step == 6
