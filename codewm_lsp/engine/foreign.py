"""An index that somebody sent, read without believing it.

Its tables must be ours to the letter, so that no view or trigger of it runs; its version and model must be those that
run here; and every value must be one that an indexer could have written.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from codewm_lsp.engine.database import schema_of
from codewm_lsp.engine.packing import unpack, unpack_vector
from codewm_lsp.engine.schema import schema
from codewm_lsp.engine.store import Store
from codewm_model.sketch import Features

_LARGEST_VALUE = 1 << 20  # bytes
_MOST_FEATURES = 1 << 14
_LONGEST_TEXT = 4096
_OURS = ("id", "commit_id", "path_id")  # numbered anew
_ID = re.compile("[0-9a-f]{40,64}")

Row = tuple[object, ...]


class RefusedFileError(ValueError):
    """What is wrong with a file."""


class ForeignIndex:
    """A file open for reading, of the same version and model as the index that it is compared with."""

    def __init__(self, file: Path, ours: Store) -> None:
        if not file.is_file():
            raise RefusedFileError("there is no such file")
        config = ours.bundle.config
        self._lengths = {"learned": config.d_edit, "before_state": config.d_state}
        self._classes = len(ours.bundle.action_classes())
        self._db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
            self._db.execute("PRAGMA trusted_schema = OFF")
            self._db.execute("PRAGMA cell_size_check = ON")
            _demand(schema_of(self._db) == schema(), "it is no index, or one of another version")
            _demand(self._ask("PRAGMA quick_check(1)") == [("ok",)], "it is damaged")
            meta = {key: value for key, value in self._ask("SELECT key, value FROM meta")}  # noqa: C416  rows have no size
            for key, value in ours.version().items():
                _demand(meta.get(key) == value, f"its {key} is another one")
        except BaseException:
            self._db.close()
            raise
        self.rules = meta.get("left_out")
        self.paths = tuple(str(meta.get("paths") or "").splitlines())

    def commits(self) -> list[tuple[int, str]]:
        """Number and id of every commit, in the order in which they were stored."""
        rows = self._ask("SELECT id, hash FROM commits ORDER BY id")
        _demand(all(isinstance(ident, str) and _ID.fullmatch(ident) for _, ident in rows), "a commit has no id")
        return [(_number(number), str(ident)) for number, ident in rows]

    def edits_of(self, commit: int) -> list[dict[str, object]]:
        """A commit's edits as `Store.copy_commit` takes them."""
        cursor = self._db.execute(
            "SELECT path, edits.* FROM edits JOIN paths ON paths.id = path_id WHERE commit_id = ? ORDER BY edits.id",
            (commit,),
        )
        names = [column[0] for column in cursor.description]
        return [
            {name: self._checked(name, value) for name, value in zip(names, row, strict=True) if name not in _OURS}
            for row in cursor
        ]

    def skipped_of(self, commit: int) -> dict[str, int]:
        """What was skipped of a commit, by reason."""
        rows = self._ask("SELECT reason, count FROM skipped WHERE commit_id = ?", (commit,))
        return {_text(reason): _number(count) for reason, count in rows}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _ask(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        return self._db.execute(query, values).fetchall()

    def _checked(self, column: str, value: object) -> object:
        if column in ("lexical", "structural"):
            _demand(isinstance(value, bytes) and len(value) % 6 == 0, f"{column} is no vector")
            assert isinstance(value, bytes)
            _check_features(unpack(value))
        elif column in self._lengths:
            if value is not None:
                _demand(isinstance(value, bytes) and len(value) == 2 * self._lengths[column], f"{column} is no vector")
                assert isinstance(value, bytes)
                vector = unpack_vector(value)
                _demand(vector is not None and bool(np.isfinite(vector).all()), f"{column} is no vector")
        elif column in ("path", "action"):
            return _text(value)
        elif column == "action_class":
            _demand(value is None or _number(value) < self._classes, "an action class is none")
        elif column in ("first", "last"):
            return _number(value)
        return value


def _check_features(features: Features) -> None:
    hashes, weights = features.hashes.astype(np.int64), features.weights
    _demand(len(hashes) <= _MOST_FEATURES and bool((np.diff(hashes) > 0).all()), "a sketch is not in order")
    _demand(bool(weights @ weights < 1.1), "a sketch is too long")  # also if it is not a number


def _text(value: object) -> str:
    _demand(isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value, "a text is none")
    assert isinstance(value, str)
    return value


def _number(value: object) -> int:
    _demand(isinstance(value, int) and 0 <= value < 1 << 31, "a number is none")
    assert isinstance(value, int)
    return value


def _demand(holds: bool, otherwise: str) -> bool:
    if not holds:
        raise RefusedFileError(otherwise)
    return True
