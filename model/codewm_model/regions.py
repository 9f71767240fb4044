"""What the model sees around a change: the enclosing definition, cut to a budget of leaves around the change.

Both sides show the same lines around it and begin at the same leaf. Marks say which leaves are on changed lines and
which really changed; they serve the focus readouts and never enter the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from codewm_model.changes import Change, Side
from codewm_model.syntax import Leaf, Source

UNCHANGED, ON_CHANGED_LINE, CHANGED = 0, 1, 2
BEGINS = 8  # what the model is told with a position's mark: the change begins there
BUDGET = 128  # leaves


@dataclass(frozen=True, slots=True)
class Region:
    """Leaves in order with their marks, from lines [first, end) (0-based) of one side's file.

    `center` is the leaf at which the change begins; on a side that has no changed line, the one before which lines were
    put or from which they were taken. It is the number of leaves where there is none after them.
    """

    leaves: tuple[Leaf, ...]
    marks: tuple[int, ...]
    first: int
    end: int
    center: int = 0


def region_pair(change: Change, budget: int = BUDGET) -> tuple[Region, Region]:
    """The regions before and after an edit, cut out of the same surroundings; empty ones without a grammar."""
    if change.sources is None:
        return Region((), (), 0, 0), Region((), (), 0, 0)
    first, counts = change.edit.first, (len(change.edit.removed), len(change.edit.added))
    around = [_surroundings(source, first, count) for source, count in zip(change.sources, counts, strict=True)]
    above, below = (max(lines) for lines in zip(*around, strict=True))
    before, after = (
        _region(source, side, (first, count), (above, below), budget)
        for source, side, count in zip(change.sources, (change.before, change.after), counts, strict=True)
    )
    return before, after


def region_at(source: Source, line: int, budget: int = BUDGET) -> Region:
    """The region around one line of a file in which nothing has changed."""
    return _region(source, Side((), (), ()), (line, 0), _surroundings(source, line, 0), budget)


def view(center: int, total: int, budget: int) -> tuple[int, int]:
    """[start, stop) of at most `budget` items out of `total`: half of them before `center`, where a change begins.

    Both sides of an edit begin at the same item so, whatever is removed or added, and before a large change there is
    always something that was there before it.
    """
    start = max(0, center - budget // 2)
    return start, min(total, start + budget)


def _surroundings(source: Source, first: int, count: int) -> tuple[int, int]:
    """How many lines above and below lines [first, first + count) belong to the definition around them."""
    low, high = 0, source.line_count
    if around := source.definitions(first, first + count):
        low, high = around[-1].start_point.row, around[-1].end_point.row + 1
    return max(0, first - low), max(0, high - first - count)


def _region(source: Source, side: Side, lines: tuple[int, int], around: tuple[int, int], budget: int) -> Region:
    """What is walked is bounded in lines too: a line without a leaf is blank, and there are few of those."""
    reach = max(budget, BUDGET)
    (first, count), (above, below) = lines, around
    low, high = first - min(above, reach), min(first + count + min(below, reach), source.line_count)
    before, after = _leaves_around(source, first, (low, high), budget)
    kept = (*before, *after)
    if not kept:
        return Region((), (), first, first)
    marks = [UNCHANGED] * len(kept)
    changed = set(side.changed_leaves())
    for place, leaf in enumerate(after):  # the same walk over the same tree: leaf by leaf the ones of `side`
        if leaf.line >= first + count:
            break
        marks[len(before) + place] = CHANGED if place in changed else ON_CHANGED_LINE
    return Region(kept, tuple(marks), kept[0].line, kept[-1].last + 1, len(before))


def _leaves_around(source: Source, first: int, lines: tuple[int, int], budget: int) -> tuple[list[Leaf], list[Leaf]]:
    """Of the leaves in lines [low, high) the `budget // 2` last that end before line `first`, and what follows them.

    It is begun a few lines above, and farther up only where there is too little: whoever types waits for it.
    """
    low, high = lines
    half = budget // 2
    reach = 1 + budget // 8
    while True:
        top = max(low, first - reach)
        before: list[Leaf] = []
        after: list[Leaf] = []
        for leaf in source.leaves(top, high):
            if leaf.last < first:
                before.append(leaf)
                continue
            if len(before) <= half and top > low:  # the first of them may have been clipped at `top`
                break
            after.append(leaf)
            if len(after) + min(len(before), half) >= budget:
                break
        if top == low or len(before) > half:
            return before[max(0, len(before) - half) :], after
        reach *= 4
