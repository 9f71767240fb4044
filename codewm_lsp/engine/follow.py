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
from dataclasses import dataclass
from typing import Any

from codewm_lsp.engine.refs import RefWatch
from codewm_lsp.engine.store import DATABASE, index_folder
from codewm_model.git import Repository

_log = logging.getLogger(__name__)

LOOK_EVERY = 0.4  # seconds
QUIET_FOR = 0.25  # seconds without a change: a rebase moves HEAD many times
WAIT_AT_MOST = 3.0  # seconds, if it never gets quiet
RETRY_AFTER = 1.0  # seconds, doubled up to the next, while another process is indexing
RETRY_AT_MOST = 30.0
END_WITHIN = 5.0  # seconds that a cancelled indexer has for a clean end


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is."""

    commits: int
    commits_total: int
    edits: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: what it added, or `error`, a sentence for people. A cancelled run keeps what it has stored."""

    commits: int = 0
    edits: int = 0
    error: str = ""
    cancelled: bool = False


class Follower:
    """Keeps one repository's index up to date from `start` to `close`. Any number may follow one repository.

    It never makes an index, unless `index` is called; with one, it starts by bringing it up to date. `on_step` hears
    of runs that have something to do, `on_end` of those that did something, failed or were cancelled.
    """

    def __init__(
        self,
        repository: Repository,
        on_step: Callable[[Step], None] = lambda step: None,
        on_end: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self._repository, self._on_step, self._on_end = repository, on_step, on_end
        self._watch = RefWatch(repository)
        self._wake = threading.Condition()
        self._asked = False  # for an index, whether there is one or not
        self._cancelled = self._closed = False
        self._running: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._follow, name="codewm-follow", daemon=True)

    def start(self) -> None:
        """Begin to look; once."""
        self._thread.start()

    def index(self) -> None:
        """Bring the index up to date soon, and make it if there is none or one of another version."""
        with self._wake:
            self._asked = True
            self._wake.notify()

    def cancel(self) -> None:
        """End the run that is under way, if one is; what it has stored stays."""
        with self._wake:
            if self._running is not None:
                self._cancelled = True
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
        due, retry = True, RETRY_AFTER
        while not self._closed:
            if not (due or self._asked):
                self._sleep(LOOK_EVERY)
                due = self._watch.changed()
                continue
            self._until_quiet()
            with self._wake:
                asked, self._asked = self._asked, False
            busy = not self._closed and (asked or self._has_index()) and self._run(asked)
            due = busy
            if busy:
                with self._wake:
                    self._asked = self._asked or asked
                self._sleep(retry)
                retry = min(2 * retry, RETRY_AT_MOST)
            else:
                retry = RETRY_AFTER

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

    def _has_index(self) -> bool:
        return (index_folder(self._repository) / DATABASE).is_file()

    def _run(self, make: bool) -> bool:
        """One run; whether it has to be tried again, since another process is indexing."""
        with self._wake:
            if self._closed:
                return False
            try:
                process = _start(self._repository, make)
            except OSError as error:
                self._on_end(Outcome(error=f"the indexer cannot be started: {error}"))
                return False
            self._running, self._cancelled = process, False
        last: dict[str, Any] = {}
        assert process.stdout is not None and process.stdin is not None
        for line in process.stdout:
            last = _message(line)
            if last.get("schema") == "codewm.progress/1" and last["commits_total"]:
                self._on_step(Step(last["commits"], last["commits_total"], last["edits"]))
        code = process.wait()
        with self._wake:
            self._running = None
            cancelled = self._cancelled
            process.stdin.close()
        process.stdout.close()
        if code == 0 and last.get("schema") == "codewm.index/1":
            if last["new_commits"]:
                self._on_end(Outcome(last["new_commits"], last["new_edits"]))
        elif last.get("kind") == "IndexBusyError":
            _log.info("%s", last.get("message"))
            return True
        else:
            reason = str(last.get("message") or f"the indexer ended with exit code {code}")
            self._on_end(Outcome(error="" if cancelled else reason, cancelled=cancelled))
        return False


def _start(repository: Repository, make: bool) -> subprocess.Popen[bytes]:
    """An indexer. Without -P, Python would import what lies in the current folder: the repository, perhaps."""
    command = [sys.executable, "-P", "-m", "codewm_lsp", "index", "--supervised", *([] if make else ["--existing"])]
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
