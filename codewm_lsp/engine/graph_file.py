"""Whether a graph's file is safe to hand to hnswlib, which believes every number that it reads there.

A count, a link or an offset out of bounds makes hnswlib read and write memory that is not its own. So a file is read
here first, in pieces and once: its checksum, a header that is exactly the one of our parameters, and every number
that hnswlib will follow. The format is that of hnswlib 0.8, `HierarchicalNSW::saveIndex`; a file of a version that
writes anything else is refused, and the graph is made again from the rows.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

_HEADER = struct.Struct("=QQQQQQiIQQQdQ")
_LABEL = 8  # bytes
_WORD = 4  # bytes of a link, a count, a float
_PIECE = 4096  # elements

Words = npt.NDArray[np.uint32]
Labels = npt.NDArray[np.uint64]


class GraphFileError(ValueError):
    """The file is not one that our hnswlib wrote; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides a file's layout: numbers in a key, links of an element (hnswlib's M), and ef_construction."""

    size: int
    links: int
    breadth: int

    @property
    def element(self) -> int:
        """Bytes of an element on the lowest level: link count, links (twice as many there), key, label."""
        return _WORD * (1 + 2 * self.links + self.size) + _LABEL

    def header(self, capacity: int, count: int, top: int, entry: int) -> tuple[int | float, ...]:
        """What hnswlib writes first for `count` elements, the highest level `top` and the entry point."""
        at_label = self.element - _LABEL
        at_key = _WORD * (1 + 2 * self.links)
        scale = 1 / math.log(self.links)
        return (0, capacity, count, self.element, at_label, at_key, top, entry, self.links, 2 * self.links, self.links,
                scale, self.breadth)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class GraphFile:
    """What a sound file holds: the labels `[N]` of its elements, and the CRC-32 of all of it."""

    labels: Labels
    checksum: int


def read_graph_file(path: Path, shape: Shape) -> GraphFile:
    """Read and check a whole file.

    Raises:
        GraphFileError: it must not be loaded.
        OSError: it cannot be read.
    """
    _demand(path.is_file() or not path.exists(), "it is no file")  # opening a pipe would wait for ever
    with path.open("rb") as file:
        reader = _Reader(file)
        header = _HEADER.unpack(reader.take(_HEADER.size))
        capacity, count, top, entry = header[1], header[2], header[6], header[7]
        _demand(header == shape.header(capacity, count, top, entry), "its header is not that of our parameters")
        _demand(0 < count <= capacity, "it holds an impossible number of elements")
        _demand(file.seek(0, 2) >= _HEADER.size + count * (shape.element + _WORD), "it is too short")
        file.seek(_HEADER.size)
        labels = np.concatenate([_lowest_level(reader, shape, count, start) for start in range(0, count, _PIECE)])
        _upper_levels(np.frombuffer(reader.rest(), "=u4"), shape, count, top, entry)
    _demand(len(np.unique(labels)) == count, "a label stands there twice")
    return GraphFile(labels, reader.checksum)


class _Reader:
    """A file read from its beginning to its end, and the CRC-32 of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.checksum = 0

    def take(self, size: int) -> bytes:
        data = self._read(size)
        _demand(len(data) == size, "it is too short")
        return data

    def rest(self) -> bytes:
        data = self._read(-1)
        _demand(len(data) % _WORD == 0, "it ends within a number")
        return data

    def _read(self, most: int) -> bytes:
        data = self._file.read(most)
        self.checksum = zlib.crc32(data, self.checksum)
        return data


def _lowest_level(reader: _Reader, shape: Shape, count: int, start: int) -> Labels:
    """Check a piece of the elements; their labels."""
    number = min(_PIECE, count - start)
    words = np.frombuffer(reader.take(number * shape.element), "=u4").reshape(number, -1)
    _check_links(words[:, : 1 + 2 * shape.links], count)
    keys = words[:, 1 + 2 * shape.links : -2].view("=f4")
    squares = np.einsum("nd,nd->n", keys, keys)
    _demand(bool((squares < 1.1).all()), "a key is no unit vector")  # also if it is not a number
    return np.ascontiguousarray(words[:, -2:]).view("=u8").ravel()


def _upper_levels(words: Words, shape: Shape, count: int, top: int, entry: int) -> None:
    """Check what follows the lowest level: for each element the bytes of its lists, and the lists, one for a level."""
    width = 1 + shape.links
    places, owners = _lists(words, width, count)
    levels = np.zeros(count, np.int64)
    heights = words[places] // (width * _WORD)
    levels[owners] = heights
    _demand(entry < count and top == levels.max() == levels[entry], "its entry point is not on the highest level")
    for level in range(1, top + 1):
        here = places[heights >= level] + 1 + (level - 1) * width
        lists = words[here[:, None] + np.arange(width)]
        _check_links(lists, count)
        used = np.arange(1, width) <= lists[:, :1]
        _demand(bool((levels[lists[:, 1:][used]] >= level).all()), "a link leads to a level that is not there")


def _lists(words: Words, width: int, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the elements' list sizes stand that are not 0, and whose they are: one element in `links` has lists."""
    nonzero = np.flatnonzero(words)
    places, owners = [], []
    place, element = 0, 0
    while True:
        nearest = int(nonzero.searchsorted(place))
        step = (int(nonzero[nearest]) if nearest < len(nonzero) else len(words)) - place
        place, element = place + step, element + step
        if place == len(words):
            break
        size = int(words[place])
        _demand(element < count and size % (width * _WORD) == 0, "a list has an impossible size")
        places.append(place)
        owners.append(element)
        place, element = place + 1 + size // _WORD, element + 1
        _demand(place <= len(words), "a list is longer than the file")
    _demand(element == count, "it has lists for another number of elements")
    return np.array(places, np.int64), np.array(owners, np.int64)


def _check_links(lists: Words, count: int) -> None:
    """Rows of a link count and that many links. A mark of hnswlib's for removed elements is a count out of bounds."""
    numbers, links = lists[:, :1], lists[:, 1:]
    _demand(bool((numbers <= links.shape[1]).all()), "an element has too many links")
    used = np.arange(links.shape[1]) < numbers
    _demand(int(np.where(used, links, 0).max(initial=0)) < count, "a link leads to no element")


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise GraphFileError(otherwise)
