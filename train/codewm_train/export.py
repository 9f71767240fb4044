"""A checkpoint as a bundle: ONNX files that the product runs without torch, and what there is to know about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from codewm_model.action_classes import ActionClasses
from codewm_model.bundle import (
    CONFIG,
    PROTOTYPES,
    Bundle,
    BundleConfig,
    LearnedWeight,
    write_config,
)
from codewm_model.errors import CodewmError
from codewm_model.nn.world_model import WorldModel
from codewm_model.runtime import Model
from codewm_model.tokenizer import TokenSequence
from codewm_model.version import representation_version
from codewm_train.card import model_card
from codewm_train.checkpoint import Checkpoint
from codewm_train.graphs import write_graphs
from codewm_train.torch_model import TorchModel

TOLERANCE = 1e-4  # between torch and the export, absolute
AGREE_ON = 256  # real regions
CARD, METRICS = "MODEL_CARD.md", "metrics.json"  # beside the files that are run, for people


@dataclass(frozen=True)
class Agreement:
    """The largest absolute difference between torch and the export, over `regions` regions."""

    regions: int
    state: float
    prediction: float
    edit: float
    prior: float

    @property
    def worst(self) -> float:
        """The largest of the four."""
        return float(np.max([self.state, self.prediction, self.edit, self.prior]))  # NaN if one of them is


def export(
    checkpoint: Checkpoint,
    out: Path,
    regions: Sequence[TokenSequence],
    classes: ActionClasses,
    *,
    name: str = "default",
    learned_weight: LearnedWeight | None = None,
) -> Agreement:
    """Write the bundle and hold it against the checkpoint on real `regions` (before and after in turn).

    Raises:
        CodewmError: there are fewer than `AGREE_ON` regions, the classes are not those of the checkpoint's prior, the
            two differ by more than `TOLERANCE`, or the model predicts states of a target encoder: the product has one
            encoder, and would look for them among its own.
    """
    if checkpoint.preset.target.kind == "ema":
        raise CodewmError(
            "this model predicts states of its target encoder, and a bundle has one encoder: the product could not use "
            "it. Judge the checkpoint instead, or train with WM_TARGET_KIND=online"
        )
    if len(regions) < AGREE_ON:
        raise CodewmError(f"an export is checked on {AGREE_ON} real regions, and there are {len(regions)}")
    model, weight = checkpoint.model(), learned_weight or LearnedWeight()
    if len(classes) != model.config.n_classes:
        raise CodewmError(f"the checkpoint tells {model.config.n_classes} classes apart, and there are {len(classes)}")
    out.mkdir(parents=True, exist_ok=True)
    write_graphs(model, out)
    classes.save(out / PROTOTYPES)
    config = bundle_config(model, name, weight, training_facts(checkpoint))
    agreement = agree(TorchModel(model), Model.open(write_config(out, config)), regions[:AGREE_ON])
    if not agreement.worst <= TOLERANCE:
        (out / CONFIG).unlink()  # so that nobody loads it
        raise CodewmError(f"the export differs from the checkpoint by {agreement.worst:.2g}, over {TOLERANCE:g}")
    (out / CARD).write_text(model_card(config), encoding="utf-8")
    return agreement


def record(folder: Path, metrics: dict[str, Any]) -> None:
    """Put what `evaluate` found beside a bundle, as `metrics.json` and in its card."""
    config = Bundle.open(folder).config
    (folder / METRICS).write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    (folder / CARD).write_text(model_card(config, metrics), encoding="utf-8")


def agree(torch_model: TorchModel, exported: Model, regions: Sequence[TokenSequence]) -> Agreement:
    """The largest differences between the two on these regions, taken as befores and afters in turn."""
    ours, theirs = torch_model.encode(regions), exported.encode(regions)
    half = len(regions) // 2
    actions = np.random.default_rng(0).random((half, torch_model.model.config.action_size), np.float32)
    pairs = [(sides[0 : 2 * half : 2], sides[1 : 2 * half : 2]) for sides in (ours, theirs)]
    (before, after), (exported_before, exported_after) = pairs
    return Agreement(
        len(regions),
        float(np.max([_gap(ours.state, theirs.state), _gap(ours.focus, theirs.focus)])),
        _gap(torch_model.predict(before.state, actions), exported.predict(exported_before.state, actions)),
        _gap(torch_model.edits(before, after), exported.edits(exported_before, exported_after)),
        _gap(ours.prior, theirs.prior),
    )


def bundle_config(
    model: WorldModel, name: str, learned_weight: LearnedWeight, trained: Mapping[str, Any]
) -> BundleConfig:
    """What the product must know of the network."""
    config = model.config
    return BundleConfig(
        name=name,
        representation=representation_version(),
        positions=config.positions,
        max_positions=config.max_positions,
        d_state=config.d_model,
        d_edit=2 * config.d_edit,
        classes=config.n_classes,
        parameters=model.parameter_count(),
        learned_weight=learned_weight,
        trained=trained,
    )


def training_facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the run was, for the bundle's configuration and its card."""
    return {
        "step": checkpoint.step,
        "seconds": round(checkpoint.seconds),
        "processes": checkpoint.world,
        "hardware": checkpoint.hardware,
        "preset": checkpoint.preset.to_dict(),
        "data": checkpoint.data,
    }


def _gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max())
