"""What is written to the index and read from it, one edit at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codewm_lsp.engine.database import demand
from codewm_lsp.engine.encoder import EncodedEdit
from codewm_model.edit import Commit


@dataclass(frozen=True, slots=True)
class EditRow:
    """One edit as it is stored. Commit, path and lines find its text in git again."""

    path: str
    lines: tuple[int, int]
    action: str
    encoded: EncodedEdit


@dataclass(frozen=True, slots=True)
class Candidate:
    """What ranking needs of a stored edit, vectors as they are stored, `path` by its number."""

    id: int
    commit: str
    time: int
    path: int
    lexical: bytes
    structural: bytes
    learned: bytes | None


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """Where an edit comes from."""

    commit: Commit
    path: str
    lines: tuple[int, int]
    action: str


def stored_edit_of(values: Sequence[Any]) -> StoredEdit:
    """A commit's five columns, path, first, last and action, as nobody but an indexer would have written them.

    Raises ValueError where one of them is of another kind; `database.sound_rows` makes an error for people of that.
    """
    *commit, path, first, last, action = values
    return StoredEdit(commit_of(commit), text_of(path), (_whole(first), _whole(last)), text_of(action))


def commit_of(values: Sequence[Any]) -> Commit:
    """Hash, author, address, time and subject; raises as `stored_edit_of` does."""
    ident, author, email, seconds, subject = values
    demand(0 <= _whole(seconds) < 10**11, "a time is none")  # as `codewm_model.history` reads them
    return Commit(text_of(ident), text_of(author), text_of(email), seconds, text_of(subject))


def text_of(value: Any) -> str:
    """A text; raises as `stored_edit_of` does."""
    demand(isinstance(value, str), "a text is none")
    return str(value)


def _whole(value: Any) -> int:
    demand(isinstance(value, int), "a number is none")
    return int(value)
