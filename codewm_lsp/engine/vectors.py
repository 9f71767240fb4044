"""The HNSW graph over the edits' keys, and its file: a copy of what the rows say, made again whenever in doubt.

hnswlib trusts the files it reads, so a file is only handed to it after its checksum and its declared sizes
agree with what was recorded when it was written.
"""

from __future__ import annotations

import itertools
import logging
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from codewm_lsp.engine.encoder import edit_keys, key_size
from codewm_lsp.engine.store import Store
from codewm_model.errors import DependencyError
from codewm_model.sketch import Floats

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
_BATCH = 512


class VectorIndex:
    """Keys by edit id. Ids must not repeat; removed ones are marked and never found.

    `last` is the highest id in the graph, `saved` the highest in its file (0 if that is of no use).
    """

    def __init__(self, graph: Any, last: int) -> None:
        self._graph, self.last, self.saved = graph, last, last
        graph.set_ef(BREADTH_SEARCH)

    @classmethod
    def empty(cls, size: int) -> VectorIndex:
        """An index of nothing, for keys of `size` numbers."""
        graph = hnswlib.Index("ip", size)
        graph.init_index(1024, ef_construction=BREADTH_BUILD, M=LINKS, random_seed=0)
        return cls(graph, 0)

    @classmethod
    def load(cls, store: Store) -> VectorIndex:
        """The saved graph if it is whole and belongs to these rows, else an empty one."""
        name, checksum, count, last = _record(store)
        path = store.folder / name
        size = key_size(store.bundle)
        graph = hnswlib.Index("ip", size)
        try:
            if not name or Path(name).name != name or _checksum(path) != checksum:
                return cls.empty(size)
            graph.load_index(str(path), max_elements=count + 1024)
        except (OSError, RuntimeError):  # gone (an indexer has just written the next one) or not readable
            return cls.empty(size)
        return cls(graph, last) if graph.get_current_count() == count else cls.empty(size)

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

    def remove(self, ids: Sequence[int]) -> None:
        """Never find these again."""
        for number in ids:
            try:
                self._graph.mark_deleted(number)
            except RuntimeError:
                pass  # not in the graph yet, and its row is gone: it never will be

    def nearest(self, key: Floats, count: int) -> dict[int, float]:
        """Up to `count` edits near `key` `[size]`: their ids with the cosine, nearest first."""
        count = min(count, self._graph.get_current_count())
        while count > 0:
            try:
                labels, distances = self._graph.knn_query(key[None], k=count, num_threads=1)
                return dict(zip(labels[0].tolist(), (1 - distances[0]).tolist(), strict=True))
            except RuntimeError:  # fewer than `count` can be reached, most are removed
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
        """Write the graph beside the rows; readers switch over when its record is stored."""
        _log.info("writing the graph of %d edits", len(self))
        old = _record(store)[0]
        serial = int(old.split("-")[1].split(".")[0]) + 1 if old else 1
        name = f"vectors-{serial}.hnsw"
        path = store.folder / name
        self._graph.save_index(str(path))
        record = f"{name} {_checksum(path)} {self._graph.get_current_count()} {self.last}"
        with store.transaction():
            store.set_meta("vectors", record)
        self.saved = self.last
        for other in store.folder.glob("vectors-*.hnsw"):
            if other.name != name:
                other.unlink(missing_ok=True)

    def __len__(self) -> int:
        return int(self._graph.get_current_count())


def _record(store: Store) -> tuple[str, int, int, int]:
    """File name, CRC-32, number of vectors, last id."""
    fields = str(store.get_meta("vectors") or "").split()
    if len(fields) != 4 or not all(field.isdigit() for field in fields[1:]):
        return "", 0, 0, 0
    return fields[0], int(fields[1]), int(fields[2]), int(fields[3])


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            value = zlib.crc32(piece, value)
    return value
