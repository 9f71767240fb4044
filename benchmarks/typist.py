"""Somebody who edits a file, for `benchmarks/soak.py`: what is typed, and the text as a plain string beside it.

A text is one string with `\\n` as its line ends, so that an edit is a slice and a position is counted: this is how a
document is done slowly, and what a server's copy must agree with.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

LETTERS = "abcdefghij_klmnop qrstuvwxyz0123456789()[]:=,.\"'#äß漢😀"
BREAKS = ("(", "[", '"""', "def ", "class X(", ":", "\\")
LARGEST_GROWTH = 4000  # characters beyond the text at open, from where more is deleted than typed
UNDONE = 200  # edits that can be taken back


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` took the place of `old`, which began at `start`."""

    start: int
    old: str
    new: str


class Typist:
    """One open document: its text, its cursor, and what has been done to it."""

    def __init__(self, uri: str, text: str, seed: int) -> None:
        self.uri = uri
        self.version = 0
        self.text = text
        self.cursor = 0
        self._size = len(text)
        self._chance = random.Random(seed)
        self._done: list[Edit] = []
        self._broken: list[str] = []

    def next_change(self) -> list[dict[str, Any]]:
        """The content changes of one more edit, as `textDocument/didChange` carries them."""
        self.version += 1
        draw = self._chance.random()
        if draw < 0.03:
            return self._undo()
        if draw < 0.07:
            self._go()
        if len(self.text) > self._size + LARGEST_GROWTH:
            return [self._replace(self.cursor, self._chance.randrange(100, 1500), "")]
        if draw < 0.10:
            return self._break_or_mend()
        if draw < 0.14:
            return [self._replace(self.cursor, 0, self._copied())]
        if draw < 0.18:
            return [self._replace(self.cursor, self._chance.randrange(1, 300), "")]
        if draw < 0.21:
            return [self._replace(self.cursor, 0, self._key()) for _ in range(self._chance.randrange(2, 5))]
        if draw < 0.30:
            return [self._replace(max(0, self.cursor - 1), 1, "")]
        return [self._replace(self.cursor, 0, self._key())]

    def mark_blank_lines(self) -> list[dict[str, Any]]:
        """Changes that leave no line blank, for a blank line that moved is no live edit; the last line first."""
        self.version += 1
        changes = []
        lines = self.text.split("\n")
        place = len(self.text)
        for line in reversed(lines):
            place -= len(line)
            if not line.strip():
                changes.append(self._replace(place, 0, "#"))
            place -= 1
        return changes

    def position(self, offset: int) -> dict[str, int]:
        """A place in the text as LSP counts it, in UTF-16."""
        start = self.text.rfind("\n", 0, offset) + 1
        units = len(self.text[start:offset].encode("utf-16-le")) // 2
        return {"line": self.text.count("\n", 0, offset), "character": units}

    def whole(self) -> dict[str, Any]:
        """The document as `textDocument/didOpen` carries it."""
        self.version += 1
        return {"uri": self.uri, "languageId": "python", "version": self.version, "text": self.text}

    def _go(self) -> None:
        self.cursor = self._chance.randrange(len(self.text) + 1)

    def _key(self) -> str:
        return "\n    " if self._chance.random() < 0.05 else self._chance.choice(LETTERS)

    def _copied(self) -> str:
        """Some lines from elsewhere in the text."""
        lines = self.text.split("\n")
        first = self._chance.randrange(len(lines))
        return "\n".join(lines[first : first + self._chance.randrange(1, 20)]) + "\n"

    def _break_or_mend(self) -> list[dict[str, Any]]:
        """Type half of something, or take away what was typed so before."""
        if self._broken and self._chance.random() < 0.6:
            piece = self._broken.pop()
            if (place := self.text.rfind(piece)) >= 0:
                return [self._replace(place, len(piece), "")]
        self._broken.append(self._chance.choice(BREAKS))
        return [self._replace(self.cursor, 0, self._broken[-1])]

    def _undo(self) -> list[dict[str, Any]]:
        changes = []
        for _ in range(min(len(self._done), self._chance.randrange(1, 6))):
            last = self._done.pop()
            changes.append(self._replace(last.start, len(last.new), last.old, remember=False))
        return changes

    def _replace(self, start: int, count: int, new: str, *, remember: bool = True) -> dict[str, Any]:
        end = min(len(self.text), start + count)
        change = {"range": {"start": self.position(start), "end": self.position(end)}, "text": new}
        if remember:
            self._done = [*self._done[1 - UNDONE :], Edit(start, self.text[start:end], new)]
        self.text = self.text[:start] + new + self.text[end:]
        self.cursor = start + len(new)
        return change
