"""SQLite as the index uses it: connections, transactions, files that are not ours, and what to say when it fails."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codewm_model.errors import IndexStoreError

_NOT_WRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


def is_writable(folder: Path) -> bool:
    """Whether we may make files there."""
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """Open a database; somebody else's, in a folder that we may only read, without its write-ahead log."""
    plain = write or is_writable(path.parent)
    name = path.absolute().as_uri() + ("" if plain else "?immutable=1")
    db = sqlite3.connect(name, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA trusted_schema = OFF")
    return db


class Transaction:
    """`with` block around BEGIN IMMEDIATE and COMMIT, or ROLLBACK on any exception."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # SQLite may have rolled back by itself, on a full disk
                self._db.execute("ROLLBACK")


def schema_of(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Kind, name and statement of everything that somebody made in a database.

    Raises:
        IndexStoreError: something of it is no text.
    """
    made = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'sqlite_sequence' ORDER BY 1, 2"
    with sound_rows():
        return [(str(kind), str(name), str(sql)) for kind, name, sql in db.execute(made)]


def refuse_strange(db: sqlite3.Connection) -> None:
    """Views and triggers would run the statements of whoever wrote the file.

    Raises:
        IndexStoreError: the database holds more than tables and their indexes.
    """
    for kind, name, sql in schema_of(db):
        if kind not in {"table", "index"} or sql.upper().startswith("CREATE VIRTUAL"):
            raise IndexStoreError(
                f"the index holds a {kind} {name!r} that is not ours: run `codewm-lsp index --rebuild`"
            )


@contextmanager
def sound_rows() -> Iterator[None]:
    """A block that makes something of what the rows hold: values that no indexer wrote are damage like any other.

    Raises:
        IndexStoreError: they are.
    """
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise unusable(error) from error


def demand(holds: bool, otherwise: str) -> None:
    """Raise a ValueError, for `sound_rows`, unless something holds."""
    if not holds:
        raise ValueError(otherwise)


def unusable(error: Exception) -> IndexStoreError:
    """What to say when the rows cannot be read or written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest is detail
    if isinstance(error, OSError) or code in _NOT_WRITABLE:
        return IndexStoreError(
            f"the index cannot be written ({error}); what was stored before is safe: make room or mend its permissions,"
            " and run `codewm-lsp index` again"
        )
    return IndexStoreError(f"the index is damaged ({error}): run `codewm-lsp index --rebuild`")
