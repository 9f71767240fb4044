"""Logs on stderr, written by a thread of their own: a client that never reads our stderr does not stop the server."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from codewm_lsp.server.transport import Writer, write_all

_MOST_WAITING = 1000  # records; what comes on top of them is lost, for memory is not ours to fill
_SECONDS_TO_FLUSH = 0.5


class _Handler(logging.Handler):
    """Formats a record where it is made and leaves the writing to the writer."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record, unless too many wait already."""
        if self._writer.waiting < _MOST_WAITING:
            self._writer.write((self.format(record) + "\n").encode(errors="backslashreplace"))


@contextmanager
def logs_on_stderr() -> Iterator[None]:
    """Send everything that is logged to stderr until the block ends; then what still waits is given a moment."""
    # At INFO pygls logs every message, and with it the user's code.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    sys.stderr.flush()
    writer = Writer(lambda data: write_all(2, data), broken=lambda: None)
    handler, root = _Handler(writer), logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [handler]
    try:
        yield
    finally:
        root.handlers[:] = before
        writer.finish(_SECONDS_TO_FLUSH)
