"""Indexes of any size, for the benchmarks: a repository's real edits, and when those are used up, edits made from them.

A made edit has the features of a real one, a part of them exchanged for those of one of its ten nearest neighbours, so
that it stays within its cluster. Each index lies in a clone of the repository and belongs to commits that the clone
has, so that a server that follows it finds nothing to do.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codewm_lsp.engine.default_bundle import default_bundle
from codewm_lsp.engine.encoder import EncodedEdit, edit_keys
from codewm_lsp.engine.indexing import reachable_commits
from codewm_lsp.engine.left_out import rules_of
from codewm_lsp.engine.packing import unpack_vector
from codewm_lsp.engine.rows import EditRow
from codewm_lsp.engine.store import DATABASE, Store, index_folder
from codewm_lsp.engine.vectors import VectorIndex
from codewm_model.git import Repository
from codewm_model.history import describe_commits
from codewm_model.sketch import Features, Sketch

MOST = 1_000_000  # edits that a repository's commits are stretched over
EXCHANGED = 0.3  # of a made edit's features
AT_ONCE = 50  # commits stored in one transaction


def real_edits(repository: Repository) -> list[EditRow]:
    """The edits of a repository's index in random order.

    Raises:
        IndexMissingError, IndexVersionError, IndexStoreError: there is none, or none of use.
    """
    with closing(Store(index_folder(repository))) as store:
        states = {number: (kind, unpack_vector(state)) for number, kind, state in store.states_after(0)}
        rows = []
        for number, sketch, learned in store.sketches_after(0):
            kind, before = states.get(number, (None, None))
            rows.append(EditRow("", (1, 1), "change call", EncodedEdit(sketch, learned, before, kind)))
    order = np.random.default_rng(0).permutation(len(rows))
    return [rows[i] for i in order]


def grown_index(repository: Repository, root: Path, real: list[EditRow], size: int, smaller: Path | None) -> Path:
    """A clone at `root` whose index has `size` edits, grown from that of the clone `smaller`; kept if it is there.

    Growing can be interrupted, and goes on where it was.
    """
    if not root.exists():
        subprocess.run(["git", "clone", "--quiet", "--shared", str(repository.git_dir), str(root)], check=True)
    clone = Repository.open(root)
    folder = index_folder(clone)
    if not folder.exists() and smaller is not None:
        shutil.copytree(index_folder(Repository.open(smaller)), folder)
    _adopt(folder)
    with closing(Store(folder, write=True)) as store:
        done = store.counts()[1]
        if done < size:
            _grow(clone, store, endless(real, done), done, size)
    return root


def _adopt(folder: Path) -> None:
    """A kept index takes the name of the model that runs now, where models have no share in what is searched."""
    weight = default_bundle().config.learned_weight
    if (folder / DATABASE).exists() and not (weight.key or weight.score):
        with closing(sqlite3.connect(folder / DATABASE)) as db, db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'model'", (default_bundle().id,))


def _grow(clone: Repository, store: Store, edits: Iterator[EditRow], done: int, size: int) -> None:
    """Add edits to commits that have none yet; in the end those that are left over are indexed as empty ones."""
    commits = list(describe_commits(clone, reachable_commits(clone)))
    used = {commit.id for commit, _, _ in store.commits_with_edits()}
    with store.transaction():
        store.set_meta("left_out", rules_of(clone)[0].record())
        store.remove_commits(store.commit_hashes() - used)
    free = (commit for commit in commits if commit.id not in used)
    each = -(-max(MOST, size) // len(commits))
    vectors = VectorIndex.load(store)
    while done < size:
        with store.transaction():
            for commit in itertools.islice(free, AT_ONCE):
                rows = list(itertools.islice(edits, min(each, size - done)))
                done += len(rows)
                store.add_commit(commit, rows, {})
        vectors.catch_up(store)
        if vectors.unsaved >= len(vectors) // 8:
            vectors.save(store)
    with store.transaction():
        for commit in free:
            store.add_commit(commit, (), {})
    vectors.save(store)


def endless(real: list[EditRow], done: int = 0) -> Iterator[EditRow]:
    """The real edits, and then ever more that are made from them; without the first `done`, which are there already."""
    numbers = itertools.count(done)
    for row in real[done:]:
        yield replace(row, path=f"made/{next(numbers) % 5000}.py")
    rng = np.random.default_rng((1, done))
    neighbours = nearest(real)
    while True:
        for i in rng.permutation(len(real)):
            one, other = real[i].encoded, real[rng.choice(neighbours[i])].encoded
            lexical = exchanged(one.sketch.lexical, other.sketch.lexical, rng)
            made = Sketch(lexical, exchanged(one.sketch.structural, other.sketch.structural, rng))
            yield replace(real[i], path=f"made/{next(numbers) % 5000}.py", encoded=replace(one, sketch=made))


def nearest(rows: list[EditRow], count: int = 10) -> list[npt.NDArray[np.intp]]:
    """The positions of the nearest others of each edit, by key."""
    count = min(count, len(rows) - 1)
    keys = edit_keys(default_bundle(), [row.encoded.sketch for row in rows], [row.encoded.learned for row in rows])
    found = []
    for start in range(0, len(keys), 500):
        products = keys[start : start + 500] @ keys.T
        products[np.arange(len(products)), start + np.arange(len(products))] = -2
        found += list(np.argpartition(-products, count - 1)[:, :count].copy())  # a view would keep all of it
    return found


def exchanged(one: Features, other: Features, rng: np.random.Generator) -> Features:
    """Some of one edit's features gone, as large a share of the other's come, and the length as it was."""
    kept, taken = rng.random(len(one.hashes)) >= EXCHANGED, rng.random(len(other.hashes)) < EXCHANGED
    hashes, place = np.unique(np.concatenate([one.hashes[kept], other.hashes[taken]]), return_index=True)
    weights = np.concatenate([one.weights[kept], other.weights[taken]])[place]
    length = max(float(np.linalg.norm(weights)), 1e-9)
    return Features(hashes, weights * np.float32(np.linalg.norm(one.weights) / length))
