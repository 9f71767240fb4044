"""The action's numbers -> its embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codewm_model.actions import ACTION_FIELDS
from codewm_model.nn.config import ModelConfig


class ActionEncoder(nn.Module):
    """A two-layer MLP, `[B, action_size]` -> `[B, D]`, that reads all numbers or the named ones."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        places = [ACTION_FIELDS.index(name) for name in config.action_fields]
        self._read: Tensor | None
        self.register_buffer("_read", torch.tensor(places) if places else None, persistent=False)
        size = len(places) or config.action_size
        self.layers = nn.Sequential(
            nn.Linear(size, config.d_model), nn.GELU(), nn.Linear(config.d_model, config.d_model)
        )

    def forward(self, action: Tensor) -> Tensor:
        """`act_emb` of an action as `codewm_model.actions` describes it."""
        embedded: Tensor = self.layers(action if self._read is None else action.index_select(1, self._read))
        return embedded
