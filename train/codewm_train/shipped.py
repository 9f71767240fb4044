"""What is judged: the scores that the product ships, and each of their parts alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from codewm_model.actions import action_of
from codewm_model.changes import Change, change_of
from codewm_model.edit import Edit
from codewm_model.ranking import CANDIDATES, Ranker, fuse
from codewm_model.sketch import project, sketch
from codewm_train.baselines import standardised, vectors
from codewm_train.metrics import Scorer, Scores


def shipped(changes: Sequence[Change]) -> dict[str, Scorer]:
    """Scorers over the changes: each channel, the key alone, the exact score of everything, and what ships.

    What ships (`ranking`) is the exact score of the key's candidates only.
    """
    sketches = [sketch(change) for change in changes]
    key = vectors(project(sketches))
    ranker = Ranker.of(sketches)
    channels = functools.cache(lambda query: ranker.channels(sketches[query]))
    return {
        "lexical": lambda query: channels(query)[0],
        "structural": lambda query: channels(query)[1],
        "key": key,
        "exact": lambda query: fuse(*channels(query)),
        "ranking": ranked(key, lambda query: fuse(*channels(query))),
    }


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
    """What every scorer above reads of the edits."""
    return [change_of(edit) for edit in edits]
