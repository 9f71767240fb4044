"""`python -P -m codewm_lsp.watched REPORT MODULE ARGUMENT...`: run a module, and write down what it touches.

The audit hook is there before anything else of the product is imported, and Python has no way to take one out again.
It sees what goes through Python: files, sockets, programs, databases, extension modules. REPORT is a file for the JSON.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

_LOCAL = 1  # AF_UNIX: the pair of sockets by which an event loop wakes itself
_WRITING = os.O_WRONLY | os.O_RDWR


class Watch:
    """What was seen, each thing once, in order: files `read` and `written`, `programs` run, `network` calls."""

    def __init__(self) -> None:
        self.read: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self.programs: dict[str, None] = {}
        self.network: dict[str, None] = {}

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook."""
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, (str, bytes)):
                writes = bool(flags & _WRITING) if mode is None else not set("wax+").isdisjoint(mode)
                (self.written if writes else self.read)[os.fsdecode(path)] = None
        elif event == "sqlite3.connect":
            self.read[os.fsdecode(arguments[0]).removeprefix("file://").partition("?")[0]] = None
        elif event == "import" and arguments[1]:
            self.read[arguments[1]] = None
        elif event in ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"):
            self.programs[_program(arguments)] = None
        elif event.startswith("socket.") and not (event == "socket.__new__" and arguments[1] == _LOCAL):
            self.network[event] = None

    def to_json(self) -> dict[str, list[str]]:
        """As lists."""
        return {name: list(seen) for name, seen in vars(self).items()}


def main() -> None:
    """Run the module as `python -m` would."""
    report, module, *arguments = sys.argv[1:]
    watch = Watch()
    sys.addaudithook(watch.see)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        found = watch.to_json()
        Path(report).write_text(json.dumps(found), encoding="ascii")


def _program(arguments: tuple[Any, ...]) -> str:
    """The program's name and its subcommand; the other arguments may hold names that are nobody's business."""
    program, line = arguments[0], arguments[1] if len(arguments) > 1 else ()
    words = [os.fsdecode(word) for word in line] if isinstance(line, (list, tuple)) else []
    name = os.fsdecode(program) if program else (words or ["?"])[0]
    command = next((word for word in words[1:] if not word.startswith("-")), "")
    return f"{Path(name if words else name.split()[0]).name} {command}".strip()


if __name__ == "__main__":
    main()
