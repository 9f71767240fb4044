"""How far a predicted next state is from the true one: the prediction loss of a JEPA (Akbulut, 2026)."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn


class Prediction(nn.Module):
    """One minus the cosine, or the mean squared error of unit vectors.

    The mean runs over the batch and the D dimensions, as in the authors' code: it is 2 / D of the cosine loss.
    """

    def __init__(self, kind: Literal["cosine", "mse"]) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """`[B, D]` each -> a scalar; zero where the two point the same way."""
        if self.kind == "cosine":
            return (1 - F.cosine_similarity(prediction, target, dim=-1)).mean()
        return F.mse_loss(F.normalize(prediction, dim=-1), F.normalize(target, dim=-1))


class ProjectedPrediction(nn.Module):
    """The same behind two projectors that are thrown away after training, as in the authors' code."""

    def __init__(self, kind: Literal["cosine", "mse"], d_model: int) -> None:
        super().__init__()
        self.compare = Prediction(kind)
        self.prediction, self.target = (_projector(d_model) for _ in range(2))

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """`[B, D]` each, B at least 2 -> a scalar."""
        loss: Tensor = self.compare(self.prediction(prediction), self.target(target))
        return loss


def _projector(d_model: int) -> nn.Sequential:
    """Two layers with a batch norm between them."""
    wide = 2 * d_model
    return nn.Sequential(nn.Linear(d_model, wide), nn.BatchNorm1d(wide), nn.GELU(), nn.Linear(wide, d_model))
