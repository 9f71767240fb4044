"""Which definitions of a file hold its live edits."""

from __future__ import annotations

from collections.abc import Sequence

from codewm_model.edit import Edit
from codewm_model.languages import language_of
from codewm_model.syntax import Source


def changed_definitions(path: str, lines: Sequence[str], edits: Sequence[Edit]) -> list[tuple[int, int, int]]:
    """For each innermost function or class with edits in it: where it begins, first and last line of the edits in it.

    Lines are 1-based; `lines` carry no line ends. An edit outside of any definition, or in a file without a grammar,
    stands for itself.
    """
    language = language_of(path)
    source = Source.parse(language, lines) if language is not None else None
    found: dict[int, tuple[int, int]] = {}
    for edit in edits:
        first, last = edit.lines
        if not edit.added:
            first = last = first - 1  # lines that are gone belong to what stands before them
        first, last = (max(1, min(line, len(lines))) for line in (first, last))
        around = source.definitions(first - 1, last) if source is not None and lines else []
        begin = around[-1].start_point.row + 1 if around else first
        known = found.get(begin, (first, last))
        found[begin] = min(known[0], first), max(known[1], last)
    return [(begin, *span) for begin, span in found.items()]
