"""What is judged: the scores that the product ships, and each of their parts alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codewm_model.actions import action_of
from codewm_model.bundle import LearnedWeight
from codewm_model.changes import Change, ChangeReader
from codewm_model.edit import Edit
from codewm_model.ranking import CANDIDATES, Ranker, fuse, weighed
from codewm_model.sketch import index_keys, project, sketch
from codewm_train.baselines import standardised, vectors
from codewm_train.metrics import Scorer, Scores

TRIED = LearnedWeight(topic=0.12)  # where no bundle says what the learned embedding counts for
HALF = np.float32(0.5)


class Sketched:
    """N changes with their sketches, and what the sketches say of a query; computed once for all models."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.sketches = [sketch(change) for change in changes]
        self.key = vectors(project(self.sketches))
        ranker = Ranker.of(self.sketches)
        self.channels = functools.cache(lambda query: ranker.channels(self.sketches[query]))

    def score(self, query: int) -> Scores:
        """The exact score of everything without a learned channel."""
        return fuse(*self.channels(query))


def shipped(sketched: Sketched) -> dict[str, Scorer]:
    """Scorers without a learned channel: each channel alone, both, and the key and the ranking of the product.

    `lexical+structural` is the exact score of everything, `key` the index's inner product, and `ranking` the exact
    score of the key's candidates only.
    """
    return {
        "lexical": lambda query: sketched.channels(query)[0],
        "structural": lambda query: sketched.channels(query)[1],
        "lexical+structural": sketched.score,
        "key": sketched.key,
        "ranking": ranked(sketched.key, sketched.score),
    }


def with_learned(sketched: Sketched, learned: NDArray[np.float32], weight: LearnedWeight = TRIED) -> dict[str, Scorer]:
    """The same with `learned` embeddings `[N, E]`, whose halves are channels with the shares that `weight` says.

    Names that end in `+learned` take the share of the score and leave the rest as it was; with one channel of the
    sketches alone it has half.
    """
    unit = learned / np.maximum(np.linalg.norm(learned, axis=1, keepdims=True), np.float32(1e-9))
    near = vectors(unit)
    key = vectors(index_keys(sketched.sketches, unit, weight.key)) if weight.key else sketched.key

    def exact(query: int) -> Scores:
        near_in_model = np.asarray(unit @ weighed(unit[query], weight), np.float32)
        return fuse(*sketched.channels(query), near_in_model, weight.score)

    return {
        "learned": near,
        "lexical+learned": lambda query: HALF * (sketched.channels(query)[0] + near(query)),
        "structural+learned": lambda query: HALF * (sketched.channels(query)[1] + near(query)),
        "lexical+structural+learned": exact,
        "ranking+learned": ranked(key, exact),
    } | ({"key+learned": key} if weight.key else {})


def ranked(key: Scorer, exact: Scorer, candidates: int = CANDIDATES) -> Scorer:
    """The key's best candidates in the order of the exact score; the others behind them, in the key's order."""

    def score(query: int) -> Scores:
        near = key(query).copy()
        near[query] = -np.inf
        best = np.argpartition(-near, min(candidates, len(near) - 1))[:candidates]
        near[best] = 4 + exact(query)[best]
        return near

    return score


def action(changes: Sequence[Change]) -> Scorer:
    """Cosine of the action vectors, each number centred and scaled over the gallery: a baseline."""
    return standardised(np.stack([action_of(change) for change in changes]))


def changes_of(edits: Sequence[Edit]) -> list[Change]:
    """What every scorer above reads of the edits, in their order; a file that several edit is parsed once."""
    reader = ChangeReader(most=1)
    order = sorted(range(len(edits)), key=lambda i: id(edits[i].before))
    read = {i: reader.read(edits[i]) for i in order}
    return [read[i] for i in range(len(edits))]
