"""Sides of like length are encoded together, so that short ones are not padded to the longest of the batch.

Batches are made of pairs that belong together, so lengths cannot decide what is drawn: the sides of a batch are grouped
after it is drawn, and their states are put back in order. What is computed stays the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from codewm_model.nn.encoder import Encoded, Encoder
from codewm_model.nn.world_model import Tokens


def encode_in_buckets(encoder: Encoder, sides: Sequence[Tokens], buckets: int) -> list[Encoded]:
    """Each of the sides `[B, T]` encoded, rows in one of `buckets` equal ranges of length at a time."""
    if buckets == 1:
        return [encoder(*side) for side in sides]
    width, sizes = max(side.text.shape[1] for side in sides), [len(side.text) for side in sides]
    rows_of = Tokens(*(torch.cat([_widened(ids, width) for ids in column]) for column in zip(*sides, strict=True)))
    groups = ranges_of_length((rows_of.text != 0).sum(dim=1), buckets)
    parts = [encoder(*(ids[rows, :length] for ids in rows_of)) for rows, length in groups]
    back = torch.cat([rows for rows, _ in groups]).argsort()

    def of_sides(values: Sequence[Tensor]) -> tuple[Tensor, ...]:
        rows: tuple[Tensor, ...] = torch.split(torch.cat(list(values))[back], sizes)
        return rows

    states = list(zip(*(of_sides(loop) for loop in zip(*(part.states for part in parts), strict=True)), strict=True))
    focus, place = (of_sides([getattr(part, name) for part in parts]) for name in ("focus", "place"))
    return [Encoded(list(states[i]), focus[i], place[i]) for i in range(len(sides))]


def ranges_of_length(lengths: Tensor, buckets: int) -> list[tuple[Tensor, int]]:
    """The rows of each range that has any, and their longest; ranges are `buckets` equal parts up to the longest."""
    longest = max(1, int(lengths.max()))
    number = (lengths * buckets - 1).clamp(min=0) // longest  # [2B], 0 to buckets - 1
    groups = [(number == i).nonzero().squeeze(1) for i in range(buckets)]
    return [(rows, max(1, int(lengths[rows].max()))) for rows in groups if len(rows)]


def _widened(ids: Tensor, width: int) -> Tensor:
    return F.pad(ids, (0, width - ids.shape[1]))
