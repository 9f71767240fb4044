"""The model's three networks as ONNX files, batch and length left open."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from onnxscript import opset20 as op
from torch import Tensor, nn

from codewm_model.bundle import EDIT_HEAD, ENCODER, PREDICTOR
from codewm_model.nn.encoder import N_FOCUS
from codewm_model.nn.world_model import WorldModel

_HIDDEN = -1e9  # added to the score of a position that is not attended to


def write_graphs(model: WorldModel, out: Path) -> None:
    """Write them into the folder `out`."""
    config = model.config
    ids = tuple(torch.ones(2, 8, dtype=torch.int64) for _ in range(4))
    state, action = torch.zeros(2, config.d_model), torch.zeros(2, config.action_size)
    focus = tuple(torch.zeros(2, N_FOCUS, config.d_model) for _ in range(2))  # one tensor would become one input
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", max=config.max_positions)
    by_row, by_position = {0: batch}, {0: batch, 1: length}
    _write(EncoderGraph(model), ids, out / ENCODER, "text parent depth mark", "state focus prior", by_position)
    _write(PredictorGraph(model), (state, action), out / PREDICTOR, "state action", "prediction", by_row)
    _write(EditGraph(model), focus, out / EDIT_HEAD, "before_focus after_focus", "edit", by_row)


class EncoderGraph(nn.Module):
    """What `encoder.onnx` computes."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.encoder, self.action_prior = model.encoder, model.action_prior

    def forward(self, text: Tensor, parent: Tensor, depth: Tensor, mark: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Ids `[B, T]` each -> the state `[B, D]`, the focus readouts `[B, N_FOCUS, D]`, log-probabilities `[B, K]`."""
        encoded = self.encoder(text, parent, depth, mark)
        return encoded.states[-1], encoded.focus, self.action_prior(encoded).log_softmax(dim=1)


class PredictorGraph(nn.Module):
    """What `predictor.onnx` computes."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.action_encoder, self.predictor = model.action_encoder, model.predictor

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """`[B, D]` and `[B, A]` -> the next state `[B, D]`."""
        predicted: Tensor = self.predictor(state, self.action_encoder(action))
        return predicted


class EditGraph(nn.Module):
    """What `edit_head.onnx` computes."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.edit_head = model.edit_head

    def forward(self, before_focus: Tensor, after_focus: Tensor) -> Tensor:
        """`[B, N_FOCUS, D]` of both sides -> the edit embedding `[B, E]`, unit rows."""
        kind, topic = self.edit_head(before_focus, after_focus)
        edit: Tensor = torch.cat([kind, topic], dim=1) * 0.5**0.5
        return edit


def _attention(query: Any, key: Any, value: Any, mask: Any = None, *_: Any, **__: Any) -> Any:
    """Attention of `[B, H, T, D]` under a mask `[B, 1, 1, T]` that leaves every row a position, as ONNX operations.

    The exporter's own translation also looks for rows that attend to nothing: a fifth of the encoder's time.
    """
    numbers = (query.shape[-1] ** -0.5, 0.0, _HIDDEN)
    scale, nothing, hidden = (cast("Any", op.Constant(value_float=number)) for number in numbers)
    products = op.MatMul(op.Mul(query, scale), op.Transpose(key, perm=[0, 1, 3, 2]))
    scores = op.Add(products, op.Where(mask, nothing, hidden))
    return op.MatMul(op.Softmax(scores, axis=-1), value)


def _write(
    graph: nn.Module, example: tuple[Tensor, ...], path: Path, inputs: str, outputs: str, dynamic: dict[int, Any]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations, nothing a reader could mend
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it names packages that nobody needs here
        program = torch.onnx.export(
            graph.eval(), example, input_names=inputs.split(), output_names=outputs.split(), dynamo=True,
            dynamic_shapes=tuple(dynamic for _ in example), verbose=False,
            custom_translation_table={torch.ops.aten.scaled_dot_product_attention.default: _attention},
        )  # fmt: skip
    assert program is not None
    network = program.model_proto
    # The exporter notes where in which file each operation was written: nobody's business, and a tenth of the bytes.
    for part in (network, network.graph, *network.graph.node, *network.graph.value_info, *network.graph.initializer,
                 *network.graph.input, *network.graph.output):  # fmt: skip
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    path.write_bytes(network.SerializeToString())
