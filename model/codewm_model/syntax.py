"""A parsed file: its bytes, its lines and its tree, and the leaves that stand in a stretch of lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tree_sitter import Node, Tree, TreeCursor

from codewm_model.languages import Language, parse

Starts = npt.NDArray[np.int64]

_HOLE_PARTS = re.compile(r"string_start|string_content|string_end|escape_sequence")


class Leaf(NamedTuple):
    """One leaf of the tree. `kind` is its class (`Language.kind`), the rest are the grammar's own names."""

    text: str
    kind: str
    parent: str
    grandparent: str
    field: str
    depth: int
    line: int  # 0-based, of its start
    last: int  # of its end
    annotation: bool = False  # whether it stands in one


class Source:
    """An immutable parsed text."""

    def __init__(self, language: Language, data: bytes, tree: Tree, starts: Starts) -> None:
        self.language, self.data, self.tree = language, data, tree
        self._starts = starts

    @classmethod
    def parse(cls, language: Language, lines: Sequence[str]) -> Source:
        """Parse lines that carry no line end."""
        data = _encode(lines)
        return cls(language, data, parse(language, data), np.concatenate(([0], _line_ends(data))))

    def replace(self, first: int, count: int, lines: Sequence[str]) -> Source:
        """The text with `count` lines from `first` on replaced; parsed incrementally."""
        start, old_end = self.start(first), self.start(first + count)
        added = _encode(lines)
        data = self.data[:start] + added + self.data[old_end:]
        tree = self.tree.copy()
        tree.edit(
            start_byte=start,
            old_end_byte=old_end,
            new_end_byte=start + len(added),
            start_point=(first, 0),
            old_end_point=(first + count, 0),
            new_end_point=(first + len(lines), 0),
        )
        rest = self._starts[first + count + 1 :] + (len(added) - (old_end - start))
        starts = np.concatenate((self._starts[: first + 1], start + _line_ends(added), rest))
        return Source(self.language, data, parse(self.language, data, tree), starts)

    @property
    def line_count(self) -> int:
        """How many lines the text has."""
        return len(self._starts) - 1

    def start(self, line: int) -> int:
        """The byte where a line begins, or where the text ends for the one after the last."""
        return int(self._starts[line])

    def leaves(self, first: int, end: int) -> Iterator[Leaf]:
        """Leaves that stand at least partly in lines [first, end), in order.

        A string is one leaf, clipped to these lines; one with code in it gives its parts and that code.
        """
        start, stop = self.start(first), self.start(end)
        cursor = self.tree.walk()
        parents: list[str] = ["", ""]
        annotations = 0  # of them
        while True:
            node = cursor.node
            assert node is not None
            if node.start_byte >= stop:
                return
            inside = node.end_byte > start
            leaf = self._is_leaf(node)
            if inside and not leaf and _enter(cursor, node, start):
                parents.append(node.type)
                annotations += node.type in self.language.annotations
                continue
            if inside and leaf and node.end_byte > node.start_byte:
                text = self.data[max(start, node.start_byte) : min(stop, node.end_byte)].decode(errors="replace")
                yield Leaf(
                    text, self._kind(node.type), parents[-1], parents[-2], cursor.field_name or "",
                    len(parents) - 2, max(first, node.start_point.row), min(end - 1, node.end_point.row),
                    annotations > 0,
                )  # fmt: skip
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
                annotations -= parents.pop() in self.language.annotations

    def definitions(self, first: int, end: int) -> list[Node]:
        """The functions and classes around lines [first, end), outermost first."""
        stop = self.start(min(max(end, first + 1), self.line_count))
        begin = self.start(min(first, self.line_count))
        text = self.data[begin:stop]
        begin += len(text) - len(text.lstrip())  # white space belongs to whatever is around the definition
        node = self.tree.root_node.descendant_for_byte_range(begin, begin + len(text.strip()))
        around = []
        while node is not None:
            if node.type in self.language.functions or node.type in self.language.classes:
                around.append(node)
            node = node.parent
        return around[::-1]

    def _kind(self, node_type: str) -> str:
        return "string" if _HOLE_PARTS.fullmatch(node_type) else self.language.kind(node_type)

    def _is_leaf(self, node: Node) -> bool:
        if node.child_count == 0:
            return True
        if node.type not in self.language.strings:
            return False
        return not any(child.type in self.language.holes for child in node.children)


def _enter(cursor: TreeCursor, node: Node, start: int) -> bool:
    """Go to the first child that reaches beyond byte `start`; False if all of them end before it."""
    if node.start_byte >= start:
        return cursor.goto_first_child()
    return cursor.goto_first_child_for_byte(start) is not None


def _encode(lines: Sequence[str]) -> bytes:
    """UTF-8, each line ended by a newline; lone surrogates, which UTF-8 lacks, become `?`."""
    return ("\n".join(lines) + "\n").encode(errors="replace") if lines else b""


def _line_ends(data: bytes) -> Starts:
    """The bytes behind each newline, ascending."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
