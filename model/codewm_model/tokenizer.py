"""A region as numbers: one position for each leaf, or for each subword of a name.

Text becomes a bucket of a stable hash, a parent's type a bucket of its NAME (so that a new grammar needs no new
vocabulary). Python's `hash()` differs between processes and is never used.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from codewm_model.regions import Region, view
from codewm_model.syntax import Leaf
from codewm_model.words import subwords, words

Ids = npt.NDArray[np.int32]

TEXT_BUCKETS, PARENT_BUCKETS, MAX_DEPTH = 8192, 512, 31  # bucket 0 is padding in both
MAX_POSITIONS = 128
MAX_SUBWORDS = 4  # of a name
MAX_WORDS = 3  # of a string or a comment
SMALL_NUMBER = 2  # characters of a number that is kept as it is
_WHOLE = " ="  # before a whole text that stands for itself


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """Four numbers a position: text bucket, parent bucket, depth and mark, each int32 `[P]`, P <= MAX_POSITIONS.

    `name` is 1 where the position is part of an identifier, `center` the position at which the change begins. The model
    reads neither: training renames by the one and cuts by the other.
    """

    text: Ids
    parent: Ids
    depth: Ids
    mark: Ids
    name: Ids
    center: int = 0


def tokenize(region: Region, max_positions: int = MAX_POSITIONS) -> TokenSequence:
    """The region's positions; where there are too many, those around the change's beginning stay."""
    rows: list[tuple[int, int, int, int, bool]] = []
    starts = [0]  # of each leaf, and the end
    for leaf, how in zip(region.leaves, region.marks, strict=True):
        around = (bucket(leaf.parent, PARENT_BUCKETS), min(leaf.depth, MAX_DEPTH), how, leaf.kind == "name")
        rows += [(bucket(piece, TEXT_BUCKETS), *around) for piece in pieces(leaf)]
        starts.append(len(rows))
    center = starts[region.center]
    start, stop = view(center, len(rows), max_positions)
    table = np.array(rows[start:stop], np.int32).reshape(-1, 5)
    text, parent, depth, mark, name = (np.ascontiguousarray(column) for column in table.T)
    return TokenSequence(text, parent, depth, mark, name, center - start)


def pieces(leaf: Leaf) -> list[str]:
    """The texts of a leaf's positions; what begins with a space is a marker or continues a leaf.

    What its words leave out (underscores, case, quotes, a long string's end) shows in one more position, the whole
    text: an edit that changes a leaf changes a position.
    """
    if leaf.kind == "name":
        parts = subwords(leaf.text)[:MAX_SUBWORDS] or [leaf.text.lower()]
        whole = [] if "_".join(parts) == leaf.text else [_WHOLE + leaf.text]
        return [parts[0], *(" " + part for part in parts[1:]), *whole]
    if leaf.kind in ("string", "comment"):
        return [f" {leaf.kind}", *(" " + word.lower() for word in words(leaf.text)[:MAX_WORDS]), _WHOLE + leaf.text]
    if leaf.kind == "number" and len(leaf.text) > SMALL_NUMBER:
        return [" number", _WHOLE + leaf.text]
    return [leaf.text]


def bucket(text: str, buckets: int) -> int:
    """1 to `buckets` - 1, the same in every process and on every machine."""
    mixed = crc32(text.encode(errors="replace")) * 0x9E3779B1 & 0xFFFFFFFF
    return 1 + (mixed >> 8) % (buckets - 1)
