"""What a person never wants to see again as a hit: one past edit, or all of a commit, path or author.

It is stored beside the index and not in it, since an index is made anew now and then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath

import platformdirs

from codewm_lsp.engine.index import Hit
from codewm_lsp.engine.store import index_folder
from codewm_model.errors import DismissalError
from codewm_model.git import Repository

FILE = "dismissed.sqlite3"

_TABLE = """CREATE TABLE IF NOT EXISTS dismissed (
    id INTEGER PRIMARY KEY, "commit" TEXT, path TEXT, first INTEGER, last INTEGER, author TEXT,
    UNIQUE ("commit", path, first, last, author))"""
_COLUMNS = '"commit", path, first, last, author'


@dataclass(frozen=True, slots=True)
class Dismissal:
    """One past edit (commit, path and lines), or all edits of a commit, of a path (a file or folder) or an author."""

    commit: str = ""
    path: str = ""
    first: int = 0
    last: int = 0
    author: str = ""


class Dismissed:
    """All of a repository's dismissals, oldest first, ready to be asked about hits."""

    def __init__(self, entries: Sequence[Dismissal] = ()) -> None:
        self.entries = tuple(entries)
        self.commits = frozenset(entry.commit for entry in entries if entry.commit and not entry.path)
        self._paths = frozenset(entry.path for entry in entries if entry.path and not entry.commit)
        self._authors = frozenset(entry.author for entry in entries if entry.author)
        self._hits = frozenset(entry for entry in entries if entry.commit and entry.path)

    def hides(self, hit: Hit) -> bool:
        """Whether a hit is not to be seen."""
        return (
            hit.commit in self.commits
            or hit.author in self._authors
            or Dismissal(hit.commit, hit.path, *hit.lines) in self._hits
            or any(path in self._paths for path in (hit.path, *map(str, PurePosixPath(hit.path).parents)))
        )


class Dismissals:
    """The file of one repository's dismissals, which several servers may share. Any thread; nothing is held open."""

    def __init__(self, repository: Repository) -> None:
        folder = index_folder(repository)
        if folder.parent != repository.common_dir:  # a cache may be emptied at any time; what a person said may not
            folder = Path(platformdirs.user_data_dir("codewm")) / folder.name
        self._path = folder / FILE
        self._seen: tuple[int, int] | None = None
        self._read = Dismissed()

    def load(self) -> Dismissed:
        """What is dismissed now; read again only if the file has changed.

        Raises:
            DismissalError: the file cannot be read.
        """
        try:
            stat = self._path.stat()
        except OSError:
            return Dismissed()
        if (seen := (stat.st_mtime_ns, stat.st_size)) != self._seen:
            with self._open() as db:
                self._read = Dismissed(
                    [_checked(Dismissal(*row)) for row in db.execute(f"SELECT {_COLUMNS} FROM dismissed ORDER BY id")]
                )
            self._seen = seen
        return self._read

    def add(self, entry: Dismissal) -> None:
        """Dismiss; once more changes nothing.

        Raises:
            DismissalError: the file cannot be written.
        """
        with self._open(write=True) as db:
            db.execute(f"INSERT OR IGNORE INTO dismissed ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", astuple(entry))

    def remove(self, entry: Dismissal) -> None:
        """Bring back what was dismissed; what was not stays as it is.

        Raises:
            DismissalError: the file cannot be written.
        """
        if self._path.exists():
            with self._open(write=True) as db:
                db.execute(f"DELETE FROM dismissed WHERE ({_COLUMNS}) = (?, ?, ?, ?, ?)", astuple(entry))

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are stored together when the block ends well."""
        try:
            if write:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            mode = "rwc" if write else "ro"
            with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10)) as db:
                db.execute("PRAGMA trusted_schema = OFF")
                with db:
                    if write:
                        db.execute(_TABLE)
                    yield db
        except (sqlite3.Error, OSError, TypeError, ValueError, OverflowError) as error:
            raise DismissalError(
                f"{self._path}: {error}; what is dismissed is kept there, delete it if it is damaged"
            ) from error


def _checked(entry: Dismissal) -> Dismissal:
    """The entry, if it is one. Raises a ValueError: SQLite keeps anything anywhere."""
    texts, numbers = (entry.commit, entry.path, entry.author), (entry.first, entry.last)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
        raise ValueError("an entry is none")
    return entry
