"""The exact score of two edits: what orders the hits, computed on all features of both sketches.

The index's inner product only finds candidates; the order comes from here, in the engine and in the
evaluation alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from codewm_model.bundle import LearnedWeight
from codewm_model.sketch import Features, Floats, Hashes, Sketch

LEXICAL_SHARE = 0.84  # of the sketches' part of the score: docs/adr/0002-ranking.md, 0012-the-learned-channel.md
CANDIDATES = 300  # that the key finds for the exact score: docs/adr/0010-smaller-keys.md
SAME_NAMES, SAME_SHAPE, NEAR_IN_MODEL = 0.3, 0.6, 0.7  # cosines from which a reason is worth naming
WEAK_REASONS = ("some of the same names", "a similar shape")  # what is named where nothing is worth it


class FeatureMatrix:
    """Sparse rows of one channel, for cosines with one query at a time.

    `counts[i]` of the features `[F]` belong to row i, in order.
    """

    def __init__(self, hashes: Hashes, weights: Floats, counts: Sequence[int]) -> None:
        self.size = len(counts)
        self._hashes, self._weights = hashes, weights
        self._row = np.repeat(np.arange(self.size), counts)

    @classmethod
    def of(cls, rows: Sequence[Features]) -> FeatureMatrix:
        """The rows as a matrix."""
        hashes = np.concatenate([np.empty(0, np.uint32), *(row.hashes for row in rows)])
        weights = np.concatenate([np.empty(0, np.float32), *(row.weights for row in rows)])
        return cls(hashes, weights, [len(row.hashes) for row in rows])

    def cosines(self, query: Features) -> Floats:
        """Cosine of each row with `query`, `[N]`."""
        if not len(query.hashes) or not len(self._hashes):
            return np.zeros(self.size, np.float32)
        place = np.minimum(np.searchsorted(query.hashes, self._hashes), len(query.hashes) - 1)
        shared = np.flatnonzero(query.hashes[place] == self._hashes)
        products = self._weights[shared] * query.weights[place[shared]]
        return np.bincount(self._row[shared], products, self.size).astype(np.float32)


class Ranker:
    """Scores candidates against queries."""

    def __init__(self, lexical: FeatureMatrix, structural: FeatureMatrix) -> None:
        self._lexical, self._structural = lexical, structural

    @classmethod
    def of(cls, candidates: Sequence[Sketch]) -> Ranker:
        """A ranker over sketches."""
        lexical = FeatureMatrix.of([candidate.lexical for candidate in candidates])
        return cls(lexical, FeatureMatrix.of([candidate.structural for candidate in candidates]))

    def channels(self, query: Sketch) -> tuple[Floats, Floats]:
        """Lexical and structural cosine of each candidate, both `[N]`."""
        return self._lexical.cosines(query.lexical), self._structural.cosines(query.structural)


def weighed(learned: Floats, weight: LearnedWeight) -> Floats:
    """A query's learned embedding `[E]` by what its halves count for, kind and topic.

    Its inner product with an edit's embedding is the mean of their cosines by these weights.
    """
    half = learned.shape[-1] // 2
    shares = np.repeat(np.array([weight.kind, weight.topic], np.float32), (half, learned.shape[-1] - half))
    return np.asarray(learned * (2 * shares / max(weight.score, 1e-9)), np.float32)


def fuse(lexical: Floats, structural: Floats, learned: Floats | None = None, share: float = 0.0) -> Floats:
    """The score `[N]` that orders the list, from the channels' cosines `[N]`; at most 1.

    The learned channel takes its `share` and leaves the proportion of the others as it is. Without it, or with a share
    of 0, the score is that of the sketches alone.
    """
    sketched = np.float32(LEXICAL_SHARE) * lexical + np.float32(1 - LEXICAL_SHARE) * structural
    if learned is None or not share:
        return sketched
    return np.float32(1 - share) * sketched + np.float32(share) * learned


def reasons(lexical: float, structural: float, learned: float = 0.0) -> tuple[str, ...]:
    """Why an edit is a hit, in words; the stronger channel of the sketches is named if no other reason is."""
    found = []
    if lexical >= SAME_NAMES:
        found.append("same names")
    if structural >= SAME_SHAPE:
        found.append("same shape")
    if learned >= NEAR_IN_MODEL:
        found.append("near in the model")
    if not found:
        found.append(WEAK_REASONS[0] if lexical >= structural else WEAK_REASONS[1])
    return tuple(found)
