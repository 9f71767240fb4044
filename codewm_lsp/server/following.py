"""The indexes of the open work trees follow their repositories; long runs show as progress that can be cancelled."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from codewm_lsp.server.progress import WorkDone

if TYPE_CHECKING:
    from codewm_lsp.engine.follow import Follower, Outcome, Step
    from codewm_lsp.server.checkout import Checkout

_log = logging.getLogger(__name__)

T = TypeVar("T")

_SECONDS_BETWEEN_LOOKS = 0.1  # at whether the person has cancelled


class Following:
    """One follower for each work tree. `start` and `stop` belong to the thread for texts, `end` to whoever ends."""

    def __init__(self, work_done: WorkDone) -> None:
        self._work_done = work_done
        self._runs: dict[Checkout, _Run] = {}

    def start(self, checkout: Checkout, loop: asyncio.AbstractEventLoop) -> None:
        """Follow a work tree, unless it is followed already. Never makes an index where there is none."""
        if checkout not in self._runs:
            self._runs[checkout] = _Run(self._work_done, checkout, loop)

    def stop(self, checkouts: Iterable[Checkout]) -> None:
        """Nobody has anything open there any more."""
        for checkout in checkouts:
            if (run := self._runs.pop(checkout, None)) is not None:
                run.close()

    def end(self) -> None:
        """The server ends: nobody waits for indexers, which end with us and keep what they have stored."""
        self.stop(list(self._runs))


class _Run:
    """A follower, and the progress of what it does. Its reports come on the follower's thread."""

    def __init__(self, work_done: WorkDone, checkout: Checkout, loop: asyncio.AbstractEventLoop) -> None:
        from codewm_lsp.engine.follow import Follower

        self._work_done, self._loop = work_done, loop
        self._name = checkout.work_tree.name
        self._step: Step | None = None  # the newest of a run that is under way; belongs to the loop
        self._shown: asyncio.Task[None] | None = None
        self._follower: Follower = Follower(
            checkout.repository, partial(self._on_loop, self._stepped), partial(self._on_loop, self._ended)
        )
        self._follower.start()

    def close(self) -> None:
        """Stop following; waits for nothing."""
        threading.Thread(target=self._follower.close, name="codewm-unfollow", daemon=True).start()

    def _on_loop(self, work: Callable[[T], None], message: T) -> None:
        try:
            self._loop.call_soon_threadsafe(work, message)
        except RuntimeError:
            pass  # the loop has ended, and nobody looks any more

    def _stepped(self, step: Step) -> None:
        self._step = step
        if self._shown is None:
            self._shown = self._loop.create_task(self._show())

    def _ended(self, outcome: Outcome) -> None:
        if outcome.error:
            _log.warning("%s: %s", self._name, outcome.error)
        self._step = self._shown = None

    async def _show(self) -> None:
        async with self._work_done.progress(f"Indexing {self._name}") as progress:
            while (step := self._step) is not None:
                progress.report(step.commits, step.commits_total, f"{step.commits} of {step.commits_total} commits")
                if progress.cancelled.is_set():
                    self._follower.cancel()
                await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
