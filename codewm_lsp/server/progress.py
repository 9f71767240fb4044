"""Work-done progress: nothing for the first second, then one line that always ends, with a button that cancels.

Made for work that takes long and reports from another thread or process, such as following the history:

    async with work_done.progress("Indexing shop") as progress:
        await worker.run(lambda stop: follow(..., report=progress.report, cancelled=progress.cancelled.is_set))
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

_log = logging.getLogger(__name__)

SECONDS_OF_SILENCE = 1.0
_SECONDS_BETWEEN_REPORTS = 0.2


class Progress:
    """One piece of work. Its reports may come from any thread; the newest is the one that is shown."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        """Set when the person cancels; the work asks it between its steps."""
        self._percentage: int | None = None
        self._message: str | None = None

    def report(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Say how far the work is: `done` of `total` steps, where the total is known."""
        if total:
            self._percentage = max(self._percentage or 0, min(100, 100 * done // total))
        self._message = message if message is not None else self._message

    @property
    def state(self) -> tuple[str | None, int | None]:
        """The newest message, and a percentage that never goes back."""
        return self._message, self._percentage


class WorkDone:
    """All progress of one connection. Belongs to the event loop."""

    def __init__(self, server: LanguageServer, silence: float = SECONDS_OF_SILENCE) -> None:
        self._server = server
        self._silence = silence
        self._running: dict[int | str, Progress] = {}

    @asynccontextmanager
    async def progress(self, title: str) -> AsyncIterator[Progress]:
        """Show the block's progress, where the client can and the block takes long enough."""
        progress = Progress()
        token = str(uuid.uuid4())
        show = asyncio.ensure_future(self._show(token, title, progress))
        try:
            yield progress
        finally:
            show.cancel()
            await asyncio.wait([show])

    def cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        """The person cancelled; a token that has ended meanwhile is passed over."""
        progress = self._running.get(params.token)
        if progress is not None:
            progress.cancelled.set()

    async def _show(self, token: str, title: str, progress: Progress) -> None:
        await asyncio.sleep(self._silence)
        if not get_capability(self._server.client_capabilities, "window.work_done_progress"):
            return
        try:
            # Shielded: an answer that comes after the work has ended must still find who asked.
            await asyncio.shield(
                self._server.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))
            )
        except JsonRpcException as error:
            _log.warning("the client does not show progress: %s", error)
            return
        self._running[token] = progress
        shown = message, percentage = progress.state
        self._send(
            token, types.WorkDoneProgressBegin(title=title, cancellable=True, message=message, percentage=percentage)
        )
        try:
            while True:
                await asyncio.sleep(_SECONDS_BETWEEN_REPORTS)
                if (state := progress.state) != shown:
                    shown = message, percentage = state
                    self._send(
                        token, types.WorkDoneProgressReport(cancellable=True, message=message, percentage=percentage)
                    )
        finally:
            del self._running[token]
            ended = "cancelled" if progress.cancelled.is_set() else progress.state[0]
            self._send(token, types.WorkDoneProgressEnd(message=ended))

    def _send(self, token: str, value: object) -> None:
        self._server.progress(types.ProgressParams(token, value))
