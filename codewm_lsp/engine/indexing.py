"""The commit history into the index: incremental, resumable, newest commits first, in bounded memory.

This process reads git and writes rows; workers parse, sketch and encode. A commit is written in one transaction with
its edits, so an interruption at any moment loses at most the work of a few unfinished chunks.
"""

from __future__ import annotations

import fnmatch
import logging
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from codewm_lsp.engine.encoder import Encoder, ReadEdit
from codewm_lsp.engine.store import DATABASE, EditRow, Store, index_folder
from codewm_lsp.engine.vectors import VectorIndex
from codewm_model.actions import label_of
from codewm_model.changes import ChangeReader
from codewm_model.edit import Commit
from codewm_model.errors import HistoryError, IndexStoreError, IndexVersionError
from codewm_model.git import Repository
from codewm_model.history import CommitEdits, list_commits, local_revisions, read_history
from codewm_model.left_alone import holds_secrets

_log = logging.getLogger(__name__)

CHUNK = 64  # edits handed to a worker at once
POOL_FROM = 200  # commits from which starting workers pays
SAVE_FROM = 2000  # unsaved edits at which the graph is written, or an eighth of it: what readers must catch up with

Extracted = list[tuple[Commit, list[EditRow], dict[str, int]]]


@dataclass
class Progress:
    """How far a run is; handed to the caller's `report` after every chunk."""

    commits_total: int
    started: float
    commits: int = 0
    edits: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

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
    report: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Bring the index up to the repository's branches; what was done in this run.

    `paths` (folders or globs) restrict what is indexed; the index remembers them, and other ones make it anew, as
    another version or model does. Interrupting this (KeyboardInterrupt) leaves a valid index.

    Raises:
        IndexStoreError: another process is indexing, or the index is damaged.
        HistoryError: git cannot read the repository.
        BundleError: the model is missing, damaged or of another version.
    """
    selection = selection or Selection()
    folder = index_folder(repository)
    with _only_writer(folder):
        store = _open(folder, rebuild, tuple(paths))
        try:
            return _update(repository, store, selection, jobs or min(4, os.cpu_count() or 1), report)
        except sqlite3.DatabaseError as error:
            raise IndexStoreError(f"the index cannot be written ({error}): run `codewm-lsp index --rebuild`") from error
        finally:
            store.close()


def reachable_commits(repository: Repository, *options: str) -> list[str]:
    """What an index should hold, newest first: the commits of all local branches and of every worktree's HEAD."""
    return list_commits(repository, local_revisions(repository), *options)


def pending_commits(store: Store, commits: Sequence[str]) -> list[str]:
    """Those of `commits` that the index lacks, in their order."""
    known = store.commit_hashes()
    return [commit for commit in commits if commit not in known]


def _update(
    repository: Repository, store: Store, selection: Selection, jobs: int, report: Callable[[Progress], None]
) -> Progress:
    started = time.monotonic()
    vectors = VectorIndex.load(store)
    vectors.catch_up(store)  # rows that a killed run stored and never saved in the graph
    reachable = reachable_commits(repository)
    unsaved = _forget(store, vectors, store.commit_hashes() - set(reachable))
    options = selection.options()
    pending = pending_commits(store, reachable_commits(repository, *options) if options else reachable)
    _log.info("%d commits to read into %s", len(pending), store.folder)
    progress = Progress(len(pending), started)
    report(progress)
    try:
        chosen = path_filter(indexed_paths(store))
        history = read_history(
            repository, pending, only=lambda path: chosen(path) and not holds_secrets(PurePosixPath(path))
        )
        for extracted in _extract_all(_chunks(history), jobs if len(pending) >= POOL_FROM else 1):
            unsaved += _write(store, extracted, progress)
            vectors.catch_up(store)
            if unsaved >= max(SAVE_FROM, len(vectors) // 8):
                vectors.save(store)
                unsaved = 0
            report(progress)
    finally:
        vectors.catch_up(store)
        if unsaved or vectors.last != vectors.saved:
            vectors.save(store)
    return progress


def _write(store: Store, extracted: Extracted, progress: Progress) -> int:
    added = 0
    with store.transaction():
        for commit, rows, skipped in extracted:
            store.add_commit(commit, rows, skipped)
            added += len(rows)
            progress.skipped.update(skipped)
    progress.commits += len(extracted)
    progress.edits += added
    return added


def _forget(store: Store, vectors: VectorIndex, gone: set[str]) -> int:
    """Remove commits that no branch and no worktree reaches any more; how many edits that were."""
    if not gone:
        return 0
    with store.transaction():
        ids = store.remove_commits(gone)
    vectors.remove(ids)
    return len(ids)


def _chunks(history: Iterator[CommitEdits]) -> Iterator[list[CommitEdits]]:
    chunk: list[CommitEdits] = []
    size = 0
    for commit in history:
        chunk.append(commit)
        size += len(commit.edits) + 1
        if size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def extract(chunk: Sequence[CommitEdits]) -> Extracted:
    """Sketch and encode every edit of some commits; runs in a worker, which opens the model once."""
    encoder = Encoder.default()
    read = [list(_read(encoder, part)) for part in chunk]
    encoded = iter(encoder.encode([edit for part in read for _, edit in part]))
    return [
        (
            part.commit,
            [
                EditRow(edit.path, edit.lines, label, next(encoded))
                for edit, (label, _) in zip(part.edits, labelled, strict=True)
            ],
            dict(part.skipped),
        )
        for part, labelled in zip(chunk, read, strict=True)
    ]


def _read(encoder: Encoder, commit: CommitEdits) -> Iterator[tuple[str, ReadEdit]]:
    """The label of each edit, and what is to be encoded of it."""
    reader = ChangeReader(most=1)  # the edits of a file stand together
    for edit in commit.edits:
        change = reader.read(edit)
        yield label_of(change), encoder.read(change)


def _extract_all(chunks: Iterator[list[CommitEdits]], jobs: int) -> Iterator[Extracted]:
    """`extract` over all chunks, in order, with at most a few chunks per worker in memory."""
    if jobs <= 1:
        yield from map(extract, chunks)
        return
    waiting: deque[Future[Extracted]] = deque()
    context = multiprocessing.get_context("spawn")  # fork would copy threads' locks
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker) as pool:
        try:
            for chunk in chunks:
                waiting.append(pool.submit(extract, chunk))
                if len(waiting) > 3 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise HistoryError("a worker process was ended from outside; run `codewm-lsp index` again") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


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
    _discard(folder)
    store = Store(folder, write=True)
    store.set_meta("paths", "\n".join(paths))
    return store


def _discard(folder: Path) -> None:
    for path in [*folder.glob(f"{DATABASE}*"), *folder.glob("vectors-*.hnsw")]:
        path.unlink(missing_ok=True)


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold the writer's lock: a transaction on a file of its own, let go by the system even if we are killed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(folder / "writer.lock", timeout=0, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise IndexStoreError(f"the index folder {folder} cannot be written ({error})") from error
    note = folder / "writer.pid"
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            owner = note.read_text().strip() if note.exists() else "unknown"
            raise IndexStoreError(f"process {owner} is indexing this repository already; let it finish") from error
        note.write_text(str(os.getpid()))
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.close()
