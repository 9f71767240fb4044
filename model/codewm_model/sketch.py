"""Two training-free sketches of an edit, and their projection to the vector that the index searches.

LEXICAL: words and subwords of the changed lines, and once more those of the tokens that really changed: what
the edit is about. STRUCTURAL: the classes of the really changed leaves with their place in the syntax, names
abstracted: what kind of edit it is. Removed and added stay apart in both. A feature is 31 bits of hash and
one bit of side; its weight is its kind's share times 1 + log(count) times its inverse document frequency.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from codewm_model.changes import Change, Side
from codewm_model.idf import idf
from codewm_model.words import subwords, words

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint32]

MAX_FEATURES = 192  # of one group; the heaviest are kept
LEXICAL_SIZE, STRUCTURAL_SIZE = 224, 64  # dimensions of each part of the key: docs/adr/0012-the-learned-channel.md
KEY_SIZE = LEXICAL_SIZE + STRUCTURAL_SIZE

# Chosen on the validation repositories: docs/adr/0002-ranking.md, 0012-the-learned-channel.md.
KEY_LEXICAL = 0.77  # the lexical channel's share of the key; the rest is structural
LINES_SHARE = 0.5  # of the lexical channel; the rest goes to the really changed tokens
WORD, SUBWORD = 1.0, 1.0
LEAF, PARENTS, PAIR, TRIPLE, BESIDE = 1.0, 0.7, 0.7, 0.5, 0.5

_REMOVED, _ADDED = 0, 1
MAX_TEXT = 50_000  # characters of one side's lines that are read


@dataclass(frozen=True, slots=True)
class Features:
    """A sparse vector: distinct hashes `[F]`, ascending, and their weights `[F]`; its length is at most 1."""

    hashes: Hashes
    weights: Floats


@dataclass(frozen=True, slots=True)
class Sketch:
    """One edit, both channels."""

    lexical: Features
    structural: Features


def sketch(change: Change) -> Sketch:
    """Both sketches of an edit."""
    lines: dict[int, float] = {}
    net: dict[int, float] = {}
    structure: dict[int, float] = {}
    edit = change.edit
    for sign, text, side in ((_REMOVED, edit.removed, change.before), (_ADDED, edit.added, change.after)):
        _count_words(lines, "\n".join(text)[:MAX_TEXT], sign, "l")
        _count_words(net, "\n".join(side.tokens[i].text for i in side.changed), sign, "n")
        if change.language is not None and (edit.removed or edit.added):
            _count(structure, _structure(side), sign)
    lexical = _joined(_features(lines, LINES_SHARE), _features(net, 1 - LINES_SHARE))
    return Sketch(lexical, _features(structure, 1.0))


def project(sketches: Sequence[Sketch]) -> Floats:
    """Keys `[N, KEY_SIZE]`, unit rows: the lexical part and the structural, each weighed by its share.

    An edit with nothing to say in either channel has a zero row.
    """
    lexical = _project([sketch.lexical for sketch in sketches], LEXICAL_SIZE)
    structural = _project([sketch.structural for sketch in sketches], STRUCTURAL_SIZE)
    keys = np.hstack([lexical * np.float32(KEY_LEXICAL**0.5), structural * np.float32((1 - KEY_LEXICAL) ** 0.5)])
    unit: Floats = keys / np.maximum(np.linalg.norm(keys, axis=1, keepdims=True), np.float32(1e-9))
    return unit


def index_keys(sketches: Sequence[Sketch], learned: Floats | None, share: float) -> Floats:
    """What the index searches: `[N, KEY_SIZE + E]`, the key of the sketches with the learned embeddings beside it.

    `learned` `[N, E]` are unit rows, or zero where an edit has none, and `share` is their part of the inner product.
    A share of 0 takes no room: the rows are those of `project`, `[N, KEY_SIZE]`. Rows are of unit length or zero.
    """
    keys = project(sketches)
    if not share or learned is None:
        return keys
    joined = np.hstack([keys * np.float32((1 - share) ** 0.5), learned * np.float32(share**0.5)])
    joined *= keys.any(axis=1, keepdims=True)
    unit: Floats = joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), np.float32(1e-9))
    return unit


def directions(hashes: Hashes, size: int) -> Floats:
    """The fixed random direction `[F, size]` of each feature, entries +1 and -1 drawn from its hash."""
    steps = np.arange(size // 32, dtype=np.uint32) * np.uint32(0x85EBCA6B)
    mixed = hashes[:, None] * np.uint32(0x9E3779B1) + steps[None, :]
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # the finaliser of MurmurHash3
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(16)
    bits = np.unpackbits(mixed.astype("<u4").view(np.uint8).reshape(len(hashes), -1), axis=1, bitorder="little")
    return bits.astype(np.float32) * 2 - 1


def _project(rows: Sequence[Features], size: int) -> Floats:
    out = np.zeros((len(rows), size), np.float32)
    for i, features in enumerate(rows):
        if len(features.hashes):
            vector = features.weights @ directions(features.hashes, size)
            length = np.linalg.norm(features.weights)
            out[i] = vector * (length / max(float(np.linalg.norm(vector)), 1e-9))
    return out


def _features(counts: dict[int, float], share: float) -> Features:
    """The heaviest features of one group, scaled to length sqrt(share)."""
    hashes = np.fromiter(counts.keys(), np.uint32, len(counts))
    weights = np.fromiter(counts.values(), np.float32, len(counts)) * idf(hashes)
    if len(hashes) > MAX_FEATURES:
        kept = np.argpartition(-weights, MAX_FEATURES)[:MAX_FEATURES]
        hashes, weights = hashes[kept], weights[kept]
    order = np.argsort(hashes)
    length = max(float(np.linalg.norm(weights)), 1e-9)
    return Features(hashes[order], weights[order] * np.float32(share**0.5 / length))


def _joined(one: Features, two: Features) -> Features:
    hashes = np.concatenate([one.hashes, two.hashes])
    hashes, place = np.unique(hashes, return_inverse=True)
    weights = np.zeros(len(hashes), np.float32)
    np.add.at(weights, place, np.concatenate([one.weights, two.weights]))  # groups collide once in 2**31 pairs
    return Features(hashes, weights)


def _count(into: dict[int, float], features: Iterator[tuple[str, float]], sign: int) -> None:
    counts: dict[tuple[str, float], int] = {}
    for feature in features:
        counts[feature] = counts.get(feature, 0) + 1
    for (name, share), count in counts.items():
        into[_hash(name) | sign] = share * (1 + float(np.log(count)))


def _count_words(into: dict[int, float], text: str, sign: int, group: str) -> None:
    counts: dict[str, int] = {}
    for word in words(text):
        counts[word] = counts.get(word, 0) + 1
    parts: dict[int, int] = {}
    for word, count in counts.items():
        whole, its_parts = _word_hashes(group, word)
        into[whole | sign] = WORD * _LOG[min(count, 255)]
        for part in its_parts:
            parts[part] = parts.get(part, 0) + count
    for part, count in parts.items():
        into[part | sign] = SUBWORD * _LOG[min(count, 255)]


@functools.lru_cache(maxsize=1 << 14)
def _word_hashes(group: str, word: str) -> tuple[int, tuple[int, ...]]:
    return _hash(group + "w" + word), tuple(_hash(group + "s" + part) for part in subwords(word))


@functools.lru_cache(maxsize=1 << 14)
def _hash(name: str) -> int:
    """31 bits of CRC-32, shifted to leave the lowest bit for the side."""
    return crc32(name.encode(errors="replace")) & 0xFFFFFFFE


_LOG = [0.0, *(1 + np.log(np.arange(1, 256))).tolist()]


def _structure(side: Side) -> Iterator[tuple[str, float]]:
    """Names and shares of the structural features of a side's really changed leaves."""
    changed = side.changed_leaves()
    leaves = [side.leaves[i] for i in changed]
    for leaf in leaves:
        yield f"c{leaf.kind}|{leaf.parent}|{leaf.field}", LEAF
        yield f"p{leaf.parent}|{leaf.grandparent}", PARENTS
    kinds = ["", *(leaf.kind for leaf in leaves), ""]
    for one, two in itertools.pairwise(kinds):
        yield f"b{one}|{two}", PAIR
    for one, two, three in zip(kinds, kinds[1:], kinds[2:], strict=False):
        yield f"t{one}|{two}|{three}", TRIPLE
    among = set(changed)
    for i in changed:  # the leaves that stayed beside those that changed
        for j in (i - 1, i + 1):
            if 0 <= j < len(side.leaves) and j not in among:
                yield f"x{side.leaves[j].kind}|{side.leaves[i].kind}|{j - i}", BESIDE
