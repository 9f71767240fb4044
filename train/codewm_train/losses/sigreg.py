"""Sketched isotropic Gaussian regularisation (Balestriero and LeCun, 2025, "LeJEPA").

If every one-dimensional projection of the embeddings is a standard normal, the embeddings are an isotropic Gaussian
(Cramer and Wold, 1936). Each step draws other directions, and measures along each how far the empirical
characteristic function is from that of N(0, 1) (Epps and Pulley, 1983).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SketchedGaussian(nn.Module):
    """The mean Epps-Pulley statistic over random directions, weighed by exp(-t^2 / 2) on [-3, 3].

    The directions come from torch's generator, which the loop seeds at each step: the same in a resumed run, and in
    every process of a distributed one.
    """

    def __init__(self, directions: int = 256, points: int = 17, limit: float = 3.0) -> None:
        super().__init__()
        self._directions = directions
        t = torch.linspace(0, limit, points)
        # The integrand is even: the trapezoid rule over [0, limit], doubled.
        steps = torch.full((points,), 2 * limit / (points - 1))
        steps[[0, -1]] /= 2
        self._t: Tensor
        self._normal: Tensor
        self._weight: Tensor
        self.register_buffer("_t", t, persistent=False)
        self.register_buffer("_normal", torch.exp(-t.square() / 2), persistent=False)
        self.register_buffer("_weight", torch.exp(-t.square() / 2) * steps, persistent=False)

    def forward(self, embeddings: Tensor) -> Tensor:
        """`[B, D]` -> a scalar: B times the integral of the squared distance; about 0.9 for B draws from N(0, I)."""
        drawn = torch.randn(embeddings.shape[1], self._directions, device=embeddings.device)
        projected = embeddings @ F.normalize(drawn, dim=0)  # [B, M]
        angles = projected.unsqueeze(-1) * self._t  # [B, M, T]
        real, imaginary = angles.cos().mean(dim=0), angles.sin().mean(dim=0)  # [M, T]
        distance = (real - self._normal).square() + imaginary.square()
        return len(embeddings) * (distance @ self._weight).mean()
