"""The action's numbers -> its embedding."""

from __future__ import annotations

from torch import Tensor, nn

from codewm_model.nn.config import ModelConfig


class ActionEncoder(nn.Module):
    """A two-layer MLP, `[B, action_size]` -> `[B, D]`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(config.action_size, config.d_model), nn.GELU(), nn.Linear(config.d_model, config.d_model)
        )

    def forward(self, action: Tensor) -> Tensor:
        """`act_emb` of an action as `codewm_model.actions` describes it."""
        embedded: Tensor = self.layers(action)
        return embedded
