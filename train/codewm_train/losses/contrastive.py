"""Supervised contrastive loss over edits that belong together: by commit (TOPIC), by shape (KIND), or by action.

Source: Khosla et al., 2020 ("Supervised Contrastive Learning", the variant with the sum outside the logarithm).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SupervisedContrastive(nn.Module):
    """Edits of one label are drawn together, against all others of the batch."""

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, embeddings: Tensor, labels: Tensor, ignore: Tensor | None = None) -> Tensor:
        """Unit rows `[B, D]`, labels `[B]` (negative: none) -> a scalar; zero where no two edits share a label.

        Pairs in `ignore` `[B, B]` (true: leave out) are neither positive nor negative.
        """
        same = (labels[:, None] == labels[None, :]) & (labels >= 0)[:, None]
        return _contrast(embeddings, same, ignore, self.temperature)


class ActionContrast(nn.Module):
    """Changes of state under like actions are drawn together: the papers' contrastive auxiliary loss (Akbulut, 2026).

    Two actions are alike where their cosine is above `threshold`.
    """

    def __init__(self, temperature: float = 0.07, threshold: float = 0.9) -> None:
        super().__init__()
        self.temperature, self.threshold = temperature, threshold

    def forward(self, change: Tensor, action: Tensor) -> Tensor:
        """Changes `[B, D]` and actions `[B, A]` -> a scalar; changes shorter than 1e-4 have no direction to compare."""
        unit = F.normalize(action, dim=-1)
        still = change.norm(dim=-1) < 1e-4
        ignore = still[:, None] | still[None, :]
        return _contrast(
            F.normalize(change, dim=-1, eps=1e-4), unit @ unit.T > self.threshold, ignore, self.temperature
        )


def _contrast(rows: Tensor, same: Tensor, ignore: Tensor | None, temperature: float) -> Tensor:
    """Unit rows `[B, D]`; `same` and `ignore` `[B, B]` say which pairs are positive and which do not count."""
    left_out = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    if ignore is not None:
        left_out = left_out | ignore
    positive = same & ~left_out
    logits = (rows @ rows.T / temperature).masked_fill(left_out, float("-inf"))
    log_share = logits - logits.logsumexp(dim=1, keepdim=True)
    counts = positive.sum(dim=1)
    per_anchor = -log_share.masked_fill(~positive, 0).sum(dim=1) / counts.clamp(min=1)
    anchors = counts > 0
    return per_anchor[anchors].mean() if bool(anchors.any()) else rows.sum() * 0
