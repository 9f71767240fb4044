"""What a request sees of the connection: nothing here ever changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codewm_lsp.server.document import Document, StaleError
from codewm_lsp.server.settings import Settings

if TYPE_CHECKING:
    from codewm_lsp.server.checkout import Checkout
    from codewm_model.edit import Edit


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document and the settings as they were when a request arrived."""

    document: Document
    version: int | None
    revision: int
    settings: Settings

    def lines(self) -> tuple[str, ...]:
        """The buffer's lines with their ends. Raises StaleError once the document has moved on."""
        return self.document.lines_at(self.revision)

    def check(self) -> None:
        """Raise StaleError once the document has moved on: its answer would point at other lines."""
        if self.document.closed or self.document.revision != self.revision:
            raise StaleError(self.document.uri)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a question that needs no looking: the document's version and the status."""

    version: int | None
    status: str


@dataclass(frozen=True, slots=True)
class LiveEdits:
    """What the buffer changes against its base, in which work tree, and the settings that hold there.

    `problems` are sentences about the work tree's own settings.
    """

    checkout: Checkout
    edits: tuple[Edit, ...]
    lines: tuple[str, ...]
    settings: Settings
    problems: tuple[str, ...] = ()

    def touching(self, first: int, last: int) -> tuple[Edit, ...]:
        """The edits that lines `first` to `last` touch, 1-based; a deletion touches both its neighbours."""
        return tuple(edit for edit in self.edits if _distance(edit, first, last) == 0)

    def nearest(self, line: int) -> Edit | None:
        """The current edit of a cursor: the one at `line`, or else the nearest; None without edits."""
        return min(self.edits, key=lambda edit: _distance(edit, line, line), default=None)


def _distance(edit: Edit, first: int, last: int) -> int:
    start, end = edit.lines
    if not edit.added:
        start, end = max(1, start - 1), start
    return max(start - last, first - end, 0)
