"""Indexing from scratch: copies of repositories, by the command line as a person calls it.

    python benchmarks/indexing.py REPO... [--jobs N] [--max-commits N] [--positions N] [--json]

A copy is a bare clone in a temporary folder that borrows REPO's objects; REPO is not written to. `ours` is edits per
second of the whole process, start-up included, with N workers (0: the default), at the slowest repository; the peer is
the same with one. `cpu_ms` is the processor's time for an edit, git's and the workers' included. Memory is the resident
set of the process and all its children, summed 20 times a second through /proc, so that what they share counts once for
each. `positions` is the mean of what the model is shown of a side, over Python edits spread over the history.
`second_run_seconds` is a whole process that finds nothing new. `--positions` shows the model so many at most.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.indexing import reachable_commits
from codewm_model.changes import ChangeReader
from codewm_model.git import Repository
from codewm_model.history import read_history

SAMPLE_SECONDS = 0.05
SAMPLED_EDITS = 1000
ONE_JOB = "one job"


@dataclass(frozen=True)
class Run:
    """One run of `codewm-lsp index`."""

    seconds: float
    processor_seconds: float
    peak_rss: int  # bytes; 0 where there is no /proc
    result: dict[str, Any]

    @property
    def figures(self) -> dict[str, float]:
        """What is shown of it."""
        edits = max(1, self.result["new_edits"])
        return {
            "edits_per_second": round(edits / self.seconds, 1),
            "cpu_ms": round(1000 * self.processor_seconds / edits, 2),
            "peak_rss_mb": round(self.peak_rss / 1e6),
            "seconds": round(self.seconds, 1),
        }


def main() -> None:
    """Read the options, measure, print."""
    from keystroke import showing  # which imports from here by way of `server`

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repos", type=Path, metavar="REPO", nargs="+")
    parser.add_argument("--jobs", type=int, default=0, help="worker processes (default: the command's own default)")
    parser.add_argument("--max-commits", type=int, default=0, help="only the newest (default: all)")
    parser.add_argument("--positions", type=int, default=0, help="shown to the model (default: what its bundle says)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    with showing(options.positions) if options.positions else nullcontext():
        found = {repo.resolve().name: measure(repo, options.max_commits, options.jobs) for repo in options.repos}
    slowest = min(found.values(), key=lambda one: float(one["ours"]["edits_per_second"]))
    ours, peer = (slowest[name]["edits_per_second"] for name in ("ours", ONE_JOB))
    result = {
        "name": "indexing",
        "n": sum(one["edits"] for one in found.values()),
        "unit": "edits per second, at the slowest repository",
        "ours": ours,
        "peers": {ONE_JOB: peer},
        "ratio": round(ours / peer, 2),
        "repositories": found,
        "cores": os.cpu_count(),
    }
    print(json.dumps(result)) if options.json else show(result)


def measure(repo: Path, most: int, jobs: int) -> dict[str, Any]:
    """Index two copies, one with each number of jobs, and the first one again."""
    selection = ["--max-commits", str(most)]
    with tempfile.TemporaryDirectory(prefix="codewm-indexing-") as folder:
        copies = [Path(folder) / name for name in ("ours.git", "peer.git")]
        for copy in copies:
            subprocess.run(["git", "clone", "--quiet", "--bare", "--shared", str(repo), str(copy)], check=True)
        ours = index(copies[0], [*selection, "--jobs", str(jobs)])
        again = index(copies[0], [*selection, "--jobs", str(jobs)])
        peer = index(copies[1], [*selection, "--jobs", "1"])
        positions = mean_positions(Repository.open(copies[0]), most)
    edits = ours.result["edits"]
    if peer.result["edits"] != edits or again.result["new_edits"]:
        sys.exit(f"indexing: the runs disagree: {ours.result}, {again.result}, {peer.result}")
    return {
        "edits": edits,
        "commits": ours.result["commits"],
        "positions": round(positions, 1),
        "ours": ours.figures,
        ONE_JOB: peer.figures,
        "second_run_seconds": round(again.seconds, 2),
        "index_bytes": ours.result["index_bytes"],
    }


def index(copy: Path, options: list[str]) -> Run:
    """Run the command and watch its memory."""
    command = [sys.executable, "-m", "codewm_lsp", "index", str(copy), "--json", "--quiet", *options]
    start, before = time.perf_counter(), processor_seconds_of_children()
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
    return Run(seconds, processor_seconds_of_children() - before, peak, json.loads(output.splitlines()[-1]))


def processor_seconds_of_children() -> float:
    """Of all processes that we have started and seen end, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def mean_positions(repository: Repository, most: int) -> float:
    """What the model is shown of either side of an edit, where it sees anything."""
    encoder, changes = Encoder.default(), ChangeReader()
    commits = reachable_commits(repository)[: most or None]
    spread = commits[:: max(1, len(commits) // SAMPLED_EDITS)]
    edits = (edit for part in read_history(repository, spread) for edit in part.edits[:10])
    read = (encoder.read(changes.read(edit)) for edit in edits)
    seen = (one for one in read if len(one.before.text) or len(one.after.text))
    sides = [len(side.text) for one in itertools.islice(seen, SAMPLED_EDITS) for side in (one.before, one.after)]
    return statistics.mean(sides) if sides else 0.0


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
    table = Table(title=f"Indexing, {result['cores']} cores")
    for heading in ("", "edits", "edits/s", "CPU ms an edit", "peak MB", "seconds", "positions a side"):
        table.add_column(heading, justify="right" if heading else "left")
    console = Console()
    for repo, found in result["repositories"].items():
        for name in ("ours", ONE_JOB):
            row = found[name]
            figures = (str(row[key]) for key in ("edits_per_second", "cpu_ms", "peak_rss_mb", "seconds"))
            table.add_row(f"{repo}, {name}", f"{found['edits']:,}", *figures, str(found["positions"]))
    console.print(table)
    for repo, found in result["repositories"].items():
        size = found["index_bytes"] / 1e6
        console.print(
            f"{repo}: {found['commits']:,} commits; second run {found['second_run_seconds']} s; {size:.1f} MB on disk"
        )


if __name__ == "__main__":
    main()
