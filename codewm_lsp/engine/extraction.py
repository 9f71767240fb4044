"""What the index stores of each commit, worked out in processes of their own.

This process reads git and hands out commits; workers parse, sketch and encode, and never outlive it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from codewm_lsp.engine.encoder import Encoder, ReadEdit
from codewm_lsp.engine.rows import EditRow
from codewm_lsp.memory import give_back
from codewm_model.actions import label_of
from codewm_model.changes import ChangeReader
from codewm_model.edit import Commit, Edit
from codewm_model.errors import HistoryError
from codewm_model.history import CommitEdits

CHUNK = 64  # edits handed to a worker at once
CHUNK_LINES = 20_000  # of whole files among them, 2 MB: a commit can change a hundred files of ten thousand lines
_SAFE_PATH = "PYTHONSAFEPATH"

Extracted = list[tuple[Commit, list[EditRow], dict[str, int]]]


@dataclass(frozen=True, slots=True)
class Part:
    """A commit, or some of its edits; `skipped` is None where the rest of them follows in the next portion."""

    commit: Commit
    edits: tuple[Edit, ...]
    skipped: dict[str, int] | None


Rows = list[tuple[Commit, list[EditRow], dict[str, int] | None]]
"""What parts become."""


def chunks(history: Iterator[CommitEdits]) -> Iterator[list[Part]]:
    """Commits in portions of some edits; one that is large is cut into several."""
    chunk: list[Part] = []
    size = lines = 0
    for whole in history:
        commit, edits, start = whole.commit, whole.edits, 0
        for i, edit in enumerate(edits):
            if i == start or edit.before is not edits[i - 1].before:
                more = len(edit.before or ())
                if lines and lines + more > CHUNK_LINES:
                    if i > start:
                        chunk.append(Part(commit, edits[start:i], None))
                    yield chunk
                    chunk, size, lines, start = [], 0, 0, i
                lines += more
        chunk.append(Part(commit, edits[start:], dict(whole.skipped)))
        size += len(edits) - start + 1
        if size >= CHUNK:
            yield chunk
            chunk, size, lines = [], 0, 0
    if chunk:
        yield chunk


def extract(chunk: Sequence[Part]) -> Rows:
    """Sketch and encode every edit of some commits; runs in a worker, which opens the model once."""
    give_back()  # what the chunk before left behind; a worker would keep the most that any of them took
    encoder = Encoder.default()
    read = [list(_read(encoder, part.edits)) for part in chunk]
    encoded = iter(encoder.encode([edit for part in read for _, edit in part]))
    return [
        (
            part.commit,
            [
                EditRow(edit.path, edit.lines, label, next(encoded))
                for edit, (label, _) in zip(part.edits, labelled, strict=True)
            ],
            part.skipped,
        )
        for part, labelled in zip(chunk, read, strict=True)
    ]


def _read(encoder: Encoder, edits: Sequence[Edit]) -> Iterator[tuple[str, ReadEdit]]:
    """The label of each edit, and what is to be encoded of it."""
    reader = ChangeReader(most=1)  # the edits of a file stand together
    for edit in edits:
        change = reader.read(edit)
        yield label_of(change), encoder.read(change)


def extract_all(history: Iterator[CommitEdits], jobs: int) -> Iterator[Extracted]:
    """`extract` over a history, whole commits in order, with at most a few chunks per worker in memory."""
    yield from _joined(map(extract, chunks(history)) if jobs <= 1 else _in_processes(chunks(history), jobs))


def _joined(parts: Iterator[Rows]) -> Iterator[Extracted]:
    """Whole commits again: the beginning of one waits for the rest of it."""
    begun: list[EditRow] = []
    for extracted in parts:
        whole: Extracted = []
        for commit, rows, skipped in extracted:
            begun += rows
            if skipped is not None:
                whole.append((commit, begun, skipped))
                begun = []
        if whole:
            yield whole


def _in_processes(chunks: Iterator[list[Part]], jobs: int) -> Iterator[Rows]:
    waiting: deque[Future[Rows]] = deque()
    context = multiprocessing.get_context("spawn")  # fork would copy threads' locks
    with _safe_path(), ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker) as pool:
        try:
            for chunk in chunks:
                waiting.append(pool.submit(extract, chunk))
                if len(waiting) > jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise HistoryError("a worker process was ended from outside; run `codewm-lsp index` again") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _safe_path() -> Iterator[None]:
    """For processes that start meanwhile: none imports what lies in the current folder, be it anybody's."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE_PATH]
        if before is not None:
            os.environ[_SAFE_PATH] = before


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
