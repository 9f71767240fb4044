"""An index as one file, for a colleague's clone: written from the rows, and read as what a stranger may have sent.

The file is a SQLite database with an index's tables. Of an imported one nothing is believed (`engine/foreign.py`).
Commits that this repository does not reach are dropped, who made the others and why is read from git, and the graph is
made from the rows. What is imported is added to the index in one transaction, so that a bad file changes nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from codewm_lsp.engine.foreign import ForeignIndex, RefusedFileError
from codewm_lsp.engine.indexing import discard, indexed_paths, reachable_commits
from codewm_lsp.engine.left_out import REASONS, LeftOut, rules_of
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.store import DATABASE, Store, index_folder
from codewm_lsp.engine.vectors import VectorIndex, keep_graph
from codewm_model.edit import Commit
from codewm_model.errors import IndexStoreError
from codewm_model.git import Repository
from codewm_model.history import describe_commits


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: commits and edits that were added, commits that were `known`, or `dropped`."""

    commits: int
    edits: int
    known: int
    dropped: int


def export_index(repository: Repository, file: Path) -> int:
    """Write the repository's index to a new file; how many bytes it has.

    Raises:
        IndexMissingError, IndexVersionError, IndexStoreError: there is none that could be written, or nowhere to.
    """
    if file.exists():
        raise IndexStoreError(f"{file} exists already: name another file")
    with closing(Store(index_folder(repository))) as store:
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        try:
            store.copy_to(part)
            size = part.stat().st_size
            part.replace(file)
        except (sqlite3.DatabaseError, OSError) as error:
            raise IndexStoreError(f"{file} cannot be written ({error})") from error
        finally:
            part.unlink(missing_ok=True)
    return size


def import_index(repository: Repository, file: Path) -> Imported:
    """Add what a file holds of this repository's commits to its index, or make an index of it.

    Raises:
        IndexBusyError: another process is indexing.
        IndexVersionError: the index that is there is of another version.
        IndexStoreError: the file is refused, and why; nothing has changed then.
    """
    folder = index_folder(repository)
    with only_writer(folder):
        is_new = not (folder / DATABASE).exists()
        try:
            with closing(Store(folder, write=True)) as store:
                return _import(repository, store, file, is_new)
        except BaseException as error:
            if is_new:
                discard(folder)
            if isinstance(error, (RefusedFileError, sqlite3.DatabaseError)):
                raise IndexStoreError(f"{file} cannot be imported ({error}); nothing was changed") from error
            raise


def _import(repository: Repository, store: Store, file: Path, is_new: bool) -> Imported:
    reachable, known = set(reachable_commits(repository)), store.commit_hashes()
    rules, _ = rules_of(repository)
    with closing(ForeignIndex(file, store)) as source:
        if not is_new and source.paths != indexed_paths(store):
            raise RefusedFileError("it is restricted to other --paths than this repository's index")
        listed = source.commits()
        wanted = {ident: number for number, ident in listed if ident in reachable and ident not in known}
        commits = edits = 0
        with store.transaction():
            if is_new:
                store.set_meta("paths", "\n".join(source.paths))
                store.set_meta("left_out", rules.record())
            for commit in describe_commits(repository, list(wanted)):
                rows, skipped = source.edits_of(wanted[commit.id]), source.skipped_of(wanted[commit.id])
                if source.rules == rules.record() or _would_be_indexed(rules, commit, rows, skipped):
                    store.copy_commit(commit, rows, skipped)
                    commits, edits = commits + 1, edits + len(rows)
    keep_graph(store, VectorIndex.load(store))
    shared = sum(ident in known for _, ident in listed)
    return Imported(commits, edits, shared, len(listed) - shared - commits)


def _would_be_indexed(
    rules: LeftOut, commit: Commit, rows: Sequence[dict[str, object]], skipped: dict[str, int]
) -> bool:
    """Whether our rules leave out of a commit what theirs did: nothing. Others are left to the indexer."""
    if rules.reason_of_commit(commit, len(rows)) or any(reason in skipped for reason in REASONS):
        return False
    return not any(rules.reason_of_path(str(row["path"])) for row in rows)
