"""How long an editor waits for a server that starts, and what the server costs while nobody types.

    python benchmarks/startup.py REPO [--runs N] [--idle SECONDS] [--json]

REPO is a work tree with an index; nothing in it is written. A run starts a process and times the answer to
`initialize`; then a file with a live edit is opened, and the first `codewm/similarEdits` is answered when the index is
ready: both count from the start of the process. Peer: a pygls server that keeps documents and answers null, which is
the floor; the two take turns. Then one of each idles with that file open: its processor time is a share of one core,
through /proc. The unit is milliseconds, `ours` and `peers` are medians of the answer to `initialize`, `ratio` is ours
by the floor's. The first run of each, which reads the files from disk, is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from indexing import resident
from rich.console import Console
from rich.table import Table
from server import SERVERS, Client, LiveEdit, change, live_edits

from codewm_lsp.engine.store import Store, index_folder
from codewm_model.errors import CodewmError
from codewm_model.git import Repository

FLOOR = next(name for name in SERVERS if name != "ours")


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--runs", type=int, default=20, help="starts of each server that count (default: 20)")
    parser.add_argument("--idle", type=float, default=60, metavar="SECONDS", help="how long to watch (default: 60)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    try:
        repository = Repository.open(options.repo)
        store = Store(index_folder(repository))
        indexed = store.counts()[1]
        store.close()
        edit = next(live_edits(repository, 1), None)
    except CodewmError as error:
        print(f"startup: {error}", file=sys.stderr)
        return error.exit_code
    if repository.work_tree is None or edit is None:
        print("startup: REPO needs a work tree and a history with Python files", file=sys.stderr)
        return 2
    result = measure(repository.work_tree, edit, options.runs, options.idle) | {"indexed_edits": indexed}
    print(json.dumps(result)) if options.json else show(result)
    return 0


def measure(root: Path, edit: LiveEdit, runs: int, idle: float) -> dict[str, Any]:
    """Both servers in turn, and then both at rest."""
    starts: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    for run in range(runs + 1):
        for name, command in SERVERS.items():
            client, times = started(command, root, edit)
            client.close()
            if run > 0:
                starts[name].append(times)
    resting = {name: at_rest(command, root, edit, idle) for name, command in SERVERS.items()}
    first = {name: round(statistics.median(times[0] for times in starts[name]), 1) for name in SERVERS}
    ready = {name: round(statistics.median(times[1] for times in starts[name]), 1) for name in SERVERS}
    return {
        "name": "startup",
        "n": runs,
        "unit": "milliseconds from the start of the process to the answer to initialize, median",
        "ours": first["ours"],
        "peers": {FLOOR: first[FLOOR]},
        "ratio": round(first["ours"] / first[FLOOR], 2),
        "slowest": {name: round(max(times[0] for times in starts[name]), 1) for name in SERVERS},
        "index_ready": ready,
        "idle_seconds": idle,
        "idle_cpu_percent": {name: round(cpu, 3) for name, (cpu, _) in resting.items()},
        "rss_mb": {name: round(rss / 1e6) for name, (_, rss) in resting.items()},
    }


def started(command: list[str], root: Path, edit: LiveEdit) -> tuple[Client, tuple[float, float]]:
    """A server that has answered its first question about an edit, and the milliseconds to both answers."""
    begin = time.perf_counter()
    client = Client(command, root)
    first = time.perf_counter() - begin
    uri = (root / edit.path).as_uri()
    text = (root / edit.path).read_text(encoding="utf-8", errors="replace")
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    client.tell("textDocument/didOpen", {"textDocument": document})
    change(client, uri, 2, edit.first, edit.end, edit.text)
    place = {"line": edit.first, "character": 0}
    client.ask("codewm/similarEdits", {"textDocument": {"uri": uri}, "position": place, "k": 10})
    return client, (first * 1000, (time.perf_counter() - begin) * 1000)


def at_rest(command: list[str], root: Path, edit: LiveEdit, seconds: float) -> tuple[float, int]:
    """Percent of a core that a server takes while nothing happens, and the bytes of memory that it holds."""
    client, _ = started(command, root, edit)
    time.sleep(1)  # what it does after an answer is no idling
    begin, before = time.perf_counter(), processor_seconds(client.process.pid)
    time.sleep(seconds)
    spent, took = processor_seconds(client.process.pid) - before, time.perf_counter() - begin
    rss = resident(client.process.pid)
    client.close()
    return 100 * spent / took, rss


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(result: dict[str, Any]) -> None:
    """One table."""
    table = Table(
        title=f"{result['n']} starts, {result['indexed_edits']} indexed edits, {result['idle_seconds']} s at rest"
    )
    for heading in ("", "initialize ms", "slowest", "index ready ms", "idle CPU %", "RSS MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, value in ({"ours": result["ours"]} | result["peers"]).items():
        rest = (result[column][name] for column in ("slowest", "index_ready", "idle_cpu_percent", "rss_mb"))
        table.add_row(name, str(value), *map(str, rest), style="bold" if name == "ours" else None)
    console = Console()
    console.print(table)
    console.print(f"{result['ours'] - result['peers'][FLOOR]:.0f} ms more than the floor to answer initialize")


if __name__ == "__main__":
    sys.exit(main())
