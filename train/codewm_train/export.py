"""A checkpoint as a bundle: ONNX files that the product runs without torch, and what there is to know about them."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from codewm_model.bundle import (
    CONFIG,
    EDIT_HEAD,
    ENCODER,
    PREDICTOR,
    PROTOTYPES,
    Bundle,
    BundleConfig,
    LearnedWeight,
    write_config,
)
from codewm_model.errors import CodewmError
from codewm_model.nn.encoder import N_FOCUS
from codewm_model.nn.world_model import WorldModel
from codewm_model.runtime import Model
from codewm_model.tokenizer import TokenSequence
from codewm_model.version import representation_version
from codewm_train.action_classes import ActionClasses
from codewm_train.card import model_card
from codewm_train.checkpoint import Checkpoint
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

    @property
    def worst(self) -> float:
        """The largest of the three."""
        return float(np.max([self.state, self.prediction, self.edit]))  # NaN if one of them is


class _EncoderGraph(nn.Module):
    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, text: Tensor, parent: Tensor, depth: Tensor, mark: Tensor) -> tuple[Tensor, Tensor]:
        encoded = self.encoder(text, parent, depth, mark)
        return encoded.states[-1], encoded.focus


class _PredictorGraph(nn.Module):
    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.action_encoder, self.predictor = model.action_encoder, model.predictor

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        predicted: Tensor = self.predictor(state, self.action_encoder(action))
        return predicted


class _EditGraph(nn.Module):
    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.edit_head = model.edit_head

    def forward(self, before_focus: Tensor, after_focus: Tensor) -> Tensor:
        kind, topic = self.edit_head(before_focus, after_focus)
        edit: Tensor = torch.cat([kind, topic], dim=1) * 0.5**0.5
        return edit


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
        CodewmError: there are fewer than `AGREE_ON` regions, or the two differ by more than `TOLERANCE`.
    """
    if len(regions) < AGREE_ON:
        raise CodewmError(f"an export is checked on {AGREE_ON} real regions, and there are {len(regions)}")
    out.mkdir(parents=True, exist_ok=True)
    model = checkpoint.model()
    write_graphs(model, out)
    classes.save(out / PROTOTYPES)
    config = bundle_config(model, name, learned_weight or LearnedWeight(), training_facts(checkpoint))
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


def write_graphs(model: WorldModel, out: Path) -> None:
    """The three ONNX files, batch and length left open."""
    config = model.config
    ids = tuple(torch.ones(2, 8, dtype=torch.int64) for _ in range(4))
    state, action = torch.zeros(2, config.d_model), torch.zeros(2, config.action_size)
    focus = tuple(torch.zeros(2, N_FOCUS, config.d_model) for _ in range(2))  # one tensor would become one input
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", max=config.max_positions)
    by_row, by_position = {0: batch}, {0: batch, 1: length}
    _write(_EncoderGraph(model), ids, out / ENCODER, "text parent depth mark", "state focus", by_position)
    _write(_PredictorGraph(model), (state, action), out / PREDICTOR, "state action", "prediction", by_row)
    _write(_EditGraph(model), focus, out / EDIT_HEAD, "before_focus after_focus", "edit", by_row)


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
        parameters=model.parameter_count(),
        learned_weight=learned_weight,
        trained=trained,
    )


def training_facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the run was, for the bundle's configuration and its card."""
    return {
        "step": checkpoint.step,
        "seconds": round(checkpoint.seconds),
        "hardware": checkpoint.hardware,
        "preset": checkpoint.preset.to_dict(),
        "data": checkpoint.data,
    }


def _write(
    graph: nn.Module, example: tuple[Tensor, ...], path: Path, inputs: str, outputs: str, dynamic: dict[int, Any]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations, nothing a reader could mend
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it names packages that nobody needs here
        program = torch.onnx.export(
            graph.eval(), example, input_names=inputs.split(), output_names=outputs.split(), dynamo=True,
            dynamic_shapes=tuple(dynamic for _ in example), verbose=False,
        )  # fmt: skip
    assert program is not None
    network = program.model_proto
    # The exporter notes where in which file each operation was written: nobody's business, and a tenth of the bytes.
    for part in (network, network.graph, *network.graph.node, *network.graph.value_info, *network.graph.initializer,
                 *network.graph.input, *network.graph.output):  # fmt: skip
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    path.write_bytes(network.SerializeToString())


def _gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max())
