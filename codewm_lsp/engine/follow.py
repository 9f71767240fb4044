"""An index that follows its repository: soon after a branch moves, a process of its own indexes what is new.

The indexer is `codewm-lsp index --supervised`: a process, so that neither a crash of it nor its memory is the server's.
It ends with us, and yields to others if it has much to do. Whoever shows or waits for something is told through
callbacks, on the follower's thread.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from codewm_lsp.engine.index_state import IndexState, has_index, index_file, look
from codewm_lsp.engine.refs import RefWatch
from codewm_lsp.memory import give_back
from codewm_model.git import Repository

_log = logging.getLogger(__name__)

LOOK_EVERY = 0.4  # seconds
QUIET_FOR = 0.25  # seconds without a change: a rebase moves HEAD many times
WAIT_AT_MOST = 3.0  # seconds, if it never gets quiet
RETRY_AFTER = 1.0  # seconds, doubled up to the next, while another process is indexing
RETRY_AT_MOST = 30.0
END_WITHIN = 5.0  # seconds that a cancelled indexer has for a clean end


class Follower:
    """Keeps one repository's index up to date from `start` to `close`. Any number may follow one repository.

    It never makes an index, unless `index` is called; with one, it starts by bringing it up to date. `on_state` hears
    how the index stands: at first, and whenever that changes.
    """

    def __init__(self, repository: Repository, on_state: Callable[[IndexState], None] = lambda state: None) -> None:
        self._repository, self._on_state = repository, on_state
        self.state: IndexState | None = None
        """The newest; None until the first look. Any thread may read it."""
        self._watch = RefWatch(repository)
        self._file: tuple[int, int] | None = None  # which file the index was after the last run
        self._wake = threading.Condition()
        self._asked: tuple[str, ...] | None = None  # an indexer's options: for an index, whether there is one or not
        self._cancelled = self._closed = False
        self._running: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._follow, name="codewm-follow", daemon=True)

    def start(self) -> None:
        """Begin to look; once."""
        self._thread.start()

    def index(self, *, rebuild: bool = False) -> None:
        """Bring the index up to date soon, and make it if there is none or one of another version, or to `rebuild`."""
        with self._wake:
            self._asked = ("--rebuild",) if rebuild else self._asked or ()
            if self.state is None or self.state.kind != "indexing":
                self._say(IndexState("indexing"))
            self._wake.notify()

    def cancel(self) -> None:
        """End the run that is under way, if one is, and what was asked for meanwhile; what it has stored stays."""
        with self._wake:
            if self._running is not None:
                self._asked, self._cancelled = None, True
                _tell_to_end(self._running)

    def close(self) -> None:
        """Stop looking, and end a run. Returns when both have ended."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self.cancel()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(END_WITHIN + 1)

    def _follow(self) -> None:
        self._look()
        due, retry = True, RETRY_AFTER
        while not self._closed:
            if not due and self._asked is None:
                self._sleep(LOOK_EVERY)
                due = self._watch.changed() or self._index_file() != self._file
                continue
            self._until_quiet()
            with self._wake:
                options, self._asked = self._asked, None
            busy = not self._closed and self._bring_up_to_date(options)
            due = busy
            if busy:
                with self._wake:
                    self._asked = options if self._asked is None else self._asked
                self._sleep(retry)
                retry = min(2 * retry, RETRY_AT_MOST)
            else:
                retry = RETRY_AFTER

    def _look(self) -> None:
        """Say how the index stands before anything is done for it."""
        state = look(self._repository)
        give_back()  # the names of all commits, for one
        with self._wake:
            if self._asked is not None:
                return
            if state.kind == "stale":  # the first run begins in a moment
                total, done = state.commits_total or 0, state.commits or 0
                state = IndexState("indexing", 0, total - done, 0)
            self._say(state)

    def _bring_up_to_date(self, options: tuple[str, ...] | None) -> bool:
        """One run, if there is something to run for; whether it has to be tried again."""
        self._file = self._index_file()
        if options is None and self._file is None:
            self._say(IndexState("none"))
            return False
        busy = self._run(("--existing",) if options is None else options)
        if not busy:
            self._file = self._index_file()
        return busy

    def _say(self, state: IndexState) -> None:
        with self._wake:
            if state != self.state and not self._closed:
                self.state = state
                self._on_state(state)

    def _index_file(self) -> tuple[int, int] | None:
        """Which file the index is, None where there is no index in it (yet)."""
        found = index_file(self._repository)
        return found if found is None or found == self._file or has_index(self._repository) else None

    def _sleep(self, seconds: float) -> None:
        with self._wake:
            if not self._closed:
                self._wake.wait(seconds)

    def _until_quiet(self) -> None:
        end = time.monotonic() + WAIT_AT_MOST
        while not self._closed and time.monotonic() < end:
            self._sleep(QUIET_FOR)
            if not self._watch.changed():
                return

    def _run(self, options: tuple[str, ...]) -> bool:
        """One run; whether it has to be tried again, since another process is indexing."""
        with self._wake:
            if self._closed:
                return False
            try:
                process = _start(self._repository, options)
            except OSError as error:
                self._say(IndexState("error", message=f"the indexer cannot be started: {error}"))
                return False
            self._running, self._cancelled = process, False
        last: dict[str, Any] = {}
        assert process.stdout is not None and process.stdin is not None
        for line in process.stdout:
            last = _message(line)
            if last.get("schema") == "codewm.progress/1" and last["commits_total"]:
                self._say(IndexState("indexing", last["commits"], last["commits_total"], last["edits"]))
        code = process.wait()
        with self._wake:
            self._running = None
            process.stdin.close()
        process.stdout.close()
        is_busy = last.get("kind") == "IndexBusyError"
        if not self._closed:
            state = self._end_of_run(code, last, is_busy)
            with self._wake:
                if self._asked is None or is_busy:  # else the next run begins in a moment
                    self._say(state)
        return is_busy

    def _end_of_run(self, code: int, last: dict[str, Any], is_busy: bool) -> IndexState:
        """How the index stands after an indexer's last words."""
        if code == 0 and last.get("schema") == "codewm.index/1":
            return IndexState("ready", last["commits"], last["commits"], last["edits"])
        if is_busy:
            return IndexState("indexing", message=str(last.get("message")))
        if self._cancelled:
            return look(self._repository)
        ended = f"the indexer ended with exit code {code}: `codewm-lsp index` says more"
        return IndexState("error", message=str(last.get("message") or ended))


def _start(repository: Repository, options: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """An indexer. Without -P, Python would import what lies in the current folder: the repository, perhaps."""
    command = [sys.executable, "-P", "-m", "codewm_lsp", "index", "--supervised", *options]
    _log.debug("starting %s", " ".join(command))
    return subprocess.Popen(
        [*command, "--", str(repository.work_tree or repository.git_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _tell_to_end(process: subprocess.Popen[bytes]) -> None:
    """The end of its input tells an indexer to store what it has; if it does not end soon, it is killed."""
    assert process.stdin is not None
    process.stdin.close()
    deadline = threading.Timer(END_WITHIN, process.kill)
    deadline.daemon = True
    deadline.start()


def _message(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
