"""What predictions are compared with: the encoder of the afters, how it follows, and what a checkpoint keeps of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import TINY, tiny_preset
from torch import Tensor

from codewm_model.nn.encoder import Encoder
from codewm_train.batches import Sampler
from codewm_train.checkpoint import Checkpoint, load_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.losses.objective import LossWeights
from codewm_train.presets import Preset, TargetConfig
from codewm_train.step import TrainingStep
from codewm_train.torch_model import TorchModel
from codewm_train.validation import validate
from codewm_train.views import views_of_dataset

PREDICTION = LossWeights(next_state=0, prediction=1.0, auxiliary=0, reg_mode="none", kind=0, topic=0)


def preset_of(decay: float | None, losses: LossWeights = PREDICTION, **training: Any) -> Preset:
    target = TargetConfig() if decay is None else TargetConfig("ema", decay)
    return replace(tiny_preset(learning_rate=1e-2, **training), losses=losses, target=target)


def trained(data: Dataset, out: Path, preset: Preset, **options: Any) -> Checkpoint:
    return load_checkpoint(fit(data, out, preset, **options))


def weights(encoder: Encoder) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in encoder.parameters()])


def first_weights(preset: Preset) -> Tensor:
    torch.manual_seed(preset.training.seed)
    return weights(TrainingStep(preset).model.encoder)


@pytest.mark.parametrize(("decay", "least", "most"), [(1.0, 0, 0), (0.99999, 1e-6, 1e-4), (0.5, 0.3, 1.0)])
def test_the_target_follows_the_encoder_as_fast_as_its_decay_lets_it(
    decay: float, least: float, most: float, data: Dataset, tmp_path: Path
) -> None:
    preset = preset_of(decay)
    checkpoint = trained(data, tmp_path, preset)
    start, online, target = first_weights(preset), weights(checkpoint.model().encoder), weights(checkpoint.target())
    share = ((target - start).norm() / (online - start).norm()).item()
    assert least <= share <= most
    assert (online - start).norm() > 0.1


def test_without_a_target_of_its_own_the_gallery_is_the_models(data: Dataset, tmp_path: Path) -> None:
    checkpoint = trained(data, tmp_path, preset_of(None))
    assert torch.equal(weights(checkpoint.target()), weights(checkpoint.model().encoder))
    assert not checkpoint.target().training
    assert not any(name.startswith("target") for name in checkpoint.state["step"])


def test_a_resumed_run_has_the_target_of_one_that_was_never_cut_off(data: Dataset, tmp_path: Path) -> None:
    losses = replace(PREDICTION, prediction_type="mse", reg_mode="sigreg")
    preset = preset_of(0.9, losses)
    whole = trained(data, tmp_path / "whole", preset)
    fit(data, tmp_path / "parts", preset, stop_after=3)
    parts = trained(data, tmp_path / "parts", preset)
    assert whole.state["step"].keys() == parts.state["step"].keys()
    for name, value in whole.state["step"].items():
        assert torch.equal(value, parts.state["step"][name]), name


def gradients(data: Dataset, preset: Preset) -> dict[str, bool]:
    """Which parts of a step a batch sends a gradient to."""
    torch.manual_seed(0)
    step = TrainingStep(preset)
    step(Sampler(data, preset.training, TINY).batch(0))[0].backward()
    parts = {"encoder": step.model.encoder, "predictor": step.model.predictor, "target": step.target}
    return {
        name: any(weight.grad is not None and bool(weight.grad.any()) for weight in part.parameters())
        for name, part in parts.items()
        if part is not None
    }


def test_the_target_takes_no_gradient_and_a_detached_state_passes_none_on(data: Dataset) -> None:
    assert gradients(data, preset_of(0.9)) == {"encoder": True, "predictor": True, "target": False}
    detached = replace(PREDICTION, detach_state=True)
    assert gradients(data, preset_of(0.9, detached)) == {"encoder": False, "predictor": True, "target": False}


def test_with_a_detached_state_the_loops_before_the_last_still_train_the_encoder(data: Dataset) -> None:
    supervised = replace(PREDICTION, detach_state=True, auxiliary=0.3)
    assert gradients(data, preset_of(0.9, supervised))["encoder"]


def test_a_prediction_is_compared_with_the_targets_after(data: Dataset) -> None:
    """Another target changes the loss, and the same one as the encoder gives what the encoder alone gives."""
    preset = preset_of(0.9)
    batch = Sampler(data, preset.training, TINY).batch(0)
    torch.manual_seed(0)
    step = TrainingStep(preset)
    online = TrainingStep(preset_of(None))
    online.model.load_state_dict(step.model.state_dict())
    same = step(batch)[0].item()
    assert same == pytest.approx(online(batch)[0].item(), rel=1e-6)
    with torch.no_grad():
        assert step.target is not None
        step.target.encoder.embedding.text.weight.normal_()
    assert step(batch)[0].item() != pytest.approx(same, rel=1e-3)


def test_validation_looks_for_neighbours_in_the_targets_space(data: Dataset) -> None:
    torch.manual_seed(0)
    preset = preset_of(1.0)
    step = TrainingStep(preset)
    assert step.target is not None and step.gallery(step.model) is step.target.encoder
    judged = validate(step.model, step.model.encoder, data, True, torch.device("cpu"))
    with torch.no_grad():
        step.target.encoder.readout_norm.weight.neg_()
    moved = validate(step.model, step.gallery(step.model), data, True, torch.device("cpu"))
    assert judged["knn1"] > 0.2 > moved["knn1"]
    assert judged["rank_state"] == moved["rank_state"]


def test_a_runner_encodes_with_the_encoder_that_it_is_given(data: Dataset, tmp_path: Path) -> None:
    checkpoint = trained(data, tmp_path, preset_of(1.0))
    views = views_of_dataset(data, range(8), TINY.positions)
    model = checkpoint.model()
    own, gallery = TorchModel(model), TorchModel(model, checkpoint.target())
    assert not np.allclose(own.encode(views.after).state, gallery.encode(views.after).state, atol=1e-3)
    online = trained(data, tmp_path / "online", preset_of(None))
    own, gallery = TorchModel(online.model()), TorchModel(online.model(), online.target())
    assert np.array_equal(own.encode(views.after).state, gallery.encode(views.after).state)
