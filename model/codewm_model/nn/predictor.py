"""State and action -> next state: residual MLPs (ours), or a looped transformer over two tokens (the papers')."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codewm_model.nn.block import Block
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


class LoopedPredictor(nn.Module):
    """A sequence of two tokens, state and action, through blocks that are each applied `predictor_loops` times.

    The first token, normed, is the prediction (Akbulut, 2026); with `residual` it is what the action adds to the state.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_loops, self.residual = config.predictor_loops, config.residual
        sizes = (config.d_model, config.n_heads, config.d_hidden)
        self.blocks = nn.ModuleList(Block(*sizes) for _ in range(config.n_predictor_blocks))
        self.norm = nn.LayerNorm(config.d_model)

    def forward(self, state: Tensor, act_emb: Tensor) -> Tensor:
        """`[B, D]` and `[B, D]` -> `pred_emb` `[B, D]`."""
        x = torch.stack([state, act_emb], dim=1)  # [B, 2, D]
        visible = torch.ones_like(x[..., 0], dtype=torch.bool)
        for block in self.blocks:
            for _ in range(self.n_loops):
                x = block(x, visible)
        out: Tensor = self.norm(x[:, 0])
        return state + out if self.residual else out


def predictor_of(config: ModelConfig) -> Predictor | LoopedPredictor:
    """The one that the configuration names."""
    return Predictor(config) if config.predictor == "mlp" else LoopedPredictor(config)


class _Block(nn.Module):
    def __init__(self, d_model: int, d_hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.up, self.down = nn.Linear(2 * d_model, d_hidden), nn.Linear(d_hidden, d_model)

    def forward(self, state: Tensor, act_emb: Tensor) -> Tensor:
        both = torch.cat([self.norm(state), act_emb], dim=-1)  # [B, 2 D]
        out: Tensor = state + self.down(nn.functional.gelu(self.up(both)))
        return out
