"""What is written to the index and read from it, one edit at a time."""

from __future__ import annotations

from dataclasses import dataclass

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
