"""What is judged: the scores that the product ships, and each of their parts alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codewm_model.actions import action_of
from codewm_model.changes import Change, ChangeReader
from codewm_model.edit import Edit
from codewm_model.ranking import CANDIDATES, Ranker, fuse
from codewm_model.sketch import index_keys, project, sketch
from codewm_train.baselines import standardised, vectors
from codewm_train.metrics import Scorer, Scores

LEARNED_SHARE = 0.2  # of the learned channel, wherever it joins the lexical one


def shipped(
    changes: Sequence[Change], learned: NDArray[np.float32] | None = None, share: float = LEARNED_SHARE
) -> dict[str, Scorer]:
    """Scorers over N changes: every channel alone, every combination, and the key and the ranking of the product.

    `lexical+structural` is the exact score of everything, `key` the index's inner product, and `ranking` the exact
    score of the key's candidates only. With `learned` vectors `[N, E]`, whose cosine is a third channel, the names that
    end in `+learned` take `share` of it and leave the rest as it was; with structure alone it has half.
    """
    sketches = [sketch(change) for change in changes]
    key = vectors(project(sketches))
    ranker = Ranker.of(sketches)
    channels = functools.cache(lambda query: ranker.channels(sketches[query]))
    scorers: dict[str, Scorer] = {
        "lexical": lambda query: channels(query)[0],
        "structural": lambda query: channels(query)[1],
        "lexical+structural": lambda query: fuse(*channels(query)),
        "key": key,
    }
    scorers["ranking"] = ranked(key, scorers["lexical+structural"])
    if learned is not None:
        unit = learned / np.maximum(np.linalg.norm(learned, axis=1, keepdims=True), np.float32(1e-9))
        near = scorers["learned"] = vectors(unit)
        scorers["lexical+learned"] = mixed(scorers["lexical"], near, share)
        scorers["structural+learned"] = mixed(scorers["structural"], near, 0.5)
        scorers["lexical+structural+learned"] = lambda query: fuse(*channels(query), near(query), share)
        scorers["key+learned"] = vectors(index_keys(sketches, unit, share))
        scorers["ranking+learned"] = ranked(scorers["key+learned"], scorers["lexical+structural+learned"])
    return scorers


def mixed(one: Scorer, other: Scorer, share: float) -> Scorer:
    """Both similarities added up, the other with this share."""
    return lambda query: np.float32(1 - share) * one(query) + np.float32(share) * other(query)


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
