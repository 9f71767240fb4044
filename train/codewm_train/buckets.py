"""Sides of like length are encoded together, so that short ones are not padded to the longest of the batch.

Batches are made of pairs that belong together, so lengths cannot decide what is drawn: the sides of a batch are grouped
after it is drawn, and their states are put back in order. What is computed stays the same up to rounding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from codewm_model.nn.encoder import Encoded, Encoder
from codewm_model.nn.world_model import Tokens


def encode_in_buckets(encoder: Encoder, before: Tokens, after: Tokens, buckets: int) -> tuple[Encoded, Encoded]:
    """Both sides `[B, T]` encoded, those in one of `buckets` equal ranges of length at a time."""
    if buckets == 1:
        return encoder(*before), encoder(*after)
    width = max(before.text.shape[1], after.text.shape[1])
    sides = Tokens(
        *(torch.cat([_widened(one, width), _widened(other, width)]) for one, other in zip(before, after, strict=True))
    )
    groups = ranges_of_length((sides.text != 0).sum(dim=1), buckets)
    parts = [encoder(*(ids[rows, :length] for ids in sides)) for rows, length in groups]
    back = torch.cat([rows for rows, _ in groups]).argsort()
    states = [torch.cat(of_loop)[back].chunk(2) for of_loop in zip(*(part.states for part in parts), strict=True)]
    focus = torch.cat([part.focus for part in parts])[back].chunk(2)
    one, other = (Encoded([halves[i] for halves in states], focus[i]) for i in range(2))
    return one, other


def ranges_of_length(lengths: Tensor, buckets: int) -> list[tuple[Tensor, int]]:
    """The rows of each range that has any, and their longest; ranges are `buckets` equal parts up to the longest."""
    longest = max(1, int(lengths.max()))
    number = (lengths * buckets - 1).clamp(min=0) // longest  # [2B], 0 to buckets - 1
    groups = [(number == i).nonzero().squeeze(1) for i in range(buckets)]
    return [(rows, max(1, int(lengths[rows].max()))) for rows in groups if len(rows)]


def _widened(ids: Tensor, width: int) -> Tensor:
    return F.pad(ids, (0, width - ids.shape[1]))
