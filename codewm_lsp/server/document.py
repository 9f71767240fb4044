"""One open file as the editor has it.

The text is our own and not pygls': that one splits lines with `str.splitlines`, where a form feed or
U+2028 ends a line, and then applies later edits to the wrong one. LSP knows only CRLF, LF and CR.

On the event loop a change is only recorded; it is applied when somebody asks for the text, on a
worker's thread. A burst of 200 keystrokes costs the loop 200 list appends.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from codewm_lsp.server.convert import Encoding, units_to_index
from codewm_model.edit import common_ends

if TYPE_CHECKING:
    from codewm_lsp.engine.buffer import Splice

_log = logging.getLogger(__name__)

LARGEST_TEXT = 1 << 20
"""Characters of a document that is read. git's limit for a text is about the same, see `codewm_model.git.MAX_BLOB`."""

LONGEST_LINE = 1 << 16
"""Characters of a line in it. A line is the least that is compared, and a minified file is one."""

_LINE_END = re.compile("(\r\n|\n|\r)")


class StaleError(Exception):
    """The document has moved on, so nobody waits for this answer any more."""


class TooLargeError(StaleError):
    """The document is too large to be parsed and compared at every key; its text is kept, in case it shrinks."""


@dataclass(frozen=True, slots=True)
class Change:
    """New text for a range of lines and code units, or for the whole document where `span` is None."""

    text: str
    span: tuple[int, int, int, int] | None = None


def split_keeping_ends(text: str) -> list[str]:
    """Lines with their ends. The last one has none, and is empty where the text ends with a line end."""
    if "\r" not in text:
        lines = text.split("\n")
        return [line + "\n" for line in lines[:-1]] + lines[-1:]
    parts = _LINE_END.split(text)
    return [parts[i] + parts[i + 1] for i in range(0, len(parts) - 1, 2)] + parts[-1:]


def apply_change(lines: list[str], change: Change, encoding: Encoding) -> Splice:
    """Apply one content change to `lines` and return what it did to them, told in lines without their ends."""
    first, end, fresh = _replacement(lines, change, encoding)
    lines[first:end] = fresh
    return first, end - first, [line.rstrip("\r\n") for line in fresh]


def _replacement(lines: Sequence[str], change: Change, encoding: Encoding) -> tuple[int, int, list[str]]:
    """Which lines [first, end) a change replaces, and by what."""
    if change.span is None:
        whole = split_keeping_ends(change.text)
        head, tail = common_ends(lines, whole)
        return head, len(lines) - tail, whole[head : len(whole) - tail]
    start, end = sorted((change.span[:2], change.span[2:]))
    first, head = _place(lines, start[0], start[1], encoding)
    last, tail = _place(lines, end[0], end[1], encoding)
    text = lines[first][:head] + change.text + lines[last][tail:]
    if first > 0 and lines[first - 1].endswith("\r") and text.startswith("\n"):
        # A line end that stood alone has become the first half of a CRLF.
        first -= 1
        text = lines[first] + text
    fresh = split_keeping_ends(text)
    if last < len(lines) - 1 and fresh[-1] == "":
        # The text ends with the last line's own end, behind which the next line already stands.
        fresh.pop()
    return first, last + 1, fresh


def _place(lines: Sequence[str], line: int, units: int, encoding: Encoding) -> tuple[int, int]:
    """Where a position is, clamped into the document: before the line's end, before the end of the text."""
    if line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    return line, units_to_index(lines[line].rstrip("\r\n"), units, encoding)


def content_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines without their ends, and without the empty one behind a final line end, as the diff wants them.

    The byte order mark is dropped: editors hide it, git does not, and it is no edit.
    """
    content = [line.rstrip("\r\n") for line in lines]
    content[0] = content[0].removeprefix("\ufeff")
    if content[-1] == "":
        content.pop()
    return tuple(content)


class Document:
    """An open file: its text, the version the client gave it, and a `revision` that never repeats.

    Client versions may be missing or repeat after a reopen; `revision` counts the changes we saw.
    """

    def __init__(self, uri: str, path: Path | None, version: int | None, text: str, encoding: Encoding):
        self.uri = uri
        self.path = path
        self.version = version
        self.revision = 0
        self.changed_at = monotonic()
        self.closed = False
        self.is_too_large = False
        """Whether its text, as far as it was looked at, is too large to be read."""
        self.encoding = encoding
        self._opened_with = text
        self._opened: tuple[str, ...] | None = None
        self._pending: deque[tuple[int, Sequence[Change]]] = deque([(0, (Change(text),))])
        self._lines: list[str] = [""]
        self._frozen: tuple[str, ...] | None = None
        self._room = 0
        self._applied = -1
        self._splices: list[Splice] | None = None
        self._lock = threading.Lock()

    def record(self, version: int | None, changes: Sequence[Change]) -> None:
        """Note a change; called on the event loop, so nothing is computed here."""
        self.revision += 1
        self.changed_at = monotonic()
        self.version = version
        self._pending.append((self.revision, changes))

    def lines_at(self, revision: int) -> tuple[str, ...]:
        """The buffer's lines with their ends at `revision`.

        Raises StaleError where a newer revision exists: its text is what counts, and the older one is gone. Raises
        TooLargeError.
        """
        with self._lock:
            if revision != self.revision or self.closed:
                raise StaleError(self.uri)
            self._apply(revision)
            if self.is_too_large:
                raise TooLargeError(self.uri)
            return self._freeze()

    def catch_up(self, whole: bool) -> tuple[int, Sequence[Splice]]:
        """The newest revision, and what became of the lines since the last call; or the `whole` text as one splice.

        For one caller, who follows the document. Raises StaleError where it is closed, and TooLargeError, after which
        the caller has lost track of it.
        """
        with self._lock:
            if self.closed:
                raise StaleError(self.uri)
            self._apply(self.revision)
            if self.is_too_large:
                self._splices = None
                raise TooLargeError(self.uri)
            if whole or self._splices is None:
                self._splices = [(0, 0, [line.rstrip("\r\n") for line in self._lines])]
            splices, self._splices = self._splices, []
            return self._applied, splices

    def newest_lines(self) -> tuple[str, ...]:
        """The text as it was left, be it closed, without line ends."""
        with self._lock:
            self._apply(self.revision)
            return content_lines(self._freeze())

    def settle(self) -> None:
        """Apply what is pending: a text that nobody asks for would keep every change that was ever made to it."""
        with self._lock:
            if not self.closed:
                self._apply(self.revision)

    @property
    def was_opened_too_large(self) -> bool:
        """Whether the text at open was too large to be compared with anything."""
        return len(self._opened_with) > LARGEST_TEXT

    def opened_lines(self) -> tuple[str, ...]:
        """The text at open, without line ends: the base of a file that git does not know."""
        if self._opened is None:
            self._opened = content_lines(split_keeping_ends(self._opened_with))
        return self._opened

    def _apply(self, revision: int) -> None:
        """Apply what is pending up to `revision`; with the lock held."""
        if self._applied == revision:
            return
        is_long = self.is_too_large
        while self._pending and self._pending[0][0] <= revision:
            self._applied, changes = self._pending.popleft()
            for change in changes:
                splice = apply_change(self._lines, change, self.encoding)
                self._room -= len(change.text)
                is_long = is_long or any(len(line) > LONGEST_LINE for line in splice[2])
                if self._splices is not None:
                    self._splices.append(splice)
        self._frozen = None
        if is_long or self._room < 0:
            self._measure()

    def _measure(self) -> None:
        """See how large the text is, and how much may come to it before that has to be done again."""
        self._room = LARGEST_TEXT - sum(map(len, self._lines))
        is_too_large = self._room < 0 or max(map(len, self._lines)) > LONGEST_LINE
        if is_too_large and not self.is_too_large:
            _log.warning("%s is not read while it is longer than %d characters, or a line of it longer than %d",
                         self.uri, LARGEST_TEXT, LONGEST_LINE)  # fmt: skip
        self.is_too_large = is_too_large

    def _freeze(self) -> tuple[str, ...]:
        if self._frozen is None:
            self._frozen = tuple(self._lines)
        return self._frozen
