"""What the model sees around a change: the enclosing definition, cut to a budget of leaves around the change.

Both sides show the same lines around it and begin at the same leaf. Marks say which leaves are on changed lines and
which really changed; they serve the focus readouts and never enter the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from codewm_model.changes import Change, Side
from codewm_model.syntax import Leaf, Source

UNCHANGED, ON_CHANGED_LINE, CHANGED = 0, 1, 2
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
    low, high = first - min(above, reach), first + count + min(below, reach)
    leaves = list(source.leaves(low, min(high, source.line_count)))
    focus = [i for i, leaf in enumerate(leaves) if leaf.line < first + count and leaf.last >= first]
    marks = [UNCHANGED] * len(leaves)
    changed = set(side.changed_leaves())
    for place, i in enumerate(focus):  # the same walk over the same tree: leaf by leaf the ones of `side`
        marks[i] = CHANGED if place in changed else ON_CHANGED_LINE
    begin = sum(leaf.last < first for leaf in leaves)
    start, stop = view(begin, len(leaves), budget)
    kept = leaves[start:stop]
    if not kept:
        return Region((), (), first, first)
    return Region(tuple(kept), tuple(marks[start:stop]), kept[0].line, kept[-1].last + 1, begin - start)
