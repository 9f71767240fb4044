"""The commit history into the index: incremental, resumable, newest commits first, in bounded memory.

This process reads git and writes rows; workers do the rest (`engine/extraction.py`). A commit is written in one
transaction with its edits, so an interruption at any moment loses at most the work of a few unfinished chunks.

A long history is read in rounds. The graph of the edits, the one thing here that grows with them, is in memory only
between two rounds, when there are no workers and no git.
"""

from __future__ import annotations

import fnmatch
import logging
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from codewm_lsp.engine.database import unusable
from codewm_lsp.engine.extraction import Extracted, extract_all
from codewm_lsp.engine.left_out import REASONS, LeftOut, rules_of
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.store import DATABASE, Store, index_folder
from codewm_lsp.engine.vectors import VectorIndex, is_kept, keep_graph
from codewm_lsp.memory import give_back
from codewm_model.errors import IndexVersionError
from codewm_model.git import Repository
from codewm_model.history import list_commits, local_revisions, read_history
from codewm_model.left_alone import holds_secrets

_log = logging.getLogger(__name__)

POOL_FROM = 200  # commits from which starting workers pays
ROUND = 512  # commits read before the graph is written, or an eighth of those read: what readers must catch up with


@dataclass
class Progress:
    """How far a run is; handed to the caller's `report` after every chunk."""

    commits_total: int
    started: float
    commits: int = 0
    edits: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    """Sentences about what the repository's own settings say wrongly."""

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.started


@dataclass(frozen=True)
class Selection:
    """Which part of the history a run reads: commits `since` (as git reads dates), at most `max_commits` of them."""

    since: str = ""
    max_commits: int = 0

    def options(self) -> list[str]:
        """As options of `git rev-list`."""
        chosen = [f"--since={self.since}"] if self.since else []
        return chosen + ([f"--max-count={self.max_commits}"] if self.max_commits else [])


def update_index(
    repository: Repository,
    selection: Selection | None = None,
    *,
    paths: Sequence[str] = (),
    jobs: int = 0,
    rebuild: bool = False,
    existing: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Bring the index up to the repository's branches; what was done in this run.

    `paths` (folders or globs) restrict what is indexed; the index remembers them, and other ones make it anew, as
    another version or model does. `existing` only brings up to date what is there, and makes nothing anew. Interrupting
    this (KeyboardInterrupt) leaves a valid index.

    Raises:
        IndexBusyError: another process is indexing.
        IndexStoreError: the index is damaged, or cannot be written.
        IndexMissingError, IndexVersionError: with `existing`, there is none that is of use.
        HistoryError: git cannot read the repository.
        BundleError: the model is missing, damaged or of another version.
    """
    selection = selection or Selection()
    folder = index_folder(repository)
    if existing:
        Store(folder).close()
    with only_writer(folder):
        try:
            store = Store(folder, write=True) if existing else _open(folder, rebuild, tuple(paths))
            try:
                return _update(repository, store, selection, jobs or min(4, os.cpu_count() or 1), report, existing)
            finally:
                store.close()
        except (sqlite3.DatabaseError, OSError) as error:
            raise unusable(error) from error


def reachable_commits(repository: Repository, *options: str) -> list[str]:
    """What an index should hold, newest first: the commits of all local branches and of every worktree's HEAD."""
    return list_commits(repository, local_revisions(repository), *options)


def pending_commits(store: Store, commits: Sequence[str]) -> list[str]:
    """Those of `commits` that the index lacks, in their order."""
    known = store.commit_hashes()
    return [commit for commit in commits if commit not in known]


def _update(
    repository: Repository,
    store: Store,
    selection: Selection,
    jobs: int,
    report: Callable[[Progress], None],
    existing: bool,
) -> Progress:
    started = time.monotonic()
    rules, problems = rules_of(repository)
    reachable = reachable_commits(repository)
    forgotten = _forget(store, rules, set(reachable))
    options = selection.options()
    pending = pending_commits(store, reachable_commits(repository, *options) if options else reachable)
    _log.info("%d commits to read into %s", len(pending), store.folder)
    progress = Progress(len(pending), started, problems=problems)
    report(progress)
    if existing and not pending and not forgotten and is_kept(store):
        return progress  # a server asks this whenever it starts; reading a large graph takes seconds
    wanted = _wanted(indexed_paths(store))
    for commits in rounds(pending, len(reachable) - len(pending)):
        history = read_history(repository, commits, only=wanted, left_out=rules.reason_of_path)
        try:
            for extracted in extract_all(rules.apply(history), jobs if len(commits) >= POOL_FROM else 1):
                _write(store, extracted, progress)
                report(progress)
        finally:
            history.close()  # and with it git
            give_back()
            keep_graph(store, VectorIndex.load(store))
    return progress


def rounds(commits: Sequence[str], known: int) -> Iterator[Sequence[str]]:
    """Commits in portions that grow with what is `known` before them; one, which may be empty, where they are few."""
    start = 0
    while True:
        size = max(ROUND, (known + start) // 8)
        # A short rest belongs to the last round: its workers would cost more than they save.
        end = start + size if len(commits) - start - size >= POOL_FROM else len(commits)
        yield commits[start:end]
        if (start := end) == len(commits):
            return


def _wanted(paths: Sequence[str]) -> Callable[[str], bool]:
    chosen = path_filter(paths)
    return lambda path: chosen(path) and not holds_secrets(PurePosixPath(path))


def _write(store: Store, extracted: Extracted, progress: Progress) -> None:
    with store.transaction():
        for commit, rows, skipped in extracted:
            store.add_commit(commit, rows, skipped)
            progress.skipped.update(skipped)
    progress.commits += len(extracted)
    progress.edits += sum(len(rows) for _, rows, _ in extracted)


def _forget(store: Store, rules: LeftOut, reachable: set[str]) -> bool:
    """Remove commits that no branch and no worktree reaches any more, and those that other rules would change.

    Whether there were any.
    """
    gone = store.commit_hashes() - reachable
    record = rules.record()
    changed = store.get_meta("left_out") != record
    if changed:
        gone |= _changed_by(rules, store)
    if gone or changed:
        with store.transaction():
            store.remove_commits(gone)
            store.set_meta("left_out", record)
    return bool(gone)


def _changed_by(rules: LeftOut, store: Store) -> set[str]:
    """Commits of which something was left out, or is to be from now on: they are read again."""
    return store.commits_skipped_for(REASONS) | {
        commit.id
        for commit, paths, edits in store.commits_with_edits()
        if rules.reason_of_commit(commit, edits) or any(map(rules.reason_of_path, paths))
    }


def indexed_paths(store: Store) -> tuple[str, ...]:
    """The folders and globs that the index is restricted to; () for everything."""
    return tuple(str(store.get_meta("paths") or "").splitlines())


def path_filter(paths: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path is one of `paths`, lies in one of them, or matches one as a glob; all do if there are none."""
    folders = tuple(path.rstrip("/") + "/" for path in paths)
    return lambda path: (
        not paths or f"{path}/".startswith(folders) or any(fnmatch.fnmatchcase(path, glob) for glob in paths)
    )


def _open(folder: Path, rebuild: bool, paths: tuple[str, ...]) -> Store:
    """The store to write to, made anew where it has to be."""
    if not rebuild:
        try:
            store = Store(folder, write=True)
            if paths in ((), indexed_paths(store)):
                return store
            store.close()
        except IndexVersionError:
            pass
    discard(folder)
    store = Store(folder, write=True)
    store.set_meta("paths", "\n".join(paths))
    return store


def discard(folder: Path) -> None:
    """Remove an index, but for its lock."""
    for path in [*folder.glob(f"{DATABASE}*"), *folder.glob("vectors-*.hnsw")]:
        path.unlink(missing_ok=True)
