"""A region as numbers: one position for each leaf, or for each subword of a name.

Text becomes a bucket of a stable hash, a parent's type a bucket of its NAME (so that a new grammar needs no new
vocabulary). Python's `hash()` differs between processes and is never used.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from codewm_model.regions import BEGINS, Region, view
from codewm_model.words import subwords, words

Ids = npt.NDArray[np.int32]

TEXT_BUCKETS, PARENT_BUCKETS, MAX_DEPTH = 8192, 512, 31  # bucket 0 is padding in both
MAX_POSITIONS = 128
MAX_SUBWORDS = 4  # of a name
MAX_WORDS = 3  # of a string or a comment
SMALL_NUMBER = 2  # characters of a number that is kept as it is
_WHOLE = " ="  # before a whole text that stands for itself
_SHORT = 60  # characters: longer texts come seldom again, and would fill the memory


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """Four numbers a position: text bucket, parent bucket, depth and mark, each int32 `[P]`.

    `name` is 1 where the position is part of an identifier, which the model does not read: training renames by it.
    `center` is the position at which the change begins, the number of positions where it lies behind the last.
    """

    text: Ids
    parent: Ids
    depth: Ids
    mark: Ids
    name: Ids
    center: int = 0

    def columns(self) -> Ids:
        """What the model reads, `[4, P]`: text, parent, depth, and the mark with `BEGINS` where the change begins."""
        read = np.stack((self.text, self.parent, self.depth, self.mark))
        read[3, self.center : self.center + 1] += BEGINS
        return read


def tokenize(region: Region, max_positions: int = MAX_POSITIONS) -> TokenSequence:
    """The region's positions; where there are too many, those around the change's beginning stay."""
    ids = [(_known_ids if len(leaf.text) <= _SHORT else _ids)(leaf.kind, leaf.text) for leaf in region.leaves]
    text = np.array([one for of_leaf in ids for one in of_leaf], np.int32)
    places = [
        (_known_bucket(leaf.parent, PARENT_BUCKETS), min(leaf.depth, MAX_DEPTH), how, leaf.kind == "name")
        for leaf, how in zip(region.leaves, region.marks, strict=True)
    ]
    sizes = [len(of_leaf) for of_leaf in ids]
    center = sum(sizes[: region.center])
    start, stop = view(center, len(text), max_positions)
    around = np.array(places, np.int32).reshape(-1, 4).T.repeat(sizes, axis=1)[:, start:stop]
    parent, depth, mark, name = (np.ascontiguousarray(row) for row in around)
    return TokenSequence(text[start:stop].copy(), parent, depth, mark, name, center - start)


def pieces(kind: str, text: str) -> list[str]:
    """The texts of the positions of a leaf of this kind; what begins with a space is a marker or continues a leaf.

    What its words leave out (underscores, case, quotes, a long string's end) shows in one more position, the whole
    text: an edit that changes a leaf changes a position.
    """
    if kind == "name":
        parts = subwords(text)[:MAX_SUBWORDS] or [text.lower()]
        whole = [] if "_".join(parts) == text else [_WHOLE + text]
        return [parts[0], *(" " + part for part in parts[1:]), *whole]
    if kind in ("string", "comment"):
        return [f" {kind}", *(" " + word.lower() for word in words(text)[:MAX_WORDS]), _WHOLE + text]
    if kind == "number" and len(text) > SMALL_NUMBER:
        return [" number", _WHOLE + text]
    return [text]


def bucket(text: str, buckets: int) -> int:
    """1 to `buckets` - 1, the same in every process and on every machine."""
    mixed = crc32(text.encode(errors="replace")) * 0x9E3779B1 & 0xFFFFFFFF
    return 1 + (mixed >> 8) % (buckets - 1)


def _ids(kind: str, text: str) -> tuple[int, ...]:
    return tuple(bucket(piece, TEXT_BUCKETS) for piece in pieces(kind, text))


_known_ids = functools.lru_cache(1 << 13)(_ids)  # most leaves are one of few
_known_bucket = functools.lru_cache(1 << 10)(bucket)
