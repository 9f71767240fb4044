"""What a search costs as the index grows: the ranking over ever more edits, beside comparing every key.

    python benchmarks/scale.py REPO [--sizes N...] [--queries N] [--json]

REPO must be indexed; it is only read. The indexes are made in a temporary folder by the product's own code: first of
REPO's edits in random order, and when those are used up, of edits made from them. A made edit has the features of a
real one, a part of them exchanged for those of one of its ten nearest neighbours, so that it stays within its cluster.
Queries are real edits that are in none of the indexes. Their time is that of candidates, exact re-rank and provenance,
ten hits; reading the edit is not in it. Peer: the same with every key compared in numpy, in the same process, in turn.
The unit is milliseconds, `ours` and `peers` are the 95th percentiles at the largest size, `ratio` is the peer's by
ours. `recall@10` is the share of the ten nearest keys that the graph finds, `same_hits` that of the hits in the end.
Memory is the resident set of a process that has opened the index and answered the queries, before the peer begins.
A million edits take about half an hour and 5 GB of disk.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from indexing import resident
from latency import EXACT, ExactIndex, share_found, timed
from rich.console import Console
from rich.table import Table

from codewm_lsp.engine.default_bundle import default_bundle
from codewm_lsp.engine.encoder import EncodedEdit, edit_keys
from codewm_lsp.engine.index import EditIndex, Filters, Hit
from codewm_lsp.engine.store import EditRow, Store, index_folder
from codewm_lsp.engine.vectors import VectorIndex
from codewm_model.edit import Commit
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.sketch import Features, Sketch

SIZES = (1_000, 10_000, 100_000, 1_000_000)
K = 10
EXCHANGED = 0.3  # of a made edit's features
COMMIT = 5  # edits
CHUNK = 5_000  # edits stored at once


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="edits (default: 1000 to 1000000)")
    parser.add_argument("--queries", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    try:
        real = real_edits(index_folder(Repository.open(options.repo)))
    except CodewmError as error:
        print(f"scale: {error}", file=sys.stderr)
        return error.exit_code
    if len(real) < 2 * options.queries:
        print(f"scale: REPO's index has {len(real)} edits, too few to ask {options.queries} questions", file=sys.stderr)
        return 2
    queries, real = real[: options.queries], real[options.queries :]
    with tempfile.TemporaryDirectory(prefix="codewm-scale-") as folder:
        result = measure(Path(folder), real, queries, sorted(options.sizes))
    print(json.dumps(result)) if options.json else show(result)
    return 0


def real_edits(folder: Path) -> list[EditRow]:
    """A repository's edits in random order."""
    store = Store(folder)
    rows = [EditRow("", (1, 1), "", EncodedEdit(*found, None)) for _, *found in store.sketches_after(0)]
    store.close()
    order = np.random.default_rng(0).permutation(len(rows))
    return [rows[i] for i in order]


def measure(folder: Path, real: list[EditRow], queries: list[EditRow], sizes: list[int]) -> dict[str, Any]:
    """One index that grows from size to size; each is measured by a process of its own."""
    edits = endless(real)
    found = {}
    spawn = multiprocessing.get_context("spawn")
    built = 0.0
    for done, size in zip([0, *sizes], sizes, strict=False):
        start = time.perf_counter()
        grow(folder, edits, done, size)
        built += time.perf_counter() - start
        with spawn.Pool(1) as pool:
            found[size] = pool.apply(ask, (folder, queries)) | {"build_seconds": round(built, 1)}
    largest = found[sizes[-1]]
    return {
        "name": "scale",
        "n": len(queries),
        "unit": "milliseconds, 95th percentile, at the largest size",
        "ours": largest["p95"]["ours"],
        "peers": {EXACT: largest["p95"][EXACT]},
        "ratio": round(largest["p95"][EXACT] / largest["p95"]["ours"], 2),
        "real_edits": len(real),
        "sizes": found,
    }


def endless(real: list[EditRow]) -> Iterator[EditRow]:
    """The real edits, and then ever more that are made from them."""
    yield from real
    rng = np.random.default_rng(1)
    neighbours = nearest(real)
    number = 0
    while True:
        for i in rng.permutation(len(real)):
            number += 1
            one, other = real[i].encoded, real[rng.choice(neighbours[i])].encoded
            lexical = exchanged(one.sketch.lexical, other.sketch.lexical, rng)
            made = Sketch(lexical, exchanged(one.sketch.structural, other.sketch.structural, rng))
            yield EditRow(f"made/{number % 5000}.py", (1, 1), "", EncodedEdit(made, one.learned, None))


def nearest(rows: list[EditRow], count: int = 10) -> list[npt.NDArray[np.intp]]:
    """The positions of the nearest others of each edit, by key."""
    count = min(count, len(rows) - 1)
    keys = edit_keys(default_bundle(), [row.encoded.sketch for row in rows], [row.encoded.learned for row in rows])
    found = []
    for start in range(0, len(keys), 500):
        products = keys[start : start + 500] @ keys.T
        products[np.arange(len(products)), start + np.arange(len(products))] = -2
        found += list(np.argpartition(-products, count - 1)[:, :count])
    return found


def exchanged(one: Features, other: Features, rng: np.random.Generator) -> Features:
    """Some of one edit's features gone, as large a share of the other's come, and the length as it was."""
    kept, taken = rng.random(len(one.hashes)) >= EXCHANGED, rng.random(len(other.hashes)) < EXCHANGED
    hashes, place = np.unique(np.concatenate([one.hashes[kept], other.hashes[taken]]), return_index=True)
    weights = np.concatenate([one.weights[kept], other.weights[taken]])[place]
    length = max(float(np.linalg.norm(weights)), 1e-9)
    return Features(hashes, weights * np.float32(np.linalg.norm(one.weights) / length))


def grow(folder: Path, edits: Iterator[EditRow], done: int, size: int) -> None:
    """Add edits until there are `size`, in commits of a few, and write the graph."""
    store = Store(folder, write=True)
    vectors = VectorIndex.load(store)
    while done < size:
        with store.transaction():
            for _ in range(0, min(CHUNK, size - done), COMMIT):
                rows = list(itertools.islice(edits, min(COMMIT, size - done)))
                store.add_commit(Commit(f"{done:040x}", "Ada", "ada@example.com", done, "made"), rows, {})
                done += len(rows)
        vectors.catch_up(store)
    vectors.save(store)
    store.close()


def ask(folder: Path, queries: list[EditRow]) -> dict[str, Any]:
    """Open the index, ask, and only then open the peer and let both take turns."""
    encoded = [row.encoded for row in queries]
    start = time.perf_counter()
    ours = EditIndex(folder)
    opened = time.perf_counter() - start
    for edit in encoded:
        search(ours, edit)
    rss = resident(os.getpid())
    exact = ExactIndex(folder)
    ways = [lambda edit: search(ours, edit), lambda edit: search(exact, edit)]
    (our_hits, exact_hits), (our_times, exact_times) = timed(ways, encoded)
    times = {"ours": our_times, EXACT: exact_times}
    near = [[list(candidates(index, edit))[:K] for index in (ours, exact)] for edit in encoded]
    found = sum(len(set(graph) & set(truth)) for graph, truth in near) / sum(len(truth) for _, truth in near)
    return {
        "p50": {name: round(float(np.percentile(values, 50)), 2) for name, values in times.items()},
        "p95": {name: round(float(np.percentile(values, 95)), 2) for name, values in times.items()},
        f"recall@{K}": round(found, 4),
        "same_hits": round(share_found(our_hits, exact_hits), 4),
        "open_seconds": round(opened, 2),
        "rss_mb": round(rss / 1e6),
        "disk_mb": round(ours.store.size() / 1e6),
    }


def search(index: EditIndex, edit: EncodedEdit) -> list[Hit]:
    """As the server asks."""
    return index.query(edit.sketch, K, learned=edit.learned)


def candidates(index: EditIndex, edit: EncodedEdit) -> list[int]:
    """The edits that are re-ranked, nearest first."""
    near = index._candidates(edit_keys(index.store.bundle, [edit.sketch], [edit.learned])[0], Filters())
    return sorted(near, key=lambda number: -near[number])


def show(result: dict[str, Any]) -> None:
    """One table."""
    table = Table(title=f"{result['n']} queries, {result['real_edits']} real edits; milliseconds are p50 / p95")
    for heading in ("edits", "ours", "exact", f"recall@{K}", "same hits", "RSS MB", "open s", "built s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for size, row in result["sizes"].items():
        times = (f"{row['p50'][name]:.1f} / {row['p95'][name]:.1f}" for name in ("ours", EXACT))
        shares = (f"{row[name]:.3f}" for name in (f"recall@{K}", "same_hits"))
        rest = (str(row[name]) for name in ("rss_mb", "open_seconds", "build_seconds"))
        table.add_row(f"{size:,}", *times, *shares, *rest)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
