"""The encoder of the afters that predictions are compared with, where it is not the online one itself."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from codewm_model.nn.encoder import Encoder


class TargetEncoder(nn.Module):
    """A moving average of the online encoder's weights, that no gradient reaches (Grill et al., 2020, "BYOL").

    Its states are a space of their own: a prediction is trained to lie there, so neighbours of predictions, and the
    copy that they must beat, are looked for among states that this encoder made.
    """

    def __init__(self, online: Encoder, decay: float) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(online).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def forward(self, text: Tensor, parent: Tensor, depth: Tensor, mark: Tensor) -> list[Tensor]:
        """Integers `[B, T]` each -> states `[B, D]` after each loop."""
        states: list[Tensor] = self.encoder(text, parent, depth, mark).states
        return states

    @torch.no_grad()
    def update(self, online: Encoder) -> None:
        """After a step of the optimiser: `target += (1 - decay) (online - target)`.

        In single precision: at 0.99999 a weight moves where the difference is more than about 0.6 % of its size.
        """
        for target, weight in zip(self.encoder.parameters(), online.parameters(), strict=True):
            target.lerp_(weight, 1 - self.decay)
