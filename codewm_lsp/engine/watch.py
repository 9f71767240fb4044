"""A module of ours in a process that is watched (see `codewm_lsp.watched`), from the outside."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 300  # seconds; then the process is ended


@dataclass
class Watched:
    """A process, and once it has ended, its last words and what it touched, by kind (nothing if it crashed)."""

    process: subprocess.Popen[bytes]
    errors: str = ""
    touched: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def watched(module: str, *arguments: str) -> Iterator[Watched]:
    """Run `python -m module`, with pipes to talk to it; leaving the block waits for its end."""
    with tempfile.TemporaryDirectory(prefix="codewm-watched-") as folder:
        report, errors = Path(folder) / "report", Path(folder) / "errors"
        command = [sys.executable, "-P", "-m", "codewm_lsp.watched", str(report), module, *arguments]
        with (
            errors.open("wb") as stderr,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr) as process,
        ):
            run = Watched(process)
            timer = threading.Timer(PATIENCE, process.kill)
            timer.start()
            try:
                yield run
            finally:
                assert process.stdin is not None
                try:
                    process.stdin.close()
                except OSError:
                    pass  # it ended before it had read everything
                process.wait()
                timer.cancel()
        run.errors = errors.read_text("utf-8", errors="replace").strip()
        if report.is_file():
            run.touched = json.loads(report.read_text("ascii"))
