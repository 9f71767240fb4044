"""The unit of everything: one hunk of one file, its text before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """One hunk: `removed` lines of `before`, from line `first` on, were replaced by `added`.

    Lines are 0-based and carry no line end. `before` holds all lines of the file before the edit, or is
    None where nobody needs them (no grammar for the file). `after` is `before` with this hunk
    ALONE applied, so that a neighbouring hunk's answer never shows in an edit's text; `new_first` is where
    the added lines stand in the file that really followed.
    """

    path: str
    before: tuple[str, ...] | None
    first: int
    removed: tuple[str, ...]
    added: tuple[str, ...]
    new_first: int

    @property
    def after(self) -> tuple[str, ...] | None:
        """All lines after this hunk alone, or None where `before` is."""
        if self.before is None:
            return None
        return self.before[: self.first] + self.added + self.before[self.first + len(self.removed) :]

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line in the new file, 1-based and inclusive; a pure deletion names one line."""
        first = self.new_first + 1
        return first, max(first, self.new_first + len(self.added))


@dataclass(frozen=True, slots=True)
class Commit:
    """Who, when and why. `time` is the author's, in seconds since the epoch."""

    id: str
    author: str
    email: str
    time: int
    subject: str


def split_lines(text: str) -> tuple[str, ...]:
    r"""Lines as git and LSP know them: `\n`, `\r\n` and `\r` end one, form feeds and U+2028 do not."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return tuple(lines)


def edit_between(before: str, after: str, path: str = "fragment.py") -> Edit:
    """The single hunk that turns `before` into `after`: everything between their first and last difference."""
    old, new = split_lines(before), split_lines(after)
    first, tail = common_ends(old, new)
    return Edit(path, old, first, old[first : len(old) - tail], new[first : len(new) - tail], first)


def common_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many items two sequences share at their start, and then at their end."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail
