"""Two training-free sketches of an edit, and their projection to the vector that the index searches.

LEXICAL: words and subwords of the changed lines, and once more those of the tokens that really changed: what
the edit is about. STRUCTURAL: the classes of the really changed leaves with their place in the syntax, names
abstracted: what kind of edit it is. Removed and added stay apart in both. A feature is 31 bits of hash and
one bit of side; its weight is its kind's share times 1 + log(count), later times its inverse document frequency.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from codewm_model.changes import Change, Side
from codewm_model.idf import idf

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint32]

MAX_FEATURES = 256  # of one channel; the heaviest are kept
LEXICAL_SIZE, STRUCTURAL_SIZE = 256, 128  # dimensions of each part of the key
KEY_SIZE = LEXICAL_SIZE + STRUCTURAL_SIZE

# Chosen on the validation repositories: docs/adr/0002-ranking.md.
LINE_WORD, LINE_SUBWORD, NET_WORD, NET_SUBWORD = 1.0, 0.5, 1.0, 0.5
LEAF, PARENTS, PAIR = 1.0, 0.7, 0.7
LEXICAL_SHARE = 0.6

_WORD = re.compile(r"\w+")
_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_REMOVED, _ADDED = 0, 1


@dataclass(frozen=True, slots=True)
class Features:
    """A sparse vector: distinct hashes `[F]`, ascending, and their weights `[F]` without document frequency."""

    hashes: Hashes
    weights: Floats

    def scaled(self) -> Floats:
        """Weights `[F]` times inverse document frequency, of unit length (all zero if there is nothing)."""
        weights = self.weights * idf(self.hashes)
        return weights / max(float(np.linalg.norm(weights)), 1e-9)


@dataclass(frozen=True, slots=True)
class Sketch:
    """One edit, both channels."""

    lexical: Features
    structural: Features


def sketch(change: Change) -> Sketch:
    """Both sketches of an edit."""
    lexical: dict[int, float] = {}
    structural: dict[int, float] = {}
    edit = change.edit
    for sign, lines, side in ((_REMOVED, edit.removed, change.before), (_ADDED, edit.added, change.after)):
        changed = [side.tokens[i].text for i in side.changed]
        _count_words(lexical, "\n".join(lines)[:50_000], sign, "l", (LINE_WORD, LINE_SUBWORD))
        _count_words(lexical, "\n".join(changed), sign, "n", (NET_WORD, NET_SUBWORD))
        if change.language is not None:
            _count(structural, _structure(side), sign)
    return Sketch(_features(lexical), _features(structural))


def project(sketches: Sequence[Sketch]) -> Floats:
    """Keys `[N, KEY_SIZE]`: the lexical part times sqrt(share), the structural times sqrt(1 - share).

    Rows of both parts have unit length; a part with no features is zero.
    """
    lexical = _project([sketch.lexical for sketch in sketches], LEXICAL_SIZE)
    structural = _project([sketch.structural for sketch in sketches], STRUCTURAL_SIZE)
    return np.hstack([lexical * LEXICAL_SHARE**0.5, structural * (1 - LEXICAL_SHARE) ** 0.5])


def directions(hashes: Hashes, size: int) -> Floats:
    """The fixed random direction `[F, size]` of each feature, entries +1 and -1 drawn from its hash."""
    words = np.arange(size // 32, dtype=np.uint32) * np.uint32(0x85EBCA6B)
    mixed = hashes[:, None] * np.uint32(0x9E3779B1) + words[None, :]
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # the finaliser of MurmurHash3
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(16)
    bits = np.unpackbits(mixed.astype("<u4").view(np.uint8).reshape(len(hashes), -1), axis=1, bitorder="little")
    return bits.astype(np.float32) * 2 - 1


def _project(rows: Sequence[Features], size: int) -> Floats:
    out = np.zeros((len(rows), size), np.float32)
    for i, features in enumerate(rows):
        if len(features.hashes):
            vector = features.scaled() @ directions(features.hashes, size)
            out[i] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return out


def _features(counts: dict[int, float]) -> Features:
    hashes = np.fromiter(counts.keys(), np.uint32, len(counts))
    weights = np.fromiter(counts.values(), np.float32, len(counts))
    if len(hashes) > MAX_FEATURES:
        kept = np.argpartition(-weights * idf(hashes), MAX_FEATURES)[:MAX_FEATURES]
        hashes, weights = hashes[kept], weights[kept]
    order = np.argsort(hashes)
    return Features(hashes[order], weights[order])


def _count(into: dict[int, float], features: Iterator[tuple[str, float]], sign: int) -> None:
    counts: dict[tuple[str, float], int] = {}
    for feature in features:
        counts[feature] = counts.get(feature, 0) + 1
    for (name, share), count in counts.items():
        into[_hash(name) | sign] = share * (1 + float(np.log(count)))


def _count_words(into: dict[int, float], text: str, sign: int, kind: str, shares: tuple[float, float]) -> None:
    counts: dict[str, int] = {}
    for word in _WORD.findall(text):
        counts[word] = counts.get(word, 0) + 1
    parts: dict[int, int] = {}
    for word, count in counts.items():
        whole, subwords = _word_hashes(kind, word)
        into[whole | sign] = shares[0] * _LOG[min(count, 255)]
        for part in subwords:
            parts[part] = parts.get(part, 0) + count
    for part, count in parts.items():
        into[part | sign] = shares[1] * _LOG[min(count, 255)]


@functools.lru_cache(maxsize=1 << 16)
def _word_hashes(kind: str, word: str) -> tuple[int, tuple[int, ...]]:
    subwords = [part.lower() for part in _SUBWORD.findall(word)]
    return _hash(kind + "w" + word), tuple(_hash(kind + "s" + part) for part in subwords)


@functools.lru_cache(maxsize=1 << 16)
def _hash(name: str) -> int:
    """31 bits of CRC-32, shifted to leave the lowest bit for the side."""
    return crc32(name.encode(errors="replace")) & 0xFFFFFFFE


_LOG = [0.0, *(1 + np.log(np.arange(1, 256))).tolist()]


def _structure(side: Side) -> Iterator[tuple[str, float]]:
    """Names and shares of the structural features of a side's really changed leaves."""
    previous = ""
    for leaf in side.changed_leaves():
        yield f"c{leaf.kind}|{leaf.parent}|{leaf.field}", LEAF
        yield f"p{leaf.parent}|{leaf.grandparent}", PARENTS
        yield f"b{previous}|{leaf.kind}", PAIR
        previous = leaf.kind
    if previous:
        yield f"b{previous}|", PAIR
