"""A live buffer: a text that is being typed, its tree, and the places in it that have a state.

A text is never changed: `edited` gives the next one, which shares the tree of all that was not touched. Broken code is
data. While it is broken, an incremental tree may group it in another way than a parse of the whole text would: the
regions are then those of the incremental tree, which are as good and cost a twentieth. A text without a syntax error
has one tree, and its regions are the same either way.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tree_sitter import Node

from codewm_model.languages import Language
from codewm_model.regions import BUDGET, Region, region_at
from codewm_model.syntax import Source

Splice: TypeAlias = tuple[int, int, Sequence[str]]
"""(first, count, lines): `count` lines from `first` on gave way to `lines`, which carry no line end."""

MOST_PARSES = 8
"""An incremental parse costs a tenth to a twentieth of a whole one: with more places changed at once, one whole one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A function, a class, or a stretch of lines between such: lines [first, end), 0-based.

    `symbol` is the definition's name with those around it, "Box.put"; empty for a stretch of the module.
    """

    first: int
    end: int
    symbol: str
    kind: Literal["function", "class", "module"]


class Buffer:
    """A text in a language with a grammar. It has a line after its last line end, as editors count, perhaps empty."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @classmethod
    def parse(cls, language: Language, lines: Sequence[str]) -> Buffer:
        """A buffer of lines without their ends, at least one."""
        return cls(Source.parse(language, lines))

    def edited(self, splices: Sequence[Splice]) -> Buffer:
        """The buffer after changes, each of which is told in the lines that the one before it left."""
        source, splices = self.source, _merged(splices)
        if len(splices) <= MOST_PARSES:
            for first, count, lines in splices:
                source = source.replace(first, count, lines)
            return Buffer(source)
        text = source.data.decode().split("\n")[:-1]
        for first, count, lines in splices:
            text[first : first + count] = lines
        return Buffer.parse(source.language, text)

    @property
    def line_count(self) -> int:
        """How many lines there are, at least one."""
        return self.source.line_count

    def region_at(self, line: int, budget: int = BUDGET) -> Region:
        """What the model sees around a line, 0-based, in so many leaves; beyond the end it is the last line."""
        return region_at(self.source, min(line, self.line_count - 1), budget)

    def place_at(self, line: int) -> Place:
        """The innermost definition around a line, or the stretch of the module that it stands in."""
        line = min(line, self.line_count - 1)
        if around := self.source.definitions(line, line + 1):
            return self._definition(around)
        return next(place for place in self._stretches if line < place.end)

    def places(self, first: int = 0, end: int | None = None) -> list[Place]:
        """The definitions and stretches that stand at least partly in lines [first, end), by their first lines."""
        end = self.line_count if end is None else end
        written = (place for place in self._stretches if self._has_text(place))
        found = [place for place in (*self._definitions, *written) if place.first < end and place.end > first]
        return sorted(found, key=lambda place: (place.first, -place.end))

    @functools.cached_property
    def _definitions(self) -> tuple[Place, ...]:
        return tuple(map(self._definition, _definitions(self.source, nested=True)))

    @functools.cached_property
    def _stretches(self) -> tuple[Place, ...]:
        """The lines outside of all definitions; the last one may be empty, so that every line is in one."""
        stretches, line = [], 0
        for *_, node in _definitions(self.source, nested=False):
            first, last = node.start_point.row, node.end_point.row
            if first > line:
                stretches.append(Place(line, first, "", "module"))
            line = max(line, min(last + 1, self.line_count))
        return (*stretches, Place(line, max(line, self.line_count), "", "module"))

    def _definition(self, around: Sequence[Node]) -> Place:
        """The innermost of nodes that lie in each other, outermost first."""
        node = around[-1]
        names = (outer.child_by_field_name("name") for outer in around)
        symbol = ".".join((name.text or b"").decode(errors="replace") if name else "?" for name in names)
        kind: Literal["function", "class"] = "class" if node.type in self.source.language.classes else "function"
        return Place(node.start_point.row, min(node.end_point.row + 1, self.line_count), symbol, kind)

    def _has_text(self, place: Place) -> bool:
        starts = self.source.starts
        return not self.source.data[starts[place.first] : starts[place.end]].isspace()


def touched(splices: Iterable[Splice]) -> list[tuple[int, int]]:
    """Where changes have left their lines: [first, end) in the text after all of them, in the order of the changes."""
    spans: list[tuple[int, int]] = []
    for first, count, lines in splices:

        def moved(line: int, first: int = first, end: int = first + count, more: int = len(lines) - count) -> int:
            return line + more if line >= end else min(line, first)

        spans = [(moved(start), moved(end)) for start, end in spans]
        spans.append((first, first + len(lines)))
    return spans


def _definitions(source: Source, nested: bool) -> Iterator[tuple[Node, ...]]:
    """Every function and class with those around it, in order. What stands inside a statement's expression has none.

    Without those that are `nested` in another it is a tenth of the work.
    """
    wanted = source.language.functions | source.language.classes
    cursor = source.tree.walk()
    around: list[Node] = []
    while True:
        node = cursor.node
        assert node is not None
        if node.type in wanted:
            around = [outer for outer in around if outer.end_byte >= node.end_byte] + [node]
            yield tuple(around)
        enter = node.end_point.row > node.start_point.row and (nested or node.type not in wanted)
        if enter and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _merged(splices: Iterable[Splice]) -> list[Splice]:
    """The same changes with those in one that a change before them wrote; typing within a line is one."""
    merged: list[Splice] = []
    for first, count, lines in splices:
        if merged:
            start, old, written = merged[-1]
            if start <= first and first + count <= start + len(written):
                at = first - start
                merged[-1] = (start, old, [*written[:at], *lines, *written[at + count :]])
                continue
        merged.append((first, count, lines))
    return merged
