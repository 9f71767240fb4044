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

from codewm_lsp.engine.encoder import Encoder, ReadEdit
from codewm_lsp.engine.rows import EditRow
from codewm_model.actions import label_of
from codewm_model.changes import ChangeReader
from codewm_model.edit import Commit
from codewm_model.errors import HistoryError
from codewm_model.history import CommitEdits

CHUNK = 64  # edits handed to a worker at once
_SAFE_PATH = "PYTHONSAFEPATH"

Extracted = list[tuple[Commit, list[EditRow], dict[str, int]]]


def chunks(history: Iterator[CommitEdits]) -> Iterator[list[CommitEdits]]:
    """Commits in portions of some edits."""
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


def extract_all(chunks: Iterator[list[CommitEdits]], jobs: int) -> Iterator[Extracted]:
    """`extract` over all chunks, in order, with at most a few chunks per worker in memory."""
    if jobs <= 1:
        yield from map(extract, chunks)
        return
    waiting: deque[Future[Extracted]] = deque()
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
