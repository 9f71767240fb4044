"""Both sides' focus readouts -> the learned edit embedding: KIND (what sort of change) and TOPIC (what it is about)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from codewm_model.nn.config import ModelConfig
from codewm_model.nn.encoder import N_FOCUS


class EditHead(nn.Module):
    """Two small MLPs over the same input; their outputs are unit vectors."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind, self.topic = (_head(2 * N_FOCUS * config.d_model, config.d_head, config.d_edit) for _ in range(2))

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Focus readouts `[B, N_FOCUS, D]` of both sides -> kind and topic, unit rows `[B, d_edit]` each."""
        both = torch.cat([before, after], dim=1).flatten(1)  # [B, 2 * N_FOCUS * D]
        return F.normalize(self.kind(both), dim=-1), F.normalize(self.topic(both), dim=-1)


def _head(d_in: int, d_hidden: int, d_out: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(d_in), nn.Linear(d_in, d_hidden), nn.GELU(), nn.Linear(d_hidden, d_out))
