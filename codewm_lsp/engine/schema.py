"""The tables of an index. Whoever changes them raises `SCHEMA`: no reader takes an index of another one."""

from __future__ import annotations

import functools
import sqlite3
from contextlib import closing

from codewm_lsp.engine.database import schema_of

SCHEMA = 3

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE commits (id INTEGER PRIMARY KEY, hash TEXT UNIQUE, author TEXT, email TEXT, time INTEGER, subject TEXT);
CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT UNIQUE);
CREATE TABLE edits (
    id INTEGER PRIMARY KEY AUTOINCREMENT, commit_id INTEGER, path_id INTEGER,
    first INTEGER, last INTEGER, action TEXT, lexical BLOB, structural BLOB,
    learned BLOB, before_state BLOB, action_class INTEGER);
CREATE INDEX edits_by_commit ON edits (commit_id);
CREATE TABLE skipped (commit_id INTEGER, reason TEXT, count INTEGER, PRIMARY KEY (commit_id, reason)) WITHOUT ROWID;
"""


def make_tables(db: sqlite3.Connection) -> None:
    """Make all of them in an empty database."""
    for statement in _TABLES.strip().split(";\n"):
        db.execute(statement)


@functools.cache
def schema() -> list[tuple[str, str, str]]:
    """What an index of this version says of its tables."""
    with closing(sqlite3.connect(":memory:")) as db:
        make_tables(db)
        return schema_of(db)
