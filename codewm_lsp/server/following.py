"""The indexes of the open work trees follow their repositories, and whoever shows how they stand is told.

Long runs show as progress that can be cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from codewm_lsp.server.progress import WorkDone

if TYPE_CHECKING:
    from codewm_lsp.engine.follow import Follower
    from codewm_lsp.engine.index_state import IndexState
    from codewm_lsp.server.checkout import Checkout

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 0.1  # at whether the person has cancelled
_SECONDS_BETWEEN_NUMBERS = 0.2  # that are told of one run


class Following:
    """One follower for each work tree. `start` and `stop` belong to the thread for texts, `end` to whoever ends."""

    def __init__(self, work_done: WorkDone, tell: Callable[[Path, IndexState], None]) -> None:
        """`tell` hears on the event loop how a work tree's index stands, whenever that changes."""
        self._work_done, self._tell = work_done, tell
        self._followed: dict[Checkout, Followed] = {}

    def start(self, checkout: Checkout, loop: asyncio.AbstractEventLoop) -> Followed:
        """Follow a work tree, unless it is followed already. Never makes an index where there is none."""
        if checkout not in self._followed:
            self._followed[checkout] = Followed(self._work_done, self._tell, checkout, loop)
        return self._followed[checkout]

    def stop(self, checkouts: Iterable[Checkout]) -> None:
        """Nobody has anything open there any more."""
        for checkout in checkouts:
            if (followed := self._followed.pop(checkout, None)) is not None:
                followed.close()

    def end(self) -> None:
        """The server ends: nobody waits for indexers, which end with us and keep what they have stored."""
        self.stop(list(self._followed))


class Followed:
    """A work tree that is followed: its index's state, and the progress of what is done for it."""

    def __init__(
        self,
        work_done: WorkDone,
        tell: Callable[[Path, IndexState], None],
        checkout: Checkout,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        from codewm_lsp.engine.follow import Follower

        self.work_tree = checkout.work_tree
        self._work_done, self._tell, self._loop = work_done, tell, loop
        self._known = asyncio.Event()
        # These belong to the loop: the newest that it heard of, what was told last and when, and what is shown.
        self._state: IndexState | None = None
        self._told: IndexState | None = None
        self._told_at = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._over: asyncio.Event | None = None  # of the run that is shown
        self._shown: set[asyncio.Task[None]] = set()
        self._follower: Follower = Follower(checkout.repository, self._on_follower)
        self._follower.start()

    async def state(self) -> IndexState:
        """How the index stands; waits for the first look at it."""
        await self._known.wait()
        assert self._follower.state is not None
        return self._follower.state

    def index(self, *, rebuild: bool) -> None:
        """Make the index, or bring it up to date, in the background."""
        self._follower.index(rebuild=rebuild)

    def close(self) -> None:
        """Stop following; waits for nothing."""
        threading.Thread(target=self._follower.close, name="codewm-unfollow", daemon=True).start()

    def _on_follower(self, state: IndexState) -> None:
        """Called on the follower's thread, or on that of whoever asked for an index."""
        try:
            self._loop.call_soon_threadsafe(self._heard, state)
        except RuntimeError:
            pass  # the loop has ended, and nobody looks any more

    def _heard(self, state: IndexState) -> None:
        self._state = state
        self._known.set()
        if state.kind == "error":
            _log.warning("%s: %s", self.work_tree.name, state.message)
        if state.kind != "indexing":
            if self._over is not None:
                self._over.set()
            self._over = None
        elif state.commits_total and self._over is None:
            self._over = asyncio.Event()
            task = self._loop.create_task(self._show(self._over))
            self._shown.add(task)
            task.add_done_callback(self._shown.discard)
        wait = self._told_at + _SECONDS_BETWEEN_NUMBERS - self._loop.time()
        if wait <= 0 or self._told is None or self._told.kind != state.kind:
            self._tell_now()
        elif self._later is None:
            self._later = self._loop.call_later(wait, self._tell_now)

    def _tell_now(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._state is not None and self._state != self._told:
            self._told, self._told_at = self._state, self._loop.time()
            self._tell(self.work_tree, self._state)

    async def _show(self, over: asyncio.Event) -> None:
        """The progress of one run until it is over: a cancel must never reach the next one."""
        async with self._work_done.progress(f"Indexing {self.work_tree.name}") as progress:
            while not over.is_set():
                state = self._state
                if state is not None and state.commits is not None and state.commits_total:
                    done, total = state.commits, state.commits_total
                    progress.report(done, total, f"{done} of {total} commits")
                if progress.cancelled.is_set():
                    self._follower.cancel()
                    await over.wait()
                await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
