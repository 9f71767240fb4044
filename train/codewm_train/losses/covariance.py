"""The covariance term: no dimension of an embedding may say what another already says (Bardes et al., 2022).

The sum of squared off-diagonal entries is divided by D, as in the VICReg paper; others average over D (D - 1) entries,
which makes their coefficients D - 1 times larger.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Covariance(nn.Module):
    """Squared covariances between different dimensions."""

    def forward(self, embeddings: Tensor) -> Tensor:
        """`[B, D]` -> a scalar; zero when no dimension goes with another."""
        return off_diagonal(embeddings - embeddings.mean(dim=0))


def off_diagonal(centred: Tensor) -> Tensor:
    """The same of rows `[B, D]` whose mean is zero."""
    covariance = centred.T @ centred / max(1, len(centred) - 1)  # [D, D]
    others = covariance - torch.diag(covariance.diagonal())
    return others.square().sum() / centred.shape[1]
