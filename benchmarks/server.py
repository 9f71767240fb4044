"""How long an editor waits for `codewm/similarEdits`, through a real server process.

    python benchmarks/server.py REPO [--requests N] [--json]

REPO is a work tree with an index; nothing in it is written. Each live edit takes back a past edit that still stands in
HEAD, so that real code becomes other real code; every second one is half typed, its last line cut in the middle. After
each, the ten most similar past edits are asked for at that place; the server has looked for new commits before. Peer:
the same messages to a pygls server that keeps documents and answers null, which is the floor. The unit is milliseconds,
`ours` and `peers` are the 95th percentiles, `ratio` is ours by the floor's; `rss_mb` is the server's memory in the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from indexing import children, resident
from rich.console import Console
from rich.table import Table

from codewm_model.edit import split_lines
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import list_commits, read_history

FLOOR = """
from pygls.lsp.server import LanguageServer
server = LanguageServer("floor", "1")
server.feature("codewm/similarEdits")(lambda params: None)
server.start_io()
"""
FLOOR_NAME = "a pygls server that does nothing"
SERVERS = {
    "ours": [sys.executable, "-m", "codewm_lsp", "serve"],
    FLOOR_NAME: [sys.executable, "-c", FLOOR],
}
MAX_LINES = 30  # of either side of a change: more is not typed
OPEN_FILES = 10  # at a time


class Client:
    """One server process, spoken to in turn."""

    def __init__(self, command: list[str], root: Path, log: int | IO[bytes] = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self._last = 0
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def tell(self, method: str, params: Any, **more: Any) -> None:
        """Send a notification."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result."""
        self._last += 1
        self.tell(method, params, id=self._last)
        while (message := self.read()).get("id") != self._last or "method" in message:
            pass
        return message.get("result")

    def read(self) -> dict[str, Any]:
        """The next message."""
        output = self.process.stdout
        assert output is not None
        length = 0
        while (line := output.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        answer: dict[str, Any] = json.loads(output.read(length))
        return answer

    def close(self) -> None:
        """Shut the server down as the specification says."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.process.wait(10)


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--requests", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    try:
        repository = Repository.open(options.repo)
        edits = list(live_edits(repository, options.requests))
    except CodewmError as error:
        print(f"server: {error}", file=sys.stderr)
        return error.exit_code
    if repository.work_tree is None or not edits:
        print("server: REPO needs a work tree and a history with Python files", file=sys.stderr)
        return 2
    served = {name: measure(command, repository.work_tree, edits) for name, command in SERVERS.items()}
    result = report(served, len(edits))
    print(json.dumps(result)) if options.json else show(result)
    return 0


@dataclass(frozen=True)
class LiveEdit:
    """Lines [first, end) of an open file become `text`, which took the place of `old`."""

    path: str
    first: int
    end: int
    text: str
    old: str


def live_edits(repository: Repository, count: int) -> Iterator[LiveEdit]:
    """Past edits taken back, the newest first; at most `count`."""
    assert repository.work_tree is not None
    for commit in read_history(repository, list_commits(repository)):
        for edit in commit.edits:
            path = repository.work_tree / edit.path
            if not edit.before or not 0 < len(edit.added) <= MAX_LINES or not path.is_file():
                continue
            lines = split_lines(path.read_text(encoding="utf-8", errors="replace"))
            size = len(edit.added)
            places = [i for i in range(len(lines) - size + 1) if lines[i : i + size] == edit.added]
            if len(places) == 1 and edit.removed:
                removed = edit.removed[:MAX_LINES]
                half = removed[-1][: len(removed[-1]) // 2] if count % 2 else removed[-1]
                text = "".join(line + "\n" for line in (*removed[:-1], half))
                old = "".join(line + "\n" for line in edit.added)
                yield LiveEdit(edit.path, places[0], places[0] + size, text, old)
                count -= 1
                if count == 0:
                    return


@dataclass(frozen=True)
class Served:
    """Milliseconds from the request behind each change to its answer, the share with hits, and bytes held then."""

    times: list[float]
    found: float
    rss: int

    def cut(self, percent: int) -> float:
        """A percentile of the times."""
        return round(statistics.quantiles(self.times, n=100)[percent - 1], 2)


def measure(command: list[str], root: Path, edits: list[LiveEdit]) -> Served:
    """Every edit typed in turn, and asked about."""
    client = Client(command, root)
    times = []
    found = 0
    opened: list[str] = []
    version = 1
    for edit in edits:
        uri = (root / edit.path).as_uri()
        if uri not in opened:
            opened.append(uri)
            text = (root / edit.path).read_text(encoding="utf-8", errors="replace")
            document = {"uri": uri, "languageId": "python", "version": version, "text": text}
            client.tell("textDocument/didOpen", {"textDocument": document})
            client.ask("codewm/similarEdits", {"textDocument": {"uri": uri}})  # the base is read, the index is open
            if version == 1:
                wait_for_followers(client.process.pid)
            if len(opened) > OPEN_FILES:
                client.tell("textDocument/didClose", {"textDocument": {"uri": opened.pop(0)}})
        version += 2
        change(client, uri, version - 1, edit.first, edit.end, edit.text)
        place = {"line": edit.first, "character": 0}
        start = time.perf_counter()
        answer = client.ask("codewm/similarEdits", {"textDocument": {"uri": uri}, "position": place, "k": 10})
        times.append((time.perf_counter() - start) * 1000)
        found += any(part["hits"] for part in (answer or {}).get("edits", ()))
        change(client, uri, version, edit.first, edit.first + edit.text.count("\n"), edit.old)
    rss = resident(client.process.pid)
    client.close()
    return Served(times, found / len(edits), rss)


def wait_for_followers(pid: int) -> None:
    """Until a server that has just opened a work tree has brought its index up to date."""
    time.sleep(1)  # it waits for a quiet moment itself
    while children(pid):
        time.sleep(0.1)


def change(client: Client, uri: str, version: int, first: int, end: int, text: str) -> None:
    """Replace lines [first, end) of an open document."""
    span = {"start": {"line": first, "character": 0}, "end": {"line": end, "character": 0}}
    document = {"uri": uri, "version": version}
    changes = [{"range": span, "text": text}]
    client.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})


def report(served: dict[str, Served], count: int) -> dict[str, Any]:
    """The figures in the form that all benchmarks share."""
    ours = served["ours"]
    return {
        "name": "codewm/similarEdits through the server, p95 ms",
        "n": count,
        "ours": ours.cut(95),
        "peers": {FLOOR_NAME: served[FLOOR_NAME].cut(95)},
        "ratio": round(ours.cut(95) / served[FLOOR_NAME].cut(95), 2),
        "p50": {name: one.cut(50) for name, one in served.items()},
        "found": round(ours.found, 4),
        "rss_mb": {name: round(one.rss / 1e6) for name, one in served.items()},
    }


def show(result: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table("", "p50 ms", "p95 ms", "RSS MB", title=f"{result['n']} requests, {result['found']:.1%} with hits")
    for name, high in {"ours": result["ours"], **result["peers"]}.items():
        table.add_row(name, str(result["p50"][name]), str(high), str(result["rss_mb"][name]))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
