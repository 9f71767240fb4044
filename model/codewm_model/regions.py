"""What the model sees around a change: the enclosing definition, cut to a budget of leaves around the change.

Both sides come from the same rule. Marks say which leaves are on changed lines and which really changed; they
serve the focus readouts and never enter the state.
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
    put or from which they were taken.
    """

    leaves: tuple[Leaf, ...]
    marks: tuple[int, ...]
    first: int
    end: int
    center: int = 0


def region_pair(change: Change, budget: int = BUDGET) -> tuple[Region, Region]:
    """The regions before and after an edit; empty ones without a grammar."""
    if change.sources is None:
        return Region((), (), 0, 0), Region((), (), 0, 0)
    before, after = change.sources
    edit = change.edit
    return (
        _region(before, change.before, edit.first, len(edit.removed), budget),
        _region(after, change.after, edit.first, len(edit.added), budget),
    )


def region_at(source: Source, line: int, budget: int = BUDGET) -> Region:
    """The region around one line of a file in which nothing has changed."""
    return _region(source, Side((), (), ()), line, 0, budget)


def window(first: int, end: int, total: int, budget: int) -> tuple[int, int]:
    """[start, stop) of at most `budget` items out of `total` around [first, end), grown evenly on both sides."""
    if end - first >= budget:
        return first, first + budget
    spare = budget - (end - first)
    start = max(0, first - spare // 2)
    stop = min(total, start + budget)
    return max(0, stop - budget), stop


def _region(source: Source, side: Side, first: int, count: int, budget: int) -> Region:
    """What is walked is bounded in lines too: a line without a leaf is blank, and there are few of those."""
    reach = max(budget, BUDGET)
    low, high = 0, source.line_count
    if around := source.definitions(first, first + count):
        low, high = around[-1].start_point.row, min(high, around[-1].end_point.row + 1)
    low, high = min(first, max(low, first - reach)), max(first + count, min(high, first + count + reach))
    leaves = list(source.leaves(low, min(high, source.line_count)))
    focus = [i for i, leaf in enumerate(leaves) if leaf.line < first + count and leaf.last >= first]
    marks = [UNCHANGED] * len(leaves)
    changed = set(side.changed_leaves())
    for place, i in enumerate(focus):  # the same walk over the same tree: leaf by leaf the ones of `side`
        marks[i] = CHANGED if place in changed else ON_CHANGED_LINE
    begin = focus[0] if focus else sum(leaf.line < first for leaf in leaves)
    start, stop = window(begin, focus[-1] + 1 if focus else begin, len(leaves), budget)
    kept = leaves[start:stop]
    if not kept:
        return Region((), (), first, first)
    center = min(max(0, begin - start), len(kept) - 1)
    return Region(tuple(kept), tuple(marks[start:stop]), kept[0].line, kept[-1].last + 1, center)
