"""A long day in front of one server: does its memory stay flat, its answers come, and its text stay the editor's?

    python benchmarks/soak.py REPO [--edits N] [--most-rise MIB] [--json]

A clone of REPO with an index of its newest commits is edited in a real server process: typing, pasting, deleting, undo,
syntax that breaks and is mended, in eight documents of which four are open at a time, one of them no Python and one
without a file. Every version's state is asked for, some in a burst, and in between similar edits, hover and lenses. Now
and then the texts are committed as they are: a server whose copy is the same finds no edit in it then, to the last
blank. Peer: the same text as a plain string. The unit is edits; `ours` is how many of them have been answered for.

Memory is the server's resident set, looked at 200 times. The first quarter is left to caches, which are full after
some 20,000 edits (4,096 states, two times 16,384 features of sketches); over the other three a line is fitted, and what
it rises must be at most 16 MiB, or MIB in a shorter run. The exit code is 1 if it rises more, if a request had no
answer, two, or an error, if a text differed, or if anything was logged. It can be stopped at any time, and writes
nothing but in a temporary folder. Linux only, for the memory.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from answers import SECONDS, Answers
from keystroke import processor_seconds
from rich.console import Console
from rich.table import Table
from server import SERVERS, Client
from typist import Typist

from codewm_model.git import git_program

COMMITS = 100  # deep is the clone
OPEN = 4
DOCUMENTS = 8
LOOKS, CHECKS = 200, 20
EDITS_TO_CHECK = 2000  # at least so many before the texts are compared again
MOST_RISE = 16.0  # MiB over the last three quarters
LINES = (60, 1500)  # of a file that is edited


def main() -> int:
    """Read the options, edit, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--edits", type=int, default=200_000, help="how many (default: 200000)")
    parser.add_argument(
        "--most-rise",
        type=float,
        default=MOST_RISE,
        metavar="MIB",
        help=f"how much memory may rise (default: {MOST_RISE})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    if options.edits < LOOKS:
        parser.error(f"--edits must be at least {LOOKS}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "clone"
        # Not more than is indexed: else the server goes on with that, and its memory grows as it should.
        clone = [git_program(), "clone", "--quiet", f"--depth={COMMITS}", options.repo.resolve().as_uri(), str(root)]
        if subprocess.run(clone).returncode != 0:
            return 2
        files = python_files(root)
        if len(files) < DOCUMENTS - 2:
            print(f"soak: REPO needs {DOCUMENTS - 2} Python files of {LINES[0]} to {LINES[1]} lines", file=sys.stderr)
            return 2
        index = [sys.executable, "-m", "codewm_lsp", "index", "--quiet", str(root)]
        subprocess.run(index, check=True, stdout=subprocess.DEVNULL)
        with (Path(folder) / "log").open("w+b") as log:
            result = Soak(root, files, log).run(options.edits)
            log.seek(0)
            lines = log.read().decode(errors="replace").splitlines()
        result["logged"] = len(lines)
        print("\n".join(lines[:20]), file=sys.stderr)
    result["most_rise_mib"] = options.most_rise
    print(json.dumps(result)) if options.json else show(result)
    return 0 if is_sound(result) else 1


def is_sound(result: dict[str, Any]) -> bool:
    """Whether all that the program promises holds."""
    return (
        result["ours"] == result["n"]
        and result["unasked_answers"] == result["errors"] == result["logged"] == 0
        and result["texts_equal"] == result["texts_compared"] > 0
        and result["rise_mib"] <= result["most_rise_mib"]
    )


def python_files(root: Path) -> list[Path]:
    """Files of a middle size, in no order of theirs."""
    found = [path for path in sorted(root.rglob("*.py")) if path.is_file() and not path.is_symlink()]
    found = [path for path in found if LINES[0] <= path.read_bytes().count(b"\n") <= LINES[1]]
    random.Random(0).shuffle(found)
    return found[: DOCUMENTS - 2]


class Soak:
    """The client's side of it."""

    def __init__(self, root: Path, files: list[Path], log: Any) -> None:
        self._root, self._chance = root, random.Random(1)
        notes = root / "soak-notes.md"
        notes.write_text("# Notes\n\nOne.\n")
        self._git("add", "--all")
        self._commit()
        uris = [*(path.as_uri() for path in files), notes.as_uri(), "untitled:Untitled-1"]
        texts = [*(path.read_bytes().decode(errors="replace").replace("\r", "") for path in (*files, notes)), "x = 1\n"]
        self._typists = [Typist(uri, text, i) for i, (uri, text) in enumerate(zip(uris, texts, strict=True))]
        self._open: list[Typist] = []
        self._client = Client(SERVERS["ours"], root, log)
        self._answers = Answers(self._client)
        self._compared = self._equal = 0

    def run(self, edits: int) -> dict[str, Any]:
        """Edit so many times; the figures."""
        pid = self._client.process.pid
        began, memory = time.perf_counter(), []
        every = edits // max(2, min(CHECKS, edits // EDITS_TO_CHECK))
        for typist in self._typists[:OPEN]:
            self._open_document(typist)
        for number in range(edits):
            if number % (edits // LOOKS) == 0:
                memory.append(resident_mib(pid))
            if number % 250 == 249:
                self._switch()
            self._edit(number)
            if (number + 1) % every == 0:
                self._check()
        self._answers.settle()
        memory.append(resident_mib(pid))
        seconds, busy = time.perf_counter() - began, processor_seconds(pid)
        statuses = self._answers.statuses
        self._client.tell("shutdown", None, id=0)
        self._client.tell("exit", None)
        self._client.process.wait(SECONDS)
        quarter = memory[len(memory) // 4 :]
        return {
            "name": "edits answered for in a soak",
            "n": edits,
            "ours": sum(statuses.values()),
            "peers": {},
            "ratio": None,
            "statuses": dict(statuses),
            "unasked_answers": self._answers.unasked - 1,  # shutdown's
            "errors": self._answers.errors,
            "texts_compared": self._compared,
            "texts_equal": self._equal,
            "seconds": round(seconds, 1),
            "processor_seconds": round(busy, 1),
            "memory_mib": {"first": round(memory[0], 1), "after a quarter": round(quarter[0], 1),
                           "last": round(memory[-1], 1), "largest": round(max(memory), 1)},
            "rise_mib": round(rise(quarter), 2),
            "looks_mib": [round(look, 1) for look in memory],
        }  # fmt: skip

    def _edit(self, number: int) -> None:
        """One edit and the questions behind it; one in four waits for its answers, as somebody who thinks does."""
        typist = self._chance.choice(self._open) if self._chance.random() < 0.05 else self._open[0]
        self._open.remove(typist)
        self._open.insert(0, typist)
        self._change(typist, typist.next_change())
        document = {"textDocument": {"uri": typist.uri}}
        here = {**document, "position": typist.position(typist.cursor)}
        self._answers.ask("codewm/state", {**here, "version": typist.version, "embeddings": number % 7 == 0})
        for method, every in (("textDocument/hover", 40), ("textDocument/codeLens", 101), ("codewm/similarEdits", 60)):
            if number % every == every - 1:
                self._answers.ask(method, document if method.endswith("Lens") else here)
        if self._chance.random() < 0.25:
            self._answers.settle()

    def _change(self, typist: Typist, changes: list[dict[str, Any]]) -> None:
        document = {"uri": typist.uri, "version": typist.version}
        self._client.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def _open_document(self, typist: Typist) -> None:
        self._client.tell("textDocument/didOpen", {"textDocument": typist.whole()})
        self._open.insert(0, typist)

    def _switch(self) -> None:
        """Close the document that was left alone the longest, and open another one."""
        self._client.tell("textDocument/didClose", {"textDocument": {"uri": self._open.pop().uri}})
        others = [typist for typist in self._typists if typist not in self._open]
        self._open_document(self._chance.choice(others))

    def _check(self) -> None:
        """Commit what the server should have, and ask what it finds changed."""
        for typist in self._open:
            if not typist.uri.startswith("untitled:"):
                self._change(typist, typist.mark_blank_lines())
                self._path(typist).write_bytes(typist.text.encode())
                self._compared += 1
        self._answers.settle()
        self._commit()
        for typist in self._open:
            if not typist.uri.startswith("untitled:"):
                document = {"textDocument": {"uri": typist.uri}}
                self._equal += waited_for(lambda: self._status(document) == "no-edit")  # noqa: B023  called at once

    def _status(self, document: dict[str, Any]) -> str:
        return str(self._answers.result("codewm/similarEdits", document)["status"])

    def _path(self, typist: Typist) -> Path:
        return next(path for path in self._root.rglob(typist.uri.rpartition("/")[2]) if path.as_uri() == typist.uri)

    def _commit(self) -> None:
        """As a bot, whose commits are read and not indexed: an index that grows takes memory as it should."""
        self._git("-c", "user.name=soak[bot]", "-c", "user.email=soak@example.com", "commit", "-qam", "As it is")

    def _git(self, *arguments: str) -> None:
        subprocess.run([git_program(), "-C", str(self._root), *arguments], check=True)


def waited_for(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold within a time in which the server must have looked at HEAD."""
    end = time.monotonic() + SECONDS
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def resident_mib(pid: int) -> float:
    """What a process holds in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def rise(memory: list[float]) -> float:
    """By how much a fitted line rises from the first to the last of equally spaced values."""
    slope, _ = np.polyfit(np.arange(len(memory)), memory, 1)
    return float(slope) * (len(memory) - 1)


def show(result: dict[str, Any]) -> None:
    """The figures as a table."""
    title = f"{result['seconds']:.0f} s, of which the server's threads worked {result['processor_seconds']:.0f} s"
    table = Table("", "", title=title)
    for name, value in rows(result):
        table.add_row(name, str(value))
    Console().print(table)


def rows(result: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the table says."""
    yield "edits", result["n"]
    yield "versions answered for", result["ours"]
    yield from ((f"  {status}", number) for status, number in result["statuses"].items())
    yield "texts equal to the plain string's", f"{result['texts_equal']} of {result['texts_compared']}"
    yield "errors", result["errors"]
    yield "answers that nobody waited for", result["unasked_answers"]
    yield "lines logged", result["logged"]
    yield from ((f"memory, {when}, MiB", number) for when, number in result["memory_mib"].items())
    yield f"rise over the last three quarters, MiB (at most {result['most_rise_mib']:.0f})", result["rise_mib"]


if __name__ == "__main__":
    sys.exit(main())
