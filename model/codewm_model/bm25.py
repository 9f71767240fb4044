"""Okapi BM25: the plain ranking that `codewm-lsp eval` and the trainer's judging both compare with."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SATURATION, LENGTH = 1.2, 0.75  # Okapi's k1 and b, at their usual values

Floats = npt.NDArray[np.float32]


class Bm25:
    """N documents as counts of terms, kept as postings: for each term which documents hold it, and how much it counts.

    Robertson and Zaragoza, 2009, with an idf that is never negative.
    """

    def __init__(self, rows: Sequence[Counter[str]]) -> None:
        self._size = len(rows)
        lengths = np.array([row.total() for row in rows], np.float32)
        mean = max(1.0, float(lengths.mean()) if rows else 0.0)
        penalty = SATURATION * (1 - LENGTH + LENGTH * lengths / mean)
        places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for i, row in enumerate(rows):
            for term, count in row.items():
                places[term][0].append(i)
                places[term][1].append(count)
        self._postings = {term: self._weighed(*found, penalty) for term, found in places.items()}

    def scores(self, question: Counter[str]) -> Floats:
        """How well each document answers, `[N]`; 0 where it shares no term."""
        total = np.zeros(self._size, np.float32)
        for term, count in question.items():
            if term in self._postings:
                at, weights = self._postings[term]
                total[at] += count * weights
        return total

    def _weighed(
        self, places: Sequence[int], counts: Sequence[int], penalty: Floats
    ) -> tuple[npt.NDArray[np.intp], Floats]:
        at, count = np.array(places, np.intp), np.array(counts, np.float32)
        rarity = math.log(1 + (self._size - len(at) + 0.5) / (len(at) + 0.5))
        return at, (rarity * count * (SATURATION + 1) / (count + penalty[at])).astype(np.float32)
