"""Variance and covariance terms that keep embeddings from collapsing (Bardes et al., 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codewm_train.losses.covariance import off_diagonal


class VarianceCovariance(nn.Module):
    """`std_coeff` times the hinge on each dimension's deviation plus `cov_coeff` times the covariance."""

    def __init__(self, std_coeff: float = 1.0, cov_coeff: float = 0.04) -> None:
        super().__init__()
        self.std_coeff, self.cov_coeff = std_coeff, cov_coeff

    def forward(self, embeddings: Tensor) -> Tensor:
        """`[B, D]` -> a scalar; zero when every dimension deviates by at least 1 and none goes with another."""
        centred = embeddings - embeddings.mean(dim=0)
        std = (centred.var(dim=0) + 1e-4).sqrt()
        variance_loss = torch.relu(1 - std).mean()
        return self.std_coeff * variance_loss + self.cov_coeff * off_diagonal(centred)
