"""How long an answer takes: edits of a repository's own history, asked of its index.

    python benchmarks/latency.py REPO [--queries N] [--json]

REPO must be indexed. Every query is an edit with its whole file, as an editor has it, and its time covers parsing,
sketching, search and re-rank, ten hits. Peers: the same with every key of the index compared in numpy instead of the
graph searched, and `git log -S` for the edit's longest changed line, ten commits, on fewer queries. The unit is
milliseconds, `ours` and `peers` are the 95th percentiles, `ratio` is the faster peer's by ours. `same_hits` is the
share of the exact search's hits that the graph's search finds. The command line's time is a whole process, diffs
included.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from codewm_lsp.engine.index import EditIndex, Filters, Hit
from codewm_lsp.engine.rows import Candidate
from codewm_lsp.engine.similar import SimilarEdits
from codewm_lsp.engine.store import index_folder
from codewm_model.edit import Edit
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import list_commits, local_revisions, read_history
from codewm_model.ranking import CANDIDATES
from codewm_model.sketch import Floats

K = 10
GIT_QUERIES, PROCESSES = 10, 5
BATCH = 4096
Query = TypeVar("Query")
Answer = TypeVar("Answer")
EXACT, GIT = "every key compared (numpy)", "git log -S"


class ExactIndex(EditIndex):
    """The index with its graph put aside: candidates by comparing every key."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ids = np.array(self.store.edit_ids())
        self._keys = np.empty((len(self._ids), self._vectors.size), np.float32)
        for start in range(0, len(self._ids), BATCH):  # hnswlib takes several times the room of what it returns
            rows = slice(start, start + BATCH)
            self._keys[rows] = self._vectors._graph.get_items(self._ids[rows], return_type="numpy")

    def __len__(self) -> int:
        return len(self._ids)

    def _candidates(self, key: Floats, filters: Filters) -> tuple[dict[int, float], list[Candidate]]:
        products = self._keys @ key
        count = min(CANDIDATES, len(products))
        best = np.argpartition(-products, count - 1)[:count]
        near = dict(zip(self._ids[best].tolist(), products[best].tolist(), strict=True))
        return near, self._allowed(near, filters)


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--queries", type=int, default=300, help="how many edits, of the newest commits (default: 300)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    try:
        result = measure(Repository.open(options.repo), options.queries)
    except CodewmError as error:
        print(f"latency: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(result)) if options.json else show(result)
    return 0


def measure(repository: Repository, count: int) -> dict[str, Any]:
    """Every way over the same edits."""
    ours = SimilarEdits.open(repository)
    exact_index = ExactIndex(index_folder(repository))
    exact = SimilarEdits(repository, exact_index)
    commits = list_commits(repository, local_revisions(repository), f"--max-count={count}")
    edits = list(itertools.islice((edit for part in read_history(repository, commits) for edit in part.edits), count))
    few = edits[:: max(1, len(edits) // GIT_QUERIES)]
    (our_hits, exact_hits), (our_times, exact_times) = timed([asking(ours), asking(exact)], edits)
    _, (git_times,) = timed([lambda edit: log_search(repository, edit)], few)
    _, (process_times,) = timed([lambda commit: command_line(repository, commit)], commits[:PROCESSES])
    times = {"ours": our_times, EXACT: exact_times, GIT: git_times}
    p95 = {name: round(float(np.percentile(values, 95)), 2) for name, values in times.items()}
    peers = {name: value for name, value in p95.items() if name != "ours"}
    return {
        "name": "latency",
        "n": len(edits),
        "unit": "milliseconds, 95th percentile",
        "ours": p95["ours"],
        "peers": peers,
        "ratio": round(min(peers.values()) / p95["ours"], 2),
        "p50": {name: round(statistics.median(values), 2) for name, values in times.items()},
        "same_hits": round(share_found(our_hits, exact_hits), 4),
        "command_line_seconds": round(statistics.median(process_times) / 1000, 3),
        "indexed_edits": len(exact_index),
    }


def asking(index: SimilarEdits) -> Callable[[Edit], list[Hit]]:
    """The query as the server makes it."""
    return lambda edit: index.query([edit], K)[0]


def timed(ways: list[Callable[[Query], Answer]], queries: list[Query]) -> tuple[list[list[Answer]], list[list[float]]]:
    """Answers and milliseconds of each way. They take turns, so that a busy moment of the machine hits all alike."""
    answers: list[list[Answer]] = [[] for _ in ways]
    times: list[list[float]] = [[] for _ in ways]
    for ask in ways:
        ask(queries[0])  # what only the first query pays for
    for query in queries:
        for i, ask in enumerate(ways):
            start = time.perf_counter()
            answers[i].append(ask(query))
            times[i].append((time.perf_counter() - start) * 1000)
    return answers, times


def log_search(repository: Repository, edit: Edit) -> bytes:
    """What people do today: the commits that brought or removed the longest changed line."""
    line = max((*edit.removed, *edit.added), key=len).strip()
    return repository.run("log", f"-S{line}", f"--max-count={K}", "--format=%H", "HEAD")


def command_line(repository: Repository, commit: str) -> None:
    """`codewm-lsp similar` as a person calls it."""
    command = [sys.executable, "-m", "codewm_lsp", "similar", str(repository.git_dir), "--commit", commit]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def share_found(ours: list[list[Hit]], exact: list[list[Hit]]) -> float:
    """Share of the second lists' hits that are in the first ones."""
    pairs = [({place(hit) for hit in a}, {place(hit) for hit in b}) for a, b in zip(ours, exact, strict=True)]
    return sum(len(a & b) for a, b in pairs) / max(1, sum(len(b) for _, b in pairs))


def place(hit: Hit) -> tuple[str, str, tuple[int, int]]:
    """What tells hits apart."""
    return hit.commit, hit.path, hit.lines


def show(result: dict[str, Any]) -> None:
    """One table."""
    table = Table(title=f"Latency: {result['n']} queries of {result['indexed_edits']} edits")
    for heading in ("", "p50 ms", "p95 ms"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, value in ({"ours": result["ours"]} | result["peers"]).items():
        table.add_row(name, f"{result['p50'][name]}", f"{value}", style="bold" if name == "ours" else None)
    console = Console()
    console.print(table)
    console.print(
        f"{result['same_hits']:.1%} of the exact search's hits; {result['ratio']} times as fast as the faster peer"
    )
    console.print(f"codewm-lsp similar, the whole process: {result['command_line_seconds']} s")


if __name__ == "__main__":
    sys.exit(main())
