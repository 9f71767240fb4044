"""How a predicted change of state differs from the true one, in direction, in size, or in both (Akbulut, 2026).

A change is a next state minus a state, `[B, D]`: `z_hat - z` and `z_bar - z`, or, where the change itself is what is
predicted, `z_bar(after) - z_bar(before)` within the target's space.
"""

from __future__ import annotations

import math
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

_SHORTEST = 1e-6  # a change shorter than that has neither direction nor logarithm


class Direction(nn.Module):
    """`1 - cos(predicted, true)`: zero where both point the same way, 2 where they are opposite."""

    def forward(self, predicted: Tensor, true: Tensor) -> Tensor:
        """`[B, D]` each -> a scalar."""
        return 1 - F.cosine_similarity(predicted, true, dim=-1, eps=_SHORTEST).mean()


class LogMagnitude(nn.Module):
    """The squared difference of log lengths: twice too long costs what twice too short does."""

    def forward(self, predicted: Tensor, true: Tensor) -> Tensor:
        """`[B, D]` each -> a scalar."""
        return (_log_length(predicted) - _log_length(true)).square().mean()


class DirectDelta(nn.Module):
    """The change itself as what is predicted: log-cosh of the raw difference, or squared error of unit vectors."""

    def __init__(self, kind: Literal["logcosh", "normalised"]) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, predicted: Tensor, true: Tensor) -> Tensor:
        """`[B, D]` each -> a scalar, the mean over the batch and the dimensions."""
        if self.kind == "normalised":
            return F.mse_loss(F.normalize(predicted, dim=-1), F.normalize(true, dim=-1))
        off = (predicted - true).abs()
        return (off + F.softplus(-2 * off) - math.log(2)).mean()


def _log_length(change: Tensor) -> Tensor:
    length: Tensor = change.norm(dim=-1)
    return length.clamp(min=_SHORTEST).log()
