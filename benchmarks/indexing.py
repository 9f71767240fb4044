"""Indexing from scratch: a copy of a repository, by the command line as a person calls it.

    python benchmarks/indexing.py REPO [--jobs N] [--max-commits N] [--json]

The copy is a bare clone in a temporary folder that borrows REPO's objects; REPO is not written to. `ours` is edits per
second of the whole process, start-up included, with N workers (0: the default); the peer is the same with one. Memory
is the resident set of the process and all its children, summed 20 times a second through /proc, so that what they
share counts once for each. `second_run_seconds` is a whole process that finds nothing new.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

SAMPLE_SECONDS = 0.05
ONE_JOB = "one job"


@dataclass(frozen=True)
class Run:
    """One run of `codewm-lsp index`."""

    seconds: float
    peak_rss: int  # bytes; 0 where there is no /proc
    result: dict[str, Any]


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--jobs", type=int, default=0, help="worker processes (default: the command's own default)")
    parser.add_argument("--max-commits", type=int, default=0, help="only the newest (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    result = measure(options.repo, ["--max-commits", str(options.max_commits)], options.jobs)
    print(json.dumps(result)) if options.json else show(result)


def measure(repo: Path, selection: list[str], jobs: int) -> dict[str, Any]:
    """Index two copies, one with each number of jobs, and the first one again."""
    with tempfile.TemporaryDirectory(prefix="codewm-indexing-") as folder:
        copies = [Path(folder) / name for name in ("ours.git", "peer.git")]
        for copy in copies:
            subprocess.run(["git", "clone", "--quiet", "--bare", "--shared", str(repo), str(copy)], check=True)
        ours = index(copies[0], [*selection, "--jobs", str(jobs)])
        again = index(copies[0], [*selection, "--jobs", str(jobs)])
        peer = index(copies[1], [*selection, "--jobs", "1"])
    edits = ours.result["edits"]
    if peer.result["edits"] != edits or again.result["new_edits"]:
        sys.exit(f"indexing: the runs disagree: {ours.result}, {again.result}, {peer.result}")
    return {
        "name": "indexing",
        "n": edits,
        "unit": "edits per second",
        "ours": round(edits / ours.seconds, 1),
        "peers": {ONE_JOB: round(edits / peer.seconds, 1)},
        "ratio": round(peer.seconds / ours.seconds, 2),
        "commits": ours.result["commits"],
        "seconds": {"ours": round(ours.seconds, 2), ONE_JOB: round(peer.seconds, 2)},
        "peak_rss_mb": {"ours": round(ours.peak_rss / 1e6), ONE_JOB: round(peer.peak_rss / 1e6)},
        "second_run_seconds": round(again.seconds, 2),
        "index_bytes": ours.result["index_bytes"],
        "cores": os.cpu_count(),
    }


def index(copy: Path, options: list[str]) -> Run:
    """Run the command and watch its memory."""
    command = [sys.executable, "-m", "codewm_lsp", "index", str(copy), "--json", "--quiet", *options]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.perf_counter() - start
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode != 0:
        sys.exit(f"indexing: `codewm-lsp index` ended with exit code {process.returncode}")
    return Run(seconds, peak, json.loads(output.splitlines()[-1]))


def resident(pid: int) -> int:
    """Bytes of memory that a process and everything below it hold right now."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0  # it ended meanwhile, or this system has no /proc
    return own + sum(map(resident, children(pid)))


def children(pid: int) -> list[int]:
    """The processes that a process has started and that run."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:
        pass  # see above
    return found


def show(result: dict[str, Any]) -> None:
    """One table."""
    table = Table(title=f"Indexing: {result['n']} edits of {result['commits']} commits, {result['cores']} cores")
    for heading in ("", "edits/s", "seconds", "peak MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, value in ({"ours": result["ours"]} | result["peers"]).items():
        table.add_row(name, f"{value}", f"{result['seconds'][name]}", f"{result['peak_rss_mb'][name]}")
    console = Console()
    console.print(table)
    console.print(f"second run: {result['second_run_seconds']} s; the index: {result['index_bytes'] / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
