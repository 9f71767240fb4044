"""Supervised contrastive loss over edits that share a label: a commit (TOPIC) or a shape (KIND).

Source: Khosla et al., 2020 ("Supervised Contrastive Learning", the variant with the sum outside the logarithm).
"""

from __future__ import annotations

import torch
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
        left_out = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        if ignore is not None:
            left_out = left_out | ignore
        positive = same & ~left_out
        logits = (embeddings @ embeddings.T / self.temperature).masked_fill(left_out, float("-inf"))
        log_share = logits - logits.logsumexp(dim=1, keepdim=True)
        counts = positive.sum(dim=1)
        per_anchor = -log_share.masked_fill(~positive, 0).sum(dim=1) / counts.clamp(min=1)
        anchors = counts > 0
        return per_anchor[anchors].mean() if bool(anchors.any()) else embeddings.sum() * 0
