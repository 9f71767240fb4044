"""From the positions of a region to one vector: attention over the visible ones, by learned queries."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AttentionPool(nn.Module):
    """A learned query for each head, over the visible positions: one may look at the middle, another at the whole."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.scores = nn.Linear(d_model, n_heads, bias=False)
        self.value = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """`[B, T, D]` and `[B, T]` -> `[B, D]`."""
        b, t, d = x.shape
        x = self.norm(x)
        scores = self.scores(x).masked_fill(~visible.unsqueeze(-1), float("-inf"))  # [B, T, H]
        heads = scores.shape[-1]
        values = self.value(x).view(b, t, heads, d // heads)  # [B, T, H, D / H]
        pooled: Tensor = (scores.softmax(dim=1).unsqueeze(-1) * values).sum(dim=1).flatten(1)
        return pooled


class SingleQueryPool(nn.Module):
    """The papers' readout: attention of one head from one learned query (Akbulut, 2026)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(d_model) * 0.02)
        self.key, self.value, self.out = (nn.Linear(d_model, d_model) for _ in range(3))

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """`[B, T, D]` and `[B, T]` -> `[B, D]`."""
        scores = self.key(x) @ self.query * x.shape[-1] ** -0.5  # [B, T]
        weights = scores.masked_fill(~visible, float("-inf")).softmax(dim=1).unsqueeze(-1)
        pooled: Tensor = self.out((weights * self.value(x)).sum(dim=1))
        return pooled


class LoopFusion(nn.Module):
    """The papers' early readout: a learned mix of what several loops read out, normed."""

    def __init__(self, loops: tuple[int, ...], d_model: int) -> None:
        super().__init__()
        self.loops = loops
        self.logits = nn.Parameter(torch.zeros(len(loops)))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, states: list[Tensor]) -> Tensor:
        """States `[B, D]` of all loops -> `[B, D]`; loops count from 1."""
        chosen = torch.stack([states[loop - 1] for loop in self.loops])  # [L, B, D]
        fused: Tensor = self.norm((self.logits.softmax(dim=0)[:, None, None] * chosen).sum(dim=0))
        return fused
