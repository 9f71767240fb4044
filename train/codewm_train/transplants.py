"""Rivals for training: afters that never were, of tokens alone.

An edit's rival is its own before with what another edit of the batch put in place of its own removed lines. It is a
wrong answer that only the action can tell from the true after. `rivals.py` makes such edits of source, for judging.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from codewm_model.regions import view
from codewm_model.tokenizer import MAX_DEPTH
from codewm_train.data import CENTER_FLAG, MARKS

Positions = npt.NDArray[np.uint16]


def center_of(side: Positions) -> int:
    """The position `[P, 4]` at which the change begins; behind the last one where none is said to."""
    return int(np.append(np.flatnonzero(side[:, 3] & CENTER_FLAG), len(side))[0])


def transplants(
    rng: np.random.Generator, sides: Sequence[tuple[Positions, Positions]], count: int, positions: int
) -> list[Positions]:
    """Rivals of the first `count` edits, each of at most `positions`; half of them from the edit's own partner.

    `sides` are the befores and afters of a batch's edits, whole, in pairs of partners.
    """
    partner = rng.random(count) < 0.5
    others = rng.integers(len(sides), size=count)
    return [
        cut(*transplant(*sides[i], sides[i ^ 1 if partner[i] else int(others[i])][1]), positions) for i in range(count)
    ]


def transplant(before: Positions, after: Positions, other: Positions) -> tuple[Positions, int]:
    """The before of one edit with the added lines of `other`'s after in place of its own removed ones, and where."""
    own, theirs = center_of(before), center_of(other)
    put = other[theirs : theirs + _changed_lines(other, theirs)].copy()
    if len(put) and len(before):
        deeper = int(before[min(own, len(before) - 1), 2]) - int(put[0, 2])
        put[:, 2] = np.clip(put[:, 2].astype(int) + deeper, 0, MAX_DEPTH)
    # Both sides show the lines behind the change; whichever removes or adds less shows more of them.
    at = center_of(after)
    tails = before[own + _changed_lines(before, own) :], after[at + _changed_lines(after, at) :]
    return np.concatenate([before[:own], put, max(tails, key=len)]), own


def cut(side: Positions, center: int, positions: int) -> Positions:
    """At most `positions` of a side around `center`, by the product's rule."""
    start, stop = view(center, len(side), positions)
    return side[start:stop]


def _changed_lines(side: Positions, begin: int) -> int:
    """How many positions from where the change begins stand on changed lines."""
    marks = side[begin:, 3] & MARKS
    return int(np.append(np.flatnonzero(marks == 0), len(marks))[0])
