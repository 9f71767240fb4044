"""One writer for an index, and no stale lock: a transaction on a file of its own, which ends with its process."""

from __future__ import annotations

import datetime
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from codewm_model.errors import IndexBusyError, IndexStoreError

LOCK, NOTE = "writer.lock", "writer.pid"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the writer's lock; the system lets go of it even if we are killed. Readers never ask for it.

    Raises:
        IndexBusyError: another process holds it.
        IndexStoreError: the folder cannot be written.
    """
    note = folder / NOTE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unwritable(folder, error) from error
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
            note.write_text(f"{os.getpid()} {int(time.time())}\n")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise _unwritable(folder, error) from error
            who, since = _holder(note)
            raise IndexBusyError(f"{who} is indexing this repository already{since}; let it finish") from error
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.close()


def current_writer(folder: Path) -> str | None:
    """Who holds the writer's lock and since when, in words; None if nobody does. Takes no lock where none is held."""
    if not (folder / NOTE).is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{(folder / LOCK).absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as lock:
            lock.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return "".join(_holder(folder / NOTE))
    return None  # the note of one that was killed


def _holder(note: Path) -> tuple[str, str]:
    """Who holds the lock and since when, as it noted itself: for the message only."""
    try:
        found = re.match(r"([0-9]{1,10})(?: ([0-9]{1,11})\n)?", note.read_text(errors="replace"))
    except OSError:
        found = None
    if found is None:
        return "another process", ""
    if found[2] is None:
        return f"process {found[1]}", ""
    since = datetime.datetime.fromtimestamp(int(found[2])).astimezone()
    return f"process {found[1]}", f" since {since:%Y-%m-%d %H:%M:%S}"


def _unwritable(folder: Path, error: Exception) -> IndexStoreError:
    return IndexStoreError(f"the index folder {folder} cannot be written ({error})")
