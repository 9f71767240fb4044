"""A command run by another program: its progress in JSON lines, and an end when nobody holds its input any more."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from codewm_model.errors import CodewmError

if TYPE_CHECKING:
    from codewm_lsp.engine.indexing import Progress

_NICENESS = 10
_FEW = 50  # commits: somebody has just made or fetched them, and wants to find them
_END_WITHIN = 5.0  # seconds after which an end that was asked for is made


@contextmanager
def supervised() -> Iterator[Callable[[Progress], None]]:
    """End with standard input as by Ctrl-C, report progress and errors on stdout, and yield to others in a long run."""
    # Whoever started us may ignore Ctrl-C, and we would with them: then we could not be told to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_input, daemon=True).start()

    def report(run: Progress) -> None:
        if run.commits == 0 and run.commits_total > _FEW and hasattr(os, "nice"):
            os.nice(_NICENESS)
        _say(schema="codewm.progress/1", commits=run.commits, commits_total=run.commits_total, edits=run.edits)

    try:
        yield report
    except CodewmError as error:
        _say(schema="codewm.error/1", kind=type(error).__name__, message=str(error))
        raise


def _say(**message: object) -> None:
    click.echo(json.dumps(message))


def _end_with_input() -> None:
    while os.read(0, 1 << 10):  # not sys.stdin: Python dies at its end if a thread is reading that
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_END_WITHIN)
    os._exit(130)
