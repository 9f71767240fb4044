"""What a search costs as the index grows: the whole request through a real server, and the search alone.

    python benchmarks/scale.py REPO [--keep FOLDER] [--sizes N...] [--queries N] [--json]

REPO must be indexed; it is only read. For each size a clone of it gets an index of so many edits, by the product's own
code: REPO's edits, and more that are made from them (benchmarks/grown.py). `--keep` keeps the clones for a later run: a
million edits take about ten minutes and 3 GB of disk.

In the server: each request is preceded by a change to new text, as in benchmarks/server.py, so that the live edit and
its state are new. Peers: the same messages to a pygls server that does nothing, which is the floor, and `git log -S`
for the edit's longest changed line, whose time does not depend on the index. In process: real edits that are in none of
the indexes; candidates, exact re-rank and provenance, ten hits. Peer: the same with every key compared in numpy, in
turn. `recall@10` is the share of the graph's ten nearest that are as near as the tenth of all keys (of equal keys,
which edits that come again have, any will do), `same_hits` that of the hits in the end.
The unit is milliseconds; `ours` and `peers` are the 95th percentiles at the largest size, `ratio` is that of the exact
search by ours, both in process. Memory is the resident set of the server after the requests.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from grown import grown_index, real_edits
from latency import EXACT, GIT, GIT_QUERIES, ExactIndex, log_search, share_found, timed
from rich.console import Console
from rich.table import Table
from server import FLOOR_NAME, SERVERS, live_edits
from server import measure as serve

from codewm_lsp.engine.encoder import EncodedEdit, edit_keys
from codewm_lsp.engine.index import EditIndex, Filters, Hit
from codewm_lsp.engine.rows import EditRow
from codewm_lsp.engine.store import index_folder
from codewm_model.edit import Edit
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import list_commits, read_history

SIZES = (1_000, 10_000, 100_000, 1_000_000)
K = 10
TIE = 1e-5  # two orders of adding up one product differ by less
OURS = "ours"


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the indexes stay, and are found again")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="edits (default: 1000 to 1000000)")
    parser.add_argument("--queries", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    try:
        repository = Repository.open(options.repo)
        real = real_edits(repository)
        if len(real) < 2 * options.queries:
            print(
                f"scale: REPO's index has {len(real)} edits, too few for {options.queries} questions", file=sys.stderr
            )
            return 2
        with folder_for(options.keep) as folder:
            result = measure(repository, folder, real, options.queries, sorted(options.sizes))
    except CodewmError as error:
        print(f"scale: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(result)) if options.json else show(result)
    return 0


@contextmanager
def folder_for(kept: Path | None) -> Iterator[Path]:
    """The folder that is to be kept, or one for this run."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="codewm-scale-") as folder:
            yield Path(folder)


def measure(repository: Repository, folder: Path, real: list[EditRow], count: int, sizes: list[int]) -> dict[str, Any]:
    """Each size by processes of its own."""
    queries, real = real[:count], real[count:]
    spawn = multiprocessing.get_context("spawn")
    found: dict[int, Any] = {}
    root: Path | None = None
    for size in sizes:
        root = grown_index(repository, folder / str(size), real, size, root)
        with spawn.Pool(1) as pool:
            inside = pool.apply(ask, (index_folder(Repository.open(root)), queries))
        found[size] = inside | {"served": ask_servers(root, count)}
    assert root is not None
    largest = found[sizes[-1]]
    return {
        "name": "scale",
        "n": count,
        "unit": "milliseconds, 95th percentile, at the largest size",
        "ours": largest["p95"][OURS],
        "peers": {EXACT: largest["p95"][EXACT]},
        "ratio": round(largest["p95"][EXACT] / largest["p95"][OURS], 2),
        "real_edits": len(real),
        "sizes": found,
        GIT: ask_git(root),
    }


def ask(folder: Path, queries: list[EditRow]) -> dict[str, Any]:
    """Open the index, and let it and the peer take turns."""
    encoded = [row.encoded for row in queries]
    start = time.perf_counter()
    ours = EditIndex(folder)
    opened = time.perf_counter() - start
    exact = ExactIndex(folder)
    ways = [lambda edit: search(ours, edit), lambda edit: search(exact, edit)]
    (our_hits, exact_hits), (our_times, exact_times) = timed(ways, encoded)
    times = {OURS: our_times, EXACT: exact_times}
    near = [[nearest(index, edit) for index in (ours, exact)] for edit in encoded]
    found = sum(sum(value >= truth[-1] - TIE for value in graph) for graph, truth in near)
    return {
        **{f"p{cut}": {name: round(float(np.percentile(times[name], cut)), 2) for name in times} for cut in (50, 95)},
        f"recall@{K}": round(found / sum(len(truth) for _, truth in near), 4),
        "same_hits": round(share_found(our_hits, exact_hits), 4),
        "open_seconds": round(opened, 2),
        "disk_mb": round(ours.store.size() / 1e6),
    }


def search(index: EditIndex, edit: EncodedEdit) -> list[Hit]:
    """As the server asks."""
    return index.query(edit.sketch, K, learned=edit.learned)


def nearest(index: EditIndex, edit: EncodedEdit) -> list[float]:
    """How near the `K` nearest by key are, of those that are re-ranked; nearest first."""
    near, _ = index._candidates(edit_keys(index.store.bundle, [edit.sketch], [edit.learned])[0], Filters())
    return sorted(near.values(), reverse=True)[:K]


def ask_servers(root: Path, count: int) -> dict[str, Any]:
    """The request through a server of ours and through one that does nothing."""
    edits = list(live_edits(Repository.open(root), count))
    served = {OURS: serve(SERVERS[OURS], root, edits), FLOOR_NAME: serve(SERVERS[FLOOR_NAME], root, edits)}
    return {
        "n": len(edits),
        "found": round(served[OURS].found, 4),
        **{f"p{cut}": {name: one.cut(cut) for name, one in served.items()} for cut in (50, 95)},
        "rss_mb": {name: round(one.rss / 1e6) for name, one in served.items()},
    }


def ask_git(root: Path) -> dict[str, Any]:
    """`git log -S` for a few edits."""
    repository = Repository.open(root)
    edits: list[Edit] = []
    for commit in read_history(repository, list_commits(repository, ("HEAD",), "--max-count=200")):
        edits += commit.edits[:1]
    _, (times,) = timed([lambda edit: log_search(repository, edit)], edits[:GIT_QUERIES])
    return {"n": len(times), **{f"p{cut}": round(float(np.percentile(times, cut)), 2) for cut in (50, 95)}}


def show(result: dict[str, Any]) -> None:
    """One table."""
    table = Table(title=f"{result['n']} queries, {result['real_edits']} real edits; milliseconds are p50 / p95")
    columns = ("edits", "request", "a server doing nothing", "search alone", "every key (numpy)")
    for heading in (*columns, f"recall@{K}", "same hits", "RSS MB", "open s"):
        table.add_column(heading, justify="right")
    for size, row in result["sizes"].items():
        served = row["served"]
        pairs = [(served, OURS), (served, FLOOR_NAME), (row, OURS), (row, EXACT)]
        times = (f"{found['p50'][name]:.1f} / {found['p95'][name]:.1f}" for found, name in pairs)
        shares = (f"{row[name]:.3f}" for name in (f"recall@{K}", "same_hits"))
        table.add_row(f"{size:,}", *times, *shares, str(served["rss_mb"][OURS]), str(row["open_seconds"]))
    console = Console()
    console.print(table)
    git = result[GIT]
    console.print(f"git log -S on the same history: {git['p50']:.0f} / {git['p95']:.0f} ms, {git['n']} queries")


if __name__ == "__main__":
    sys.exit(main())
