"""The index on disk: SQLite rows, the only truth. No code is stored, only hashes and provenance.

Everything else (the HNSW file) can be made again from these rows, so a transaction is all that crash safety
needs: a commit is indexed when the transaction that holds its edits is.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from codewm_lsp.engine.database import (
    Transaction,
    connect,
    demand,
    is_writable,
    refuse_strange,
    schema_of,
    sound_rows,
    unusable,
)
from codewm_lsp.engine.default_bundle import default_bundle
from codewm_lsp.engine.packing import pack, pack_vector, unpack, unpack_vector
from codewm_lsp.engine.rows import Candidate, EditRow, StoredEdit, commit_of, stored_edit_of, text_of
from codewm_lsp.engine.schema import SCHEMA, make_tables, schema
from codewm_model.edit import Commit
from codewm_model.errors import IndexMissingError, IndexStoreError, IndexVersionError
from codewm_model.git import Repository
from codewm_model.sketch import Floats, Sketch
from codewm_model.version import representation_version

LONGEST = 1.1  # square of the length of a stored vector, which is 1 in half precision at most
DATABASE = "edits.sqlite3"

_NO_INDEX = "this repository has no index yet: run `codewm-lsp index`"
_JOINED = "edits JOIN commits ON commits.id = commit_id JOIN paths ON paths.id = path_id"


def index_folder(repository: Repository) -> Path:
    """Where a repository's index lies: in its common git directory, or in the user's cache if that is read-only."""
    inside = repository.common_dir / "codewm"
    if inside.is_dir() or is_writable(repository.common_dir):
        return inside
    name = hashlib.blake2b(os.fsencode(repository.common_dir), digest_size=8).hexdigest()
    return Path(platformdirs.user_cache_dir("codewm")) / name


def stored_path(path: str) -> str:
    """A path as the index spells it: bytes that are not UTF-8 become replacement characters."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Store:
    """One connection to the rows. Readers see the last finished transaction and never wait for the writer."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open an index; with `write`, make an empty one where none is.

        Raises:
            IndexMissingError: there is none (never with `write`).
            IndexVersionError: another version wrote it, or one with another model.
            IndexStoreError: the file is damaged.
            BundleError: there is no model that could have written it.
        """
        self.folder = folder
        path = folder / DATABASE
        if not write and not path.is_file():
            raise IndexMissingError(_NO_INDEX)
        self.bundle = default_bundle()
        if write:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            self._db = connect(path, write)
            self._db.execute("PRAGMA synchronous = NORMAL")
            if write:
                self._db.execute("PRAGMA cache_size = -4096")  # KiB; a reader of random sketches gains nothing by it
                self._db.execute("PRAGMA journal_mode = WAL")
                self._create()
        except sqlite3.DatabaseError as error:
            raise unusable(error) from error
        try:
            self._check_version()
        except IndexStoreError:
            self.close()  # whoever makes the index anew must be able to delete the file
            raise
        except sqlite3.DatabaseError as error:
            self.close()
            raise unusable(error) from error

    def _create(self) -> None:
        if not schema_of(self._db):
            with self.transaction():
                make_tables(self._db)
                for key, value in self.version().items():
                    self.set_meta(key, value)

    def _check_version(self) -> None:
        if not schema_of(self._db):
            raise IndexMissingError(_NO_INDEX)  # an indexer has just made the file, or was killed doing so
        refuse_strange(self._db)
        found = {key: self.get_meta(key) for key in self.version()}
        if found != self.version():
            what = ", ".join(f"{key} {value}" for key, value in found.items())
            raise IndexVersionError(
                f"the index was written by another version or model ({what}): run `codewm-lsp index` to rebuild it"
            )
        if schema_of(self._db) != schema():
            raise IndexStoreError("the index is damaged (its tables are not ours): run `codewm-lsp index --rebuild`")

    def version(self) -> dict[str, object]:
        """What must be equal for the stored numbers to mean the same."""
        return {"schema": SCHEMA, "representation": representation_version(), "model": self.bundle.id}

    def transaction(self) -> Transaction:
        """A block that is stored whole or not at all."""
        return Transaction(self._db)

    def get_meta(self, key: str) -> object:
        """A value stored with `set_meta`, or None."""
        return next((row[0] for row in self._read("SELECT value FROM meta WHERE key = ?", (key,))), None)

    def set_meta(self, key: str, value: object) -> None:
        """Store one small value."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def add_commit(self, commit: Commit, rows: Sequence[EditRow], skipped: dict[str, int]) -> list[int]:
        """Store a commit with its edits; the edits' ids, ascending."""
        cursor = self._db.execute(
            "INSERT INTO commits (hash, author, email, time, subject) VALUES (?, ?, ?, ?, ?)",
            (commit.id, _clean(commit.author), _clean(commit.email), commit.time, _clean(commit.subject)),
        )
        number = cursor.lastrowid
        self._db.executemany("INSERT INTO skipped VALUES (?, ?, ?)", [(number, *item) for item in skipped.items()])
        return [self._add_edit(number, row) for row in rows]

    def _add_edit(self, commit: int | None, row: EditRow) -> int:
        path, edit = stored_path(row.path), row.encoded
        self._db.execute("INSERT OR IGNORE INTO paths (path) VALUES (?)", (path,))
        cursor = self._db.execute(
            "INSERT INTO edits (commit_id, path_id, first, last, action, lexical, structural, learned, before_state,"
            " action_class) VALUES (?, (SELECT id FROM paths WHERE path = ?), ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(commit, path, *row.lines, row.action, pack(edit.sketch.lexical), pack(edit.sketch.structural)),
                *(pack_vector(edit.learned), pack_vector(edit.before), edit.action_class),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def copy_commit(self, commit: Commit, edits: Sequence[dict[str, object]], skipped: dict[str, int]) -> None:
        """Store a commit with edits as another index has them: its columns by name, `path` among them."""
        self.add_commit(commit, (), skipped)
        for edit in edits:
            columns = {name: value for name, value in edit.items() if name != "path"}
            self._db.execute("INSERT OR IGNORE INTO paths (path) VALUES (?)", (edit["path"],))
            self._db.execute(
                f"INSERT INTO edits (commit_id, path_id, {', '.join(columns)}) VALUES ("
                f"(SELECT id FROM commits WHERE hash = ?), (SELECT id FROM paths WHERE path = ?), {_marks(columns)})",
                (commit.id, edit["path"], *columns.values()),
            )

    def remove_commits(self, hashes: Iterable[str]) -> int:
        """Forget commits; how many edits that were."""
        gone = 0
        for commit in hashes:
            (number,) = self._db.execute("SELECT id FROM commits WHERE hash = ?", (commit,)).fetchone()
            gone += self._db.execute("DELETE FROM edits WHERE commit_id = ?", (number,)).rowcount
            self._db.execute("DELETE FROM skipped WHERE commit_id = ?", (number,))
            self._db.execute("DELETE FROM commits WHERE id = ?", (number,))
        return gone

    def commit_hashes(self) -> set[str]:
        """Ids of all indexed commits."""
        with sound_rows():
            return {text_of(row[0]) for row in self._read("SELECT hash FROM commits")}

    def commits_skipped_for(self, reasons: Sequence[str]) -> set[str]:
        """Ids of the commits of which something was skipped for one of these reasons."""
        query = f"SELECT hash FROM commits JOIN skipped ON commits.id = commit_id WHERE reason IN ({_marks(reasons)})"
        return {row[0] for row in self._read(query, reasons)}

    def commits_with_edits(self) -> Iterator[tuple[Commit, list[str], int]]:
        """Every commit that has edits, with their paths and how many they are."""
        rows = self._read(
            f"SELECT hash, author, email, time, subject, path, count(*) FROM {_JOINED}"
            " GROUP BY commit_id, path_id ORDER BY commit_id"
        )
        for _, group in itertools.groupby(rows, key=lambda row: row[0]):
            parts = list(group)
            with sound_rows():
                made = commit_of(parts[0][:5]), [text_of(part[5]) for part in parts], sum(part[6] for part in parts)
            yield made

    def counts(self) -> tuple[int, int, dict[str, int]]:
        """Commits, edits, and what was skipped by reason."""
        (commits, edits), *_ = self._read("SELECT (SELECT count(*) FROM commits), (SELECT count(*) FROM edits)")
        rows = self._read("SELECT reason, sum(count) FROM skipped GROUP BY reason ORDER BY 2 DESC, 1")
        with sound_rows():
            return commits, edits, {text_of(reason): int(count) for reason, count in rows}

    def last_edit(self) -> int:
        """The highest edit id, 0 in an empty index."""
        return int(next(self._read("SELECT coalesce(max(id), 0) FROM edits"))[0])

    def edit_ids(self) -> list[int]:
        """The ids of all edits."""
        return [row[0] for row in self._read("SELECT id FROM edits")]

    def edits_after(self, last: int) -> int:
        """How many edits were added after edit `last`."""
        return int(next(self._read("SELECT count(*) FROM edits WHERE id > ?", (last,)))[0])

    def sketches_after(self, last: int) -> Iterator[tuple[int, Sketch, Floats | None]]:
        """Ids, sketches and learned embeddings of the edits that were added after edit `last`, ascending."""
        rows = self._read("SELECT id, lexical, structural, learned FROM edits WHERE id > ? ORDER BY id", (last,))
        for number, lexical, structural, packed in rows:
            with sound_rows():
                sketch, learned = Sketch(unpack(lexical), unpack(structural)), unpack_vector(packed)
                for vector in (
                    sketch.lexical.weights,
                    sketch.structural.weights,
                    *(() if learned is None else (learned,)),
                ):
                    demand(bool(vector @ vector < LONGEST), "a vector is too long")  # also if it is no number
            yield number, sketch, learned

    def states_after(self, last: int) -> Iterator[tuple[int, int, bytes]]:
        """Ids, classes and packed before-states of the edits after edit `last` that have a state, ascending."""
        return self._read(
            "SELECT id, action_class, before_state FROM edits"
            " WHERE id > ? AND before_state IS NOT NULL AND action_class IS NOT NULL ORDER BY id",
            (last,),
        )

    def ids_where(self, condition: str, values: Sequence[object]) -> list[int]:
        """Ids of the edits that satisfy a condition on `commits` and `paths`, newest commits first."""
        return [row[0] for row in self._read(f"SELECT edits.id FROM {_JOINED} WHERE {condition}", values)]

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        """The edits with these ids that are still there, as far as ranking needs them."""
        query = (
            "SELECT edits.id, hash, time, path_id, lexical, structural, learned"
            f" FROM edits JOIN commits ON commits.id = commit_id WHERE edits.id IN ({_marks(ids)})"
        )
        try:
            rows = self._db.execute(query, ids).fetchall()  # at once, for this is what every keystroke's hits wait for
        except sqlite3.DatabaseError as error:
            raise unusable(error) from error
        return [Candidate(*row) for row in rows]

    def provenance(self, ids: Sequence[int]) -> dict[int, StoredEdit]:
        """Where the edits with these ids come from."""
        rows = self._read(
            "SELECT edits.id, hash, author, email, time, subject, path, first, last, action"
            f" FROM {_JOINED} WHERE edits.id IN ({_marks(ids)})",
            ids,
        )
        with sound_rows():
            return {row[0]: stored_edit_of(row[1:]) for row in rows}

    def copy_to(self, path: Path) -> None:
        """Write all rows to a new file, without what is unused."""
        self._db.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(path),))  # a path need not be UTF-8

    def compact(self) -> None:
        """Give back to the disk what rows that are gone have left; readers go on meanwhile."""
        with self.transaction():
            self._db.execute("DELETE FROM paths WHERE id NOT IN (SELECT path_id FROM edits)")
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self) -> int:
        """Bytes on disk of everything in the folder; an indexer may be at work there."""
        total = 0
        for path in self.folder.iterdir():
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                pass  # replaced while we looked
        return total

    def _read(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            # Not `yield from`: dropped half-way it would close the cursor, and after its database that is an error.
            for row in self._db.execute(query, values):  # noqa: UP028
                yield row
        except sqlite3.DatabaseError as error:
            raise unusable(error) from error

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _marks(ids: Collection[object]) -> str:
    return ",".join("?" * len(ids))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")
