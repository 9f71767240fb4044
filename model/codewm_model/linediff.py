"""Live edits: the hunks between a base text and a buffer, as git would cut them.

Myers' greedy algorithm (1986) on lines, after the common ends are taken off; where two texts share next to
nothing, what lies between the ends is one hunk.
"""

from __future__ import annotations

from collections.abc import Sequence

from codewm_model.edit import Edit, common_ends
from codewm_model.patch import JOIN_BELOW

MAX_COST = 1000  # differing lines beyond which an alignment is not worth its quadratic price


def diff_edits(path: str, base: Sequence[str], new: Sequence[str]) -> list[Edit]:
    """The edits from `base` to `new` (lines without line ends), each on its own; blank-line changes are none."""
    before = tuple(base)
    return [
        Edit(path, before, first, tuple(base[first:end]), tuple(new[new_first:new_end]), new_first)
        for first, end, new_first, new_end in hunks(base, new)
        if any(line.strip() for line in (*base[first:end], *new[new_first:new_end]))
    ]


def hunks(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Stretches (old first, old end, new first, new end) that differ; those nearer than `JOIN_BELOW` are one."""
    head, tail = common_ends(old, new)
    old_end, new_end = len(old) - tail, len(new) - tail
    if head == old_end and head == new_end:
        return []
    pairs = _matches(old[head:old_end], new[head:new_end])
    joined: list[tuple[int, int, int, int]] = []
    i, j = head, head
    for a, b in [*((a + head, b + head) for a, b in pairs), (old_end, new_end)]:
        if a > i or b > j:
            if joined and i - joined[-1][1] < JOIN_BELOW:
                joined[-1] = (joined[-1][0], a, joined[-1][2], b)
            else:
                joined.append((i, a, j, b))
        i, j = a + 1, b + 1
    return joined


def _matches(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Aligned pairs of equal lines on a shortest edit script; none if that is longer than `MAX_COST`."""
    n, m = len(old), len(new)
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for cost in range(min(n + m, MAX_COST) + 1):
        trace.append(dict(furthest))
        for k in range(-cost, cost + 1, 2):
            down = k == -cost or (k != cost and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            while x < n and x - k < m and old[x] == new[x - k]:
                x += 1
            furthest[k] = x
            if x >= n and x - k >= m:
                return _walk_back(trace, n, m)
    return []


def _walk_back(trace: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for cost in range(len(trace) - 1, -1, -1):
        furthest, k = trace[cost], x - y
        down = k == -cost or (k != cost and furthest[k - 1] < furthest[k + 1])
        from_x = furthest[k + 1 if down else k - 1] if cost else 0
        from_y = from_x - (k + 1 if down else k - 1) if cost else 0
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = from_x, from_y
    return pairs[::-1]
