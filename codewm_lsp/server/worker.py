"""A thread of our own for work that must not run on the event loop.

pygls reads stdin in the same pool in which it runs `@server.thread()` handlers, so a few busy ones
keep a cancel from being read. And the threads of a ThreadPoolExecutor are joined when Python ends: one
hanging git would keep a server alive whose editor has gone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Stop:
    """Asked by the work between its steps: has everybody stopped waiting for it?"""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ask(self) -> None:
        """Ask the work to stop at its next step."""
        self._event.set()

    def check(self) -> None:
        """Raise CancelledError where the request has been cancelled."""
        if self._event.is_set():
            raise asyncio.CancelledError


class Worker:
    """One thread that runs what it is given, in order. What it touches needs no locks of its own."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._started = False
        self._stops: set[Stop] = set()
        self._idle = threading.Event()  # nobody waits for it
        self._idle.set()

    async def run(self, work: Callable[[Stop], T]) -> T:
        """Run `work` and wait for it without blocking the loop.

        Cancelling the wait takes the work out of the queue, or asks it to stop where it has begun.
        """
        stop = Stop()

        def checked() -> T:
            stop.check()
            return work(stop)

        self._stops.add(stop)
        self._idle.clear()
        try:
            return await asyncio.wrap_future(self.submit(checked))
        except asyncio.CancelledError:
            stop.ask()
            raise
        finally:
            self._stops.discard(stop)
            if not self._stops:
                self._idle.set()

    def let_pass(self, seconds: float) -> None:
        """On another thread, before work that nobody waits for: let this one finish what is waited for first."""
        self._idle.wait(seconds)

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue `work`; the thread starts with the first of it, so an idle server has none."""
        future: Future[T] = Future()
        self._jobs.put((future, work))
        if not self._started:
            self._started = True
            self._thread.start()
        return future

    def close(self, seconds: float) -> bool:
        """Let the running job end, for at most `seconds`, and say whether it has; what is queued is not begun."""
        for stop in list(self._stops):
            stop.ask()
        self._jobs.put(None)
        if self._started:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
