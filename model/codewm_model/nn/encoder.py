"""The looped encoder: one transformer block applied `n_loops` times, with a readout after every loop."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from codewm_model.nn.config import ModelConfig
from codewm_model.regions import CHANGED, UNCHANGED
from codewm_model.tokenizer import MAX_DEPTH, PARENT_BUCKETS, TEXT_BUCKETS

N_FOCUS = 3  # focus readouts: really changed, on changed lines, and the really changed without their context


class Encoded(NamedTuple):
    """States `[B, D]` after each loop, and the focus readouts `[B, N_FOCUS, D]` of the last."""

    states: list[Tensor]
    focus: Tensor

    def float(self) -> Encoded:
        """The same in single precision."""
        return Encoded([state.float() for state in self.states], self.focus.float())


class Encoder(nn.Module):
    """Positions of a region -> its state. Text bucket 0 is padding and is never attended to or pooled."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_loops = config.n_loops
        self.embedding = Embedding(config)
        self.block = Block(config.d_model, config.n_heads, config.d_hidden)
        self.pool = AttentionPool(config.d_model, config.n_heads)
        self.readout_norm = nn.LayerNorm(config.d_model)
        self.nothing_changed = nn.Parameter(torch.zeros(N_FOCUS, config.d_model))

    def forward(self, text: Tensor, parent: Tensor, depth: Tensor, mark: Tensor) -> Encoded:
        """All inputs are integers `[B, T]`."""
        # A row without any token still attends to its first (padding) position, so that nothing divides by zero.
        kept = text != 0  # [B, T]
        visible = kept | (torch.arange(text.shape[1], device=text.device) == 0)
        embedded = self.embedding(text, parent, depth) * kept.unsqueeze(-1)  # [B, T, D]
        x, states = embedded, []
        for _ in range(self.n_loops):
            x = self.block(x, visible)
            states.append(self.readout_norm(self.pool(x, visible)))
        changed, on_line = mark == CHANGED, mark != UNCHANGED
        focus = [(x, changed), (x, on_line), (embedded, changed)]
        pooled = [_mean(values, where & kept, self.nothing_changed[i]) for i, (values, where) in enumerate(focus)]
        return Encoded(states, torch.stack(pooled, dim=1))


class Embedding(nn.Module):
    """The sum of what is known of a position: text, parent node, depth, place. The mark is no part of it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.text = nn.Embedding(TEXT_BUCKETS, config.d_text)
        self.widen = nn.Linear(config.d_text, config.d_model, bias=False)
        self.parent = nn.Embedding(PARENT_BUCKETS, config.d_model)
        self.depth = nn.Embedding(MAX_DEPTH + 1, config.d_model)
        self.place = nn.Embedding(config.max_positions, config.d_model)
        self.norm = nn.LayerNorm(config.d_model)
        for table in (self.text, self.parent, self.depth, self.place):
            nn.init.normal_(table.weight, std=0.02 if table is self.place else 0.1)

    def forward(self, text: Tensor, parent: Tensor, depth: Tensor) -> Tensor:
        """`[B, T]` each -> `[B, T, D]`."""
        place = torch.arange(text.shape[1], device=text.device)
        summed = self.widen(self.text(text)) + self.parent(parent) + self.depth(depth) + self.place(place)
        normed: Tensor = self.norm(summed)
        return normed


class Block(nn.Module):
    """A pre-norm transformer block; keys that are not visible get no attention."""

    def __init__(self, d_model: int, n_heads: int, d_hidden: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv, self.out = nn.Linear(d_model, 3 * d_model), nn.Linear(d_model, d_model)
        self.up, self.down = nn.Linear(d_model, d_hidden), nn.Linear(d_hidden, d_model)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """`[B, T, D]` and `[B, T]` -> `[B, T, D]`."""
        b, t, d = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(b, t, 3, self.n_heads, d // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [B, H, T, D / H]
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=visible[:, None, None, :])
        x = x + self.out(attended.transpose(1, 2).reshape(b, t, d))
        out: Tensor = x + self.down(F.gelu(self.up(self.mlp_norm(x))))
        return out


class AttentionPool(nn.Module):
    """A learned query for each head, over the visible positions: one may look at the middle, another at the whole."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.scores = nn.Linear(d_model, n_heads, bias=False)
        self.value = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """`[B, T, D]` and `[B, T]` -> `[B, D]`."""
        b, t, _ = x.shape
        x = self.norm(x)
        scores = self.scores(x).masked_fill(~visible.unsqueeze(-1), float("-inf"))  # [B, T, H]
        values = self.value(x).view(b, t, scores.shape[-1], -1)  # [B, T, H, D / H]
        pooled: Tensor = (scores.softmax(dim=1).unsqueeze(-1) * values).sum(dim=1).flatten(1)
        return pooled


def _mean(values: Tensor, where: Tensor, otherwise: Tensor) -> Tensor:
    """The mean over chosen positions `[B, D]` of values `[B, T, D]`; `otherwise` `[D]` in rows that choose none."""
    weights = where.to(values.dtype).unsqueeze(-1)  # [B, T, 1]
    count = weights.sum(dim=1)  # [B, 1]
    return torch.where(count > 0, (values * weights).sum(dim=1) / count.clamp(min=1), otherwise)
