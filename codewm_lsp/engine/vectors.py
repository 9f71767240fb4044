"""The HNSW graph over the edits' keys, and its file: a copy of what the rows say, made again whenever in doubt.

hnswlib trusts the files it reads, so a file is only handed to it after `engine/graph_file.py` has read all of it and
found it to be the one that the rows speak of.

Removed edits stay in the graph until it is made anew, and whoever asks it leaves out those that have no row. hnswlib's
own marks are not used: an edit whose neighbours are all marked, as after a rebase, would get no links.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codewm_lsp.engine.encoder import edit_keys, key_size
from codewm_lsp.engine.graph_file import GraphFileError, Labels, Shape, read_graph_file
from codewm_lsp.engine.store import Store
from codewm_model.errors import DependencyError, IndexStoreError
from codewm_model.sketch import Floats
from codewm_model.version import key_version

try:
    import hnswlib
except ImportError as error:
    raise DependencyError(
        "hnswlib is not installed. It is compiled from source and needs a C++ compiler and the Python headers"
        " (Debian/Ubuntu: apt install g++ python3-dev; Fedora: dnf install gcc-c++ python3-devel;"
        " macOS: xcode-select --install; Windows: the Visual Studio Build Tools);"
        f" then run `pip install hnswlib` ({error})"
    ) from error

_log = logging.getLogger(__name__)

LINKS, BREADTH_BUILD = 16, 100  # M and ef_construction: recall and build time, docs/adr/0003-index.md
BREADTH_SEARCH = 400  # ef: at least the number of candidates asked for
WIDER_BY = 300  # edits for each further one of the breadth: what is enough for 100,000 misses one in ten of a million
LEFT_TO_READERS = 256  # edits that a reader adds to its graph in a moment: not worth writing the file for
_BATCH = 512


_RECORD = re.compile(r"vectors-([0-9]{1,9})\.hnsw ([0-9]{1,10}) ([0-9]{1,18}) ([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class SavedGraph:
    """What the rows say of the graph's file: its number, its CRC-32, the last edit in it, and its keys' version."""

    serial: int
    checksum: int
    last: int
    keys: str

    @property
    def name(self) -> str:
        """The file's."""
        return f"vectors-{self.serial}.hnsw"

    @classmethod
    def of(cls, store: Store) -> SavedGraph | None:
        """The record among the rows, None if there is none of use."""
        found = _RECORD.fullmatch(str(store.get_meta("vectors") or ""))
        return cls(int(found[1]), int(found[2]), int(found[3]), found[4]) if found else None

    def record(self) -> str:
        """As the rows keep it."""
        return f"{self.name} {self.checksum} {self.last} {self.keys}"

    @property
    def is_current(self) -> bool:
        """Whether its keys are those that this version asks for."""
        return self.keys == key_version()


class VectorIndex:
    """Keys of `size` numbers by edit id. Ids must not repeat.

    `last` is the highest id in the graph; `unsaved` edits are not in its file.
    """

    def __init__(self, graph: Any, size: int, last: int) -> None:
        self._graph, self.size, self.last = graph, size, last
        self.unsaved = 0
        self._widen()

    @classmethod
    def empty(cls, size: int) -> VectorIndex:
        """An index of nothing, for keys of `size` numbers."""
        graph = hnswlib.Index("ip", size)
        graph.init_index(1024, ef_construction=BREADTH_BUILD, M=LINKS, random_seed=0)
        return cls(graph, size, 0)

    @classmethod
    def load(cls, store: Store) -> VectorIndex:
        """The saved graph if it is whole and belongs to these rows, else an empty one."""
        saved = SavedGraph.of(store)
        shape = _shape(store)
        graph = hnswlib.Index("ip", shape.size)
        if saved is None or not saved.is_current:
            return cls.empty(shape.size)
        path = store.folder / saved.name
        try:
            file = read_graph_file(path, shape)
            if file.checksum != saved.checksum or not _belong(file.labels, store, saved.last):
                raise GraphFileError("it is another one than the rows speak of")
            graph.load_index(os.fsencode(path), max_elements=len(file.labels) + 1024)
        except (OSError, RuntimeError) as error:  # gone (an indexer has just written the next one) or not readable
            _log.info("the graph %s cannot be read: %s", path, error)
            return cls.empty(shape.size)
        except GraphFileError as error:
            _log.warning("the graph %s is not used: %s", path, error)
            return cls.empty(shape.size)
        return cls(graph, shape.size, saved.last)

    def catch_up(self, store: Store) -> int:
        """Add every row that came after the last one known here; how many there were."""
        added = 0
        rows = store.sketches_after(self.last)
        while batch := list(itertools.islice(rows, _BATCH)):
            ids, sketches, learned = zip(*batch, strict=True)
            self.add(ids, edit_keys(store.bundle, sketches, learned))
            added += len(ids)
        return added

    def add(self, ids: Sequence[int], keys: Floats) -> None:
        """Insert keys `[N, size]` under ascending ids."""
        needed = self._graph.get_current_count() + len(ids)
        if needed > self._graph.get_max_elements():
            self._graph.resize_index(max(needed, self._graph.get_max_elements() * 3 // 2))
        self._graph.add_items(keys, np.asarray(ids), num_threads=1)
        self.last = ids[-1]
        self.unsaved += len(ids)
        self._widen()

    def _widen(self) -> None:
        self._graph.set_ef(max(BREADTH_SEARCH, len(self) // WIDER_BY))

    def nearest(self, key: Floats, count: int) -> dict[int, float]:
        """Up to `count` edits near `key` `[size]`: their ids with the cosine, nearest first."""
        count = min(count, self._graph.get_current_count())
        while count > 0:
            try:
                labels, distances = self._graph.knn_query(key[None], k=count, num_threads=1)
                return dict(zip(labels[0].tolist(), (1 - distances[0]).tolist(), strict=True))
            except RuntimeError:  # fewer than `count` can be reached
                count //= 2
        return {}

    def nearest_among(self, key: Floats, ids: Sequence[int], count: int) -> dict[int, float]:
        """The same among the given ids only, by exact search; ids above `last` are not known yet."""
        ids = [number for number in ids if number <= self.last]
        scored: list[tuple[float, int]] = []
        for start in range(0, len(ids), 4096):
            part = ids[start : start + 4096]
            products = np.asarray(self._graph.get_items(part, return_type="numpy")) @ key
            scored = sorted([*scored, *zip(products.tolist(), part, strict=True)], reverse=True)[:count]
        return {number: product for product, number in scored}

    def save(self, store: Store) -> None:
        """Write the graph beside the rows; readers switch over when its record is stored.

        Raises:
            IndexStoreError: the file cannot be written whole; the one before it stays.
        """
        _log.info("writing the graph of %d edits", len(self))
        old = SavedGraph.of(store)
        serial = old.serial + 1 if old else 1
        path = store.folder / f"vectors-{serial}.hnsw"
        try:
            self._graph.save_index(os.fsencode(path))  # which never says that it failed, and takes a str for UTF-8
            checksum = read_graph_file(path, _shape(store)).checksum
        except (OSError, RuntimeError, GraphFileError) as error:
            path.unlink(missing_ok=True)
            raise IndexStoreError(
                f"the index's graph cannot be written to {store.folder} ({error}); nothing is lost: make room,"
                " and run `codewm-lsp index` again"
            ) from error
        with store.transaction():
            store.set_meta("vectors", SavedGraph(serial, checksum, self.last, key_version()).record())
        self.unsaved = 0
        for other in store.folder.glob("vectors-*.hnsw"):
            if other != path:
                other.unlink(missing_ok=True)

    def __len__(self) -> int:
        return int(self._graph.get_current_count())


def is_kept(store: Store) -> bool:
    """Whether the graph has a file that lacks no more than readers add in a moment, by what the rows say of it."""
    saved = SavedGraph.of(store)
    if saved is None or not saved.is_current or not (store.folder / saved.name).is_file():
        return False
    return store.edits_after(saved.last) <= _few(store)


def keep_graph(store: Store, vectors: VectorIndex, *, tidy: bool = False) -> int:
    """Write the graph's file if what it lacks would cost readers time; how many removed edits it was rid of.

    They cost a search, since it finds them first and leaves them out. Making the graph anew without them takes minutes
    where it is large, so that is done only if they are many, or to `tidy` up.
    """
    vectors.catch_up(store)
    removed = len(vectors) - store.counts()[1]
    anew = removed > (0 if tidy else len(vectors) // 4)
    if anew:
        vectors = VectorIndex.empty(vectors.size)
        vectors.catch_up(store)
    if vectors.unsaved > (0 if tidy else _few(store)):
        vectors.save(store)
    return removed if anew else 0


def _few(store: Store) -> int:
    """Edits that readers may be left to add."""
    return min(LEFT_TO_READERS, store.counts()[1] // 64)


def _shape(store: Store) -> Shape:
    return Shape(key_size(store.bundle), LINKS, BREADTH_BUILD)


def _belong(labels: Labels, store: Store, last: int) -> bool:
    """Whether a graph knows all edits up to `last`, and none beyond."""
    ids = np.array(store.edit_ids(), np.uint64)
    return bool(labels.min() > 0 and labels.max() <= last) and not len(np.setdiff1d(ids[ids <= last], labels))
