"""State and action -> next state, as the state plus what the action does to it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codewm_model.nn.config import ModelConfig


class Predictor(nn.Module):
    """Residual MLP blocks that read the state and the action together."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        blocks = (_Block(config.d_model, config.d_predictor) for _ in range(config.n_predictor_blocks))
        self.blocks = nn.ModuleList(blocks)

    def forward(self, state: Tensor, act_emb: Tensor) -> Tensor:
        """`[B, D]` and `[B, D]` -> `pred_emb` `[B, D]`."""
        for block in self.blocks:
            state = block(state, act_emb)
        return state


class _Block(nn.Module):
    def __init__(self, d_model: int, d_hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.up, self.down = nn.Linear(2 * d_model, d_hidden), nn.Linear(d_hidden, d_model)

    def forward(self, state: Tensor, act_emb: Tensor) -> Tensor:
        both = torch.cat([self.norm(state), act_emb], dim=-1)  # [B, 2 D]
        out: Tensor = state + self.down(nn.functional.gelu(self.up(both)))
        return out
