"""The looped encoder: one transformer block applied `n_loops` times, with a readout after every loop."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from codewm_model.nn.block import Block
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.pools import AttentionPool, LoopFusion, SingleQueryPool
from codewm_model.regions import BEGINS, CHANGED, UNCHANGED
from codewm_model.tokenizer import MAX_DEPTH, PARENT_BUCKETS, TEXT_BUCKETS

N_FOCUS = 3  # focus readouts: really changed, on changed lines, and the really changed without their context
# Place readouts: means over positions [first, end) from where the change begins: it, the one before, and either side.
PLACES = ((0, 1), (-1, 0), (0, 8), (-8, 0))
N_PLACE = len(PLACES)


class Encoded(NamedTuple):
    """States `[B, D]` after each loop; of the last the focus `[B, N_FOCUS, D]` and place readouts `[B, N_PLACE, D]`.

    The last state is what the model says of the region: with `readout_loops`, a mix of several loops.
    """

    states: list[Tensor]
    focus: Tensor
    place: Tensor

    def float(self) -> Encoded:
        """The same in single precision."""
        return Encoded([state.float() for state in self.states], self.focus.float(), self.place.float())


class Encoder(nn.Module):
    """Positions of a region -> its state. Text bucket 0 is padding and is never attended to or pooled."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_loops, self.dense_skip = config.n_loops, config.dense_skip
        self.embedding = Embedding(config)
        self.block = Block(config.d_model, config.n_heads, config.d_hidden)
        heads = config.pool == "heads"
        self.pool = AttentionPool(config.d_model, config.n_heads) if heads else SingleQueryPool(config.d_model)
        self.readout_norm = nn.LayerNorm(config.d_model)
        self.nothing_changed = nn.Parameter(torch.zeros(N_FOCUS, config.d_model))
        self.nothing_there = nn.Parameter(torch.zeros(N_PLACE, config.d_model))
        self.places: Tensor
        self.register_buffer("places", torch.tensor(PLACES).T.unsqueeze(-1), persistent=False)  # [2, N_PLACE, 1]
        self.fusion = LoopFusion(config.readout_loops, config.d_model) if config.readout_loops else None

    def forward(self, text: Tensor, parent: Tensor, depth: Tensor, mark: Tensor) -> Encoded:
        """All inputs are integers `[B, T]`; `BEGINS` is added to the mark of the position where the change begins."""
        # A row without any token still attends to its first (padding) position, so that nothing divides by zero.
        kept = text != 0  # [B, T]
        visible = kept | (torch.arange(text.shape[1], device=text.device) == 0)
        embedded = self.embedding(text, parent, depth) * kept.unsqueeze(-1)  # [B, T, D]
        x, states = embedded, []
        for _ in range(self.n_loops):
            x = self.block(x, visible)
            if self.dense_skip:
                x = x + embedded
            states.append(self.readout_norm(self.pool(x, visible)))
        if self.fusion is not None:
            states[-1] = self.fusion(states)
        begins, mark = kept & (mark >= BEGINS), mark % BEGINS
        changed, on_line = mark == CHANGED, mark != UNCHANGED
        focus = [(x, changed), (x, on_line), (embedded, changed)]
        pooled = [_mean(values, where & kept, self.nothing_changed[i]) for i, (values, where) in enumerate(focus)]
        return Encoded(states, torch.stack(pooled, dim=1), self._place(x, kept, begins))

    def _place(self, x: Tensor, kept: Tensor, begins: Tensor) -> Tensor:
        """What is read where the change begins `[B, N_PLACE, D]`; without a mark it begins behind the last position."""
        position = torch.arange(x.shape[1], device=x.device)
        at = torch.where(begins, position, kept.sum(dim=1, keepdim=True)).amin(dim=1, keepdim=True)  # [B, 1]
        from_it = (position - at).unsqueeze(1)  # [B, 1, T]
        first, end = self.places
        chosen = (from_it >= first) & (from_it < end) & kept.unsqueeze(1)  # [B, N_PLACE, T]
        # One product instead of a sum for each: they would be a tenth of the encoder's time.
        weights = chosen.to(x.dtype)
        count = weights.sum(dim=2, keepdim=True)
        return torch.where(count > 0, weights @ x / count.clamp(min=1), self.nothing_there)


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


def _mean(values: Tensor, where: Tensor, otherwise: Tensor) -> Tensor:
    """The mean over chosen positions `[B, D]` of values `[B, T, D]`; `otherwise` `[D]` in rows that choose none."""
    weights = where.to(values.dtype).unsqueeze(-1)  # [B, T, 1]
    count = weights.sum(dim=1)  # [B, 1]
    return torch.where(count > 0, (values * weights).sum(dim=1) / count.clamp(min=1), otherwise)
