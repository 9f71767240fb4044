"""What a keystroke costs in a 5,000-line file, through a real server process.

    python benchmarks/keystroke.py REPO [--edits N] [--seconds S] [--json]

The file is made of the Python files of the work tree REPO, one after the other; nothing is written there. First the
time from a change to the state of the region around it, asked for at once with `codewm/state`: every text is new, and
the model is shown 64, 128 and 256 positions in turn, by copies of the default model that differ in this alone. Then
a person types 20 characters a second, the state is asked for at every one of them, and a question that needs no work,
asked 50 times a second, tells how long the event loop lets it wait. Peer: the same messages to a pygls server that
keeps documents and answers null, which is the floor. The unit is milliseconds; `ours` and `peers` are the medians from
change to state at 128 positions, `ratio` is ours by the floor's. Linux only, for the processor's time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from server import SERVERS, Client

from codewm_lsp.engine.buffer import Buffer
from codewm_lsp.engine.default_bundle import VARIABLE, default_bundle
from codewm_model.bundle import write_config
from codewm_model.edit import split_lines
from codewm_model.errors import CodewmError
from codewm_model.languages import LANGUAGES
from codewm_model.tokenizer import tokenize

LINES = 5000
POSITIONS = (64, 128, 256)
KEYS_PER_SECOND, QUESTIONS_PER_SECOND = 20, 50
OURS, PEER = "ours", "a pygls server that does nothing"
FLOOR = """
from pygls.lsp.server import LanguageServer
server = LanguageServer("floor", "1")
server.feature("codewm/state")(lambda params: None)
server.feature("textDocument/hover")(lambda params: None)
server.start_io()
"""
COMMANDS = {OURS: SERVERS["ours"], PEER: [sys.executable, "-c", FLOOR]}
IDLE = {"textDocument": {"uri": "file:///not/open.py"}, "position": {"line": 0, "character": 0}}


@dataclass(frozen=True)
class Typing:
    """A minute of typing: milliseconds that a question waited, versions that got a state, share of one core."""

    delays: list[float]
    answered: float
    busy: float


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--edits", type=int, default=200, help="how many for each size (default: 200)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long is typed (default: 60)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    lines = long_file(options.repo)
    if len(lines) < LINES:
        print(f"keystroke: REPO needs {LINES} lines of Python", file=sys.stderr)
        return 2
    try:
        result = measure(lines, options.edits, options.seconds)
    except CodewmError as error:
        print(f"keystroke: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(result)) if options.json else show(result)
    return 0


def long_file(repo: Path) -> list[str]:
    """The first 5,000 lines of all Python files, in the order of their paths."""
    lines: list[str] = []
    for path in sorted(repo.rglob("*.py")):
        if path.is_file():
            lines += split_lines(path.read_text(encoding="utf-8", errors="replace"))
    return lines[:LINES]


def measure(lines: list[str], count: int, seconds: float) -> dict[str, Any]:
    """Every size and the typing, with both servers."""
    sizes = [size for size in POSITIONS if size <= default_bundle().config.max_positions]
    states: dict[str, Any] = {}
    for size in sizes:
        places, filled = long_regions(lines, size, count)
        with showing(size):
            ours, inside = edits(COMMANDS[OURS], lines, places)
        floor, _ = edits(COMMANDS[PEER], lines, places)
        states[str(size)] = {
            "positions": round(filled, 1), "ours": spread(ours), "inside": spread(inside), PEER: spread(floor)
        }  # fmt: skip
    typed = {name: typing(command, lines, seconds) for name, command in COMMANDS.items()}
    ours, floor = (states[str(sizes[min(1, len(sizes) - 1)])][name]["p50"] for name in (OURS, PEER))
    return {
        "name": "change to fresh state in a 5,000-line file, median ms",
        "n": count,
        "ours": ours,
        "peers": {PEER: floor},
        "ratio": round(ours / floor, 2),
        "states": states,
        "typing": {
            name: {
                "seconds": seconds, "loop": spread(found.delays),
                "versions_with_state": round(found.answered, 4), "share_of_one_core": round(found.busy, 4),
            }
            for name, found in typed.items()
        },
    }  # fmt: skip


def long_regions(lines: list[str], size: int, count: int) -> tuple[list[int], float]:
    """Lines whose regions fill `size` positions, or come nearest to it, and how many positions they have."""
    buffer = Buffer.parse(LANGUAGES[0], lines)
    chance = random.Random(size)
    tried = chance.sample([i for i, line in enumerate(lines) if line.startswith("    ")], min(8 * count, LINES // 2))
    filled = sorted(((len(tokenize(buffer.region_at(line, size), size).text), line) for line in tried), reverse=True)[
        :count
    ]
    chance.shuffle(filled)
    return [line for _, line in filled], statistics.mean(positions for positions, _ in filled)


@contextmanager
def showing(positions: int) -> Iterator[None]:
    """The default model, shown so many positions."""
    bundle = default_bundle()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bundle"
        shutil.copytree(bundle.folder, copy)
        write_config(copy, replace(bundle.config, positions=positions))
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(copy)
        try:
            yield
        finally:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before


class Editor:
    """A file open in a server, in which something new is typed at each key."""

    def __init__(self, command: list[str], lines: list[str]) -> None:
        self.client = Client(command, Path.cwd())
        self._uri = (Path.cwd() / "keystroke.py").as_uri()
        self._version = 1
        item = {"uri": self._uri, "languageId": "python", "version": 1, "text": "\n".join(lines)}
        self.client.tell("textDocument/didOpen", {"textDocument": item})
        self.client.ask("codewm/state", self.question(0))  # the file is parsed and the model is there

    def question(self, line: int) -> dict[str, Any]:
        """The params that ask for the state at a line."""
        return {"textDocument": {"uri": self._uri}, "position": {"line": line, "character": 0}}

    def press(self, line: int, character: int, text: str) -> None:
        """Type."""
        self._version += 1
        place = {"line": line, "character": character}
        document = {"uri": self._uri, "version": self._version}
        changes = [{"range": {"start": place, "end": place}, "text": text}]
        self.client.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})


def edits(command: list[str], lines: list[str], places: list[int]) -> tuple[list[float], list[float]]:
    """Milliseconds from each change to the answer with its state, and those that the server itself counted."""
    editor = Editor(command, lines)
    seen, inside = [], []
    for number, line in enumerate(places):
        start = time.perf_counter()
        editor.press(line, 4, f"new_{number} = ")
        answer = editor.client.ask("codewm/state", editor.question(line))
        seen.append((time.perf_counter() - start) * 1000)
        if answer is not None:
            assert answer["status"] == "ok" and answer["regions"][0]["fresh"], answer
            inside.append(answer["timings"]["fresh_ms"])
    editor.client.close()
    return seen, inside


def typing(command: list[str], lines: list[str], seconds: float) -> Typing:
    """Type within one function for so long."""
    editor = Editor(command, lines)
    (line, *_), _ = long_regions(lines, POSITIONS[1], 1)
    sent: dict[int, float] = {}
    delays: list[float] = []
    states = 0

    def read() -> None:
        nonlocal states
        while (message := editor.client.read()).get("id") != "last":
            if message.get("id") in sent:
                delays.append((time.perf_counter() - sent[message["id"]]) * 1000)
            elif "id" in message and (message.get("result") or {}).get("status") == "ok":
                states += 1

    reader = threading.Thread(target=read)
    reader.start()
    start, began = time.perf_counter(), processor_seconds(editor.client.process.pid)
    keys = questions = 0
    while (now := time.perf_counter() - start) < seconds:
        if keys < now * KEYS_PER_SECOND:
            keys += 1
            editor.press(line, 4 + keys % 40, chr(ord("a") + keys % 26))
            editor.client.tell("codewm/state", editor.question(line), id=-keys)
        if questions < now * QUESTIONS_PER_SECOND:
            questions += 1
            sent[1_000_000 + questions] = time.perf_counter()
            editor.client.tell("textDocument/hover", IDLE, id=1_000_000 + questions)
        time.sleep(0.001)
    busy = (processor_seconds(editor.client.process.pid) - began) / (time.perf_counter() - start)
    editor.client.tell("codewm/state", editor.question(line), id="last")
    reader.join()
    editor.client.close()
    return Typing(delays, states / keys, busy)


def processor_seconds(pid: int) -> float:
    """What a process has used of the processor, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values: list[float]) -> dict[str, float]:
    """The middle and the ends of a distribution; empty without values."""
    if len(values) < 2:
        return {}
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "p99": round(cuts[98], 2)}


def show(result: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table("", OURS, PEER, title=f"a 5,000-line file, {result['n']} edits for each size, every text new")
    for size, found in result["states"].items():
        for cut in ("p50", "p95"):
            name = f"change to state, {size} positions ({found['positions']} filled), {cut} ms"
            table.add_row(name, str(found["ours"][cut]), str(found[PEER][cut]))
        table.add_row("  the same without the way to and from the client, p50 ms", str(found["inside"]["p50"]), "")
    both = [result["typing"][name] for name in (OURS, PEER)]
    for cut in ("p50", "p99"):
        table.add_row(f"the event loop's delay while typing, {cut} ms", *(str(found["loop"][cut]) for found in both))
    table.add_row("versions that got a state", f"{both[0]['versions_with_state']:.1%}", "")
    table.add_row("share of one core while typing", *(f"{found['share_of_one_core']:.1%}" for found in both))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
