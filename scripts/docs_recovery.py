"""Where tree-sitter reads broken code otherwise in a browser.

Of the ways to recover from an error it takes the one that leaves out the fewest bytes. Python hands it UTF-8 and
web-tree-sitter UTF-16, so now and then another way is the cheapest there. Python can hand it UTF-16, too: where that
gives the same tree, the page has no excuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import tree_sitter_python
from tree_sitter import Language, Parser, Tree

from codewm_model.edit import Edit

Encoding = Literal["utf8", "utf16le"]
Node = tuple[str, int, int]  # type, first and last line


def recovered_otherwise(edit: Edit) -> bool:
    """Whether a side of the edit has another tree in UTF-16."""
    return _trees(edit, "utf8") != _trees(edit, "utf16le")


def _trees(edit: Edit, encoding: Encoding) -> list[list[Node]]:
    """The nodes of both sides, and of the second once more as `Source.replace` parses it, incrementally."""
    parser, end = Parser(Language(tree_sitter_python.language())), edit.first + len(edit.removed)
    assert edit.before is not None
    head, removed, added, tail = (
        _encoded(lines, encoding) for lines in (edit.before[: edit.first], edit.removed, edit.added, edit.before[end:])
    )
    before, after = (parser.parse(head + middle + tail, encoding=encoding) for middle in (removed, added))
    told = before.copy()
    told.edit(
        start_byte=len(head),
        old_end_byte=len(head) + len(removed),
        new_end_byte=len(head) + len(added),
        start_point=(edit.first, 0),
        old_end_point=(end, 0),
        new_end_point=(edit.first + len(edit.added), 0),
    )
    told = parser.parse(head + added + tail, told, encoding=encoding)
    return [list(_nodes(tree)) for tree in (before, after, told)]


def _encoded(lines: Sequence[str], encoding: Encoding) -> bytes:
    text = "".join(f"{line}\n" for line in lines).encode(errors="replace")
    return text if encoding == "utf8" else text.decode().encode("utf-16-le")


def _nodes(tree: Tree) -> Iterator[Node]:
    left = [tree.root_node]
    while left:
        node = left.pop()
        yield node.type, node.start_point.row, node.end_point.row
        left += node.children
