"""A checkpoint's network behind the interface of `codewm_model.runtime.Model`: what the export is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from codewm_model.nn.encoder import N_FOCUS, Encoder
from codewm_model.nn.world_model import Tokens, WorldModel
from codewm_model.runtime import Encoded
from codewm_model.tokenizer import TokenSequence

_BATCH = 64


class TorchModel:
    """Encodes, predicts and embeds edits with torch, without gradients, on the CPU.

    `encoder` takes the place of the model's own where states of another space are asked for: `Checkpoint.target()`.
    """

    def __init__(self, model: WorldModel, encoder: Encoder | None = None) -> None:
        self.model = model.eval()
        self._encoder = model.encoder if encoder is None else encoder.eval()

    @torch.no_grad()
    def encode(self, sequences: Sequence[TokenSequence]) -> Encoded:
        """States `[N, D]`, focus readouts `[N, N_FOCUS, D]` and log-probabilities of the classes `[N, K]`."""
        d_model = self.model.config.d_model
        states = np.zeros((len(sequences), d_model), np.float32)
        focus = np.zeros((len(sequences), N_FOCUS, d_model), np.float32)
        prior = np.zeros((len(sequences), self.model.config.n_classes), np.float32)
        for rows, tokens in batches(sequences):
            encoded = self._encoder(*tokens)
            states[rows], focus[rows] = encoded.states[-1].numpy(), encoded.focus.numpy()
            prior[rows] = self.model.action_prior(encoded).log_softmax(dim=1).numpy()
        return Encoded(states, focus, prior)

    @torch.no_grad()
    def predict(self, states: npt.NDArray[np.float32], actions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Next states `[N, D]` of states `[N, D]` under actions `[N, A]`."""
        act_emb = self.model.action_encoder(torch.from_numpy(actions))
        predicted: npt.NDArray[np.float32] = self.model.predictor(torch.from_numpy(states), act_emb).numpy()
        return predicted

    @torch.no_grad()
    def edits(self, before: Encoded, after: Encoded) -> npt.NDArray[np.float32]:
        """Edit embeddings `[N, 2 * d_edit]`, unit rows: kind and topic."""
        kind, topic = self.model.edit_head(torch.from_numpy(before.focus), torch.from_numpy(after.focus))
        joined: npt.NDArray[np.float32] = torch.cat([kind, topic], dim=1).mul(0.5**0.5).numpy()
        return joined


def batches(sequences: Sequence[TokenSequence]) -> Iterator[tuple[list[int], Tokens]]:
    """The sequences padded together, those of like lengths in one batch."""
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i].text))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        length = max(1, *(len(sequences[i].text) for i in rows))
        table = np.zeros((4, len(rows), length), np.int64)
        for row, i in enumerate(rows):
            table[:, row, : len(sequences[i].text)] = sequences[i].columns()
        text, parent, depth, mark = torch.from_numpy(table)
        yield rows, Tokens(text, parent, depth, mark)
