"""A retrieval task and how a ranking of it is judged.

Both retrieval tests, same rule and hidden sibling, are one shape: a gallery of edits, some of them queries, and
for each query what counts as an answer and what must not be looked at. Keeping that shape apart from where the
edits come from lets a new score be judged with one function and no knowledge of git or of fixer rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codewm_model.edit import Edit

Scores = NDArray[np.float32]
Scorer = Callable[[int], Scores]
MEASURES = ("map", "mrr", "hit@1", "hit@10")


@dataclass(frozen=True)
class Task:
    """Queries over a gallery of N edits; a query is itself a gallery item and never its own answer.

    `relevant[i]` and `excluded[i]` are gallery positions for `queries[i]`; what is excluded is taken out of the
    gallery for that query alone. The gallery comes shuffled, so that ties, broken by position, favour nobody.
    """

    name: str
    edits: list[Edit]
    queries: list[int]
    relevant: list[NDArray[np.intp]]
    excluded: list[NDArray[np.intp]]
    labels: list[str]

    def evaluate(self, score: Scorer, limit: int | None = None) -> dict[str, float]:
        """Means over the queries (the first `limit` of them) of every measure in `judge`.

        `score(query)` gives similarities float32 [N], higher is nearer; the masking is done here.
        """
        return {name: float(np.mean(values)) for name, values in self.judge_all(score, limit).items()}

    def judge_all(self, score: Scorer, limit: int | None = None) -> dict[str, list[float]]:
        """Every measure of `judge` for each query, in the order of the queries."""
        rows = [
            judge(rank_order(score(query), query, self.excluded[i]), self.relevant[i])
            for i, query in enumerate(self.queries[:limit])
        ]
        return {name: [row[name] for row in rows] for name in MEASURES}


def rank_order(scores: Scores, query: int, excluded: NDArray[np.intp]) -> NDArray[np.intp]:
    """Gallery positions from the best score to the worst, without the query and what is excluded for it."""
    keep = np.ones(len(scores), dtype=bool)
    keep[excluded] = False
    keep[query] = False
    order = np.argsort(-scores, kind="stable")
    return order[keep[order]]


def judge(order: NDArray[np.intp], relevant: NDArray[np.intp]) -> dict[str, float]:
    """Average precision (`map`), reciprocal rank of the first answer (`mrr`), and an answer among the first 1, 10."""
    ranks = np.flatnonzero(np.isin(order, relevant)) + 1
    if not len(ranks):
        raise ValueError("a query without an answer cannot be judged")
    return {
        "map": float(np.mean(np.arange(1, len(ranks) + 1) / ranks)),
        "mrr": float(1 / ranks[0]),
        "hit@1": float(ranks[0] <= 1),
        "hit@10": float(ranks[0] <= 10),
    }


def error_removed(ours: float, best: float) -> float:
    """Share of the best baseline's error (1 - value) that ours removes; below zero where ours is worse."""
    return (ours - best) / (1 - best) if best < 1 else 0.0


def spread(values: Sequence[float]) -> float:
    """(max - min) / mean."""
    mean = sum(values) / len(values)
    return (max(values) - min(values)) / mean if mean else 0.0


def paired_bootstrap(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean difference over 2,000 resamplings of the queries."""
    difference = np.asarray(ours) - np.asarray(theirs)
    picks = np.random.default_rng(seed).integers(len(difference), size=(2000, len(difference)))
    low, high = np.quantile(difference[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
