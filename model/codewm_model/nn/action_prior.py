"""The code before an edit -> how likely each class of action is there: the world model's policy prior."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codewm_model.nn.config import ModelConfig
from codewm_model.nn.encoder import N_PLACE, Encoded


class ActionPrior(nn.Module):
    """A small MLP over the state and the place readouts of the code before an edit."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        size = (1 + N_PLACE) * config.d_model
        self.layers = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, config.d_prior),
            nn.GELU(),
            nn.Linear(config.d_prior, config.n_classes),
        )

    def forward(self, before: Encoded) -> Tensor:
        """Logits `[B, n_classes]`. Nothing of the edit itself is read: neither its marks nor its after."""
        logits: Tensor = self.layers(torch.cat([before.states[-1], before.place.flatten(1)], dim=1))
        return logits
