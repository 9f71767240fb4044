"""Between the editor's numbers and ours: position encodings, line spans, URIs.

The only place that knows UTF-16. Inside the server a line is 1-based when it is shown to a person or
sent in a result (`lines`), and a Python index everywhere else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types

if TYPE_CHECKING:
    from codewm_lsp.engine.buffer import Place

Encoding = Literal["utf-8", "utf-16", "utf-32"]

SCHEME = "codewm"
_DRIVE = re.compile(r"^/[A-Za-z]:")


def encoding_named(name: str) -> Encoding:
    """The encoding that was agreed on; anything unknown is LSP's default, UTF-16."""
    return "utf-8" if name == "utf-8" else "utf-32" if name == "utf-32" else "utf-16"


def _width(char: str, encoding: Encoding) -> int:
    code = ord(char)
    if encoding == "utf-16":
        return 1 if code < 0x10000 else 2
    if encoding == "utf-8":
        # A lone surrogate, which JSON can carry, counts as the three bytes an encoder would spend on it.
        return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    return 1


def units_to_index(line: str, units: int, encoding: Encoding) -> int:
    """The index in `line` of the character at `units` code units.

    Beyond the end is the end (LSP 3.17, Position); inside a character is its start, for half a
    character cannot be kept.
    """
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    seen = 0
    for index, char in enumerate(line):
        seen += _width(char, encoding)
        if seen > units:
            return index
    return len(line)


def index_to_units(line: str, index: int, encoding: Encoding) -> int:
    """How many code units `line[:index]` takes; the inverse of `units_to_index`."""
    if encoding == "utf-32" or line.isascii():
        return min(index, len(line))
    return sum(_width(char, encoding) for char in line[:index])


def lsp_range(lines: Sequence[str], first: int, last: int, encoding: Encoding) -> types.Range:
    """Lines `first` to `last`, 1-based and inclusive, as a range without the last line's end.

    `lines` are the buffer's, with or without line ends. Spans past the end, which a deletion at the end
    of the file has, are moved onto the last line.
    """
    end = min(last, len(lines)) - 1
    start = min(first - 1, end)
    text = lines[end].rstrip("\r\n")
    return types.Range(
        start=types.Position(line=start, character=0),
        end=types.Position(line=end, character=index_to_units(text, len(text), encoding)),
    )


def region_json(place: Place, lines: Sequence[str], encoding: Encoding) -> dict[str, Any]:
    """A place in the code as answers have it."""
    whole = lsp_range(lines, place.first + 1, place.end, encoding)
    return {"range": whole, "symbol": place.symbol, "kind": place.kind}


def touched_lines(selection: types.Range) -> tuple[int, int]:
    """First and last line of a selection, 1-based and inclusive.

    A selection of whole lines ends at column 0 of the line after them, and that line is not meant.
    """
    first, last = sorted((selection.start, selection.end), key=lambda at: (at.line, at.character))
    if last.line > first.line and last.character == 0:
        return first.line + 1, last.line
    return first.line + 1, last.line + 1


def path_of(uri: str) -> Path | None:
    """The file a URI names, or None for other schemes (untitled:, git:, vscode-notebook-cell:, ...).

    pygls' own conversion splits `;` off as a URL parameter and loses the rest of such a file's name.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or not parts.path:
        return None
    path = parts.path
    if os.name == "nt":
        from urllib.request import url2pathname  # with all of HTTP, for which no other system should wait

        # It wants the drive without percent signs: VS Code writes file:///c%3A/...
        path = unquote(path) if _DRIVE.match(unquote(path)) else path
        return Path(url2pathname(path))
    text = unquote(path, errors="surrogateescape")
    return None if "\0" in text else Path(text)


def document_key(uri: str) -> str:
    """One spelling per document: clients and their plugins differ in what they percent-encode."""
    return unquote(uri, errors="surrogateescape")


def content_uri(commit: str, path: str, side: str) -> str:
    """The document that holds a file before or after a commit; the path is last, so that editors see the language."""
    return f"{SCHEME}:/{commit}/{side}/{quote(path)}"


def content_of(uri: str) -> tuple[str, str, str] | None:
    """Commit, path and side of such a document; None for any other URI."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    fields = unquote(parts.path).split("/", 3)
    if parts.scheme != SCHEME or parts.netloc or len(fields) != 4 or fields[0]:
        return None
    _, commit, side, path = fields
    return commit, path, side
