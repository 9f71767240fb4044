"""The command line as a person meets it: a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value and nothing else."""
        return json.loads(self.out)


def run(*arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """Run `codewm-lsp` with arguments; `env` adds variables, `stdin` is fed to it, `cwd` is where."""
    done = subprocess.run(
        [sys.executable, "-m", "codewm_lsp", *map(str, arguments)],
        input=stdin, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def with_stub(folder: Path) -> str:
    """PYTHONPATH with this folder first."""
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
