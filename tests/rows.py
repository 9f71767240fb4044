"""Looking into an index from outside."""

from __future__ import annotations

import sqlite3
from pathlib import Path

Row = tuple[object, ...]


def rows(folder: Path) -> list[Row]:
    """Every edit with all that is stored of it, in an order that does not depend on its id."""
    query = (
        "SELECT hash, author, email, time, subject, path, first, last, action, lexical, structural,"
        " learned, before_state, action_class FROM edits"
        " JOIN commits ON commits.id = commit_id JOIN paths ON paths.id = path_id"
    )
    return sorted(_ask(folder, query), key=repr)


def indexed_commits(folder: Path) -> list[str]:
    """Commits in the order in which they were stored; [] while there is no index."""
    try:
        return [str(row[0]) for row in _ask(folder, "SELECT hash FROM commits ORDER BY id")]
    except sqlite3.OperationalError:
        return []


def _ask(folder: Path, query: str) -> list[Row]:
    db = sqlite3.connect(f"file:{folder / 'edits.sqlite3'}?mode=ro", uri=True, timeout=30)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()
