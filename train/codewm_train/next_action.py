"""The action-class test: is the class of the edit that was made among five, told from the region before it alone.

Three ways to tell: how common each class is in the repository, a vote of the past edits whose regions share words, and
a vote of those whose states are near. All of them ask only what was there at the time: edits of the same repository
and of commits made earlier. An edit that has no such edit before it counts as missed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codewm_model.action_classes import ActionClasses, Floats
from codewm_model.actions import action_of
from codewm_model.regions import region_pair
from codewm_train.baselines import tfidf_texts, vectors
from codewm_train.metrics import Scorer
from codewm_train.shipped import changes_of
from codewm_train.siblings import PastEdit

TOP = 5
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Vote:
    """`neighbours` nearest edits each vote with their similarity to a `power`; the prior joins them with its share."""

    neighbours: int
    power: float
    prior: float


VOTES = tuple(Vote(*way) for way in itertools.product((10, 20, 50, 100, 200, 400), (1, 2, 4, 8, 16), (0.0, 0.1, 0.3)))

# The best on the validation edits, for neighbours by words and by the shipped model's states.
WORDS_VOTE = Vote(200, 1, 0.0)
STATES_VOTE = Vote(50, 4, 0.3)


@dataclass(frozen=True)
class Situation:
    """N past edits as the test sees them: regions before as text, true classes `[N]`, who may be asked `[N, N]`."""

    texts: list[str]
    classes: NDArray[np.intp]
    askable: Hits
    prior: Floats  # [N, K]: shares of the classes among those who may be asked


def situation(past: Sequence[PastEdit], classes: ActionClasses) -> Situation:
    """Read the edits. Their marks, which know what will change, are not looked at."""
    changes = changes_of([item.edit for item in past])
    own = classes.assign(np.stack([action_of(change) for change in changes]))
    repositories = np.unique([item.repository for item in past], return_inverse=True)[1]
    times = np.array([item.time for item in past])
    askable = (repositories[:, None] == repositories) & (times < times[:, None])
    prior = askable.astype(np.float32) @ np.eye(len(classes.centres), dtype=np.float32)[own]
    prior /= np.maximum(prior.sum(axis=1, keepdims=True), 1)
    texts = ["\n".join(leaf.text for leaf in region_pair(change)[0].leaves) for change in changes]
    return Situation(texts, own, askable, prior)


def action_class_top5(seen: Situation, votes: dict[str, Vote], states: Floats | None = None) -> dict[str, Hits]:
    """Whether each edit's class is among the top five `[N]`, by way: `prior`, `tfidf`, and given `states` `[N, D]`.

    `votes` says how the neighbours by words (`tfidf`) and by state (`states`) vote: what `tune_vote` found on the
    validation edits.
    """
    found = {"prior": among_top(seen.prior, seen.classes), "tfidf": voted(seen, by_words(seen), votes["tfidf"])}
    if states is not None:
        found["states"] = voted(seen, vectors(states), votes["states"])
    return found


def by_words(seen: Situation) -> Scorer:
    """How alike the regions' words are."""
    return tfidf_texts(seen.texts)


def voted(seen: Situation, near: Scorer, vote: Vote) -> Hits:
    """Whether each edit's class is among the five that its neighbours vote for, `[N]`."""
    return _count(seen, *_neighbours(seen, near, vote.neighbours), vote)


def tune_vote(seen: Situation, near: Scorer) -> tuple[Vote, float]:
    """The best of `VOTES`, and its share of hits: on validation edits only, and alike for every kind of neighbour."""
    similarity, voices = _neighbours(seen, near, max(vote.neighbours for vote in VOTES))
    rates = [float(_count(seen, similarity, voices, vote).mean()) for vote in VOTES]
    best = int(np.argmax(rates))
    return VOTES[best], rates[best]


def among_top(scores: Floats, classes: NDArray[np.intp], top: int = TOP) -> Hits:
    """Whether each row's class is among its `top` scores `[N, K]`; a tie counts against it."""
    own = scores[np.arange(len(scores)), classes]
    return np.asarray((scores >= own[:, None]).sum(axis=1) <= top)


def _neighbours(seen: Situation, near: Scorer, most: int) -> tuple[Floats, NDArray[np.intp]]:
    """The nearest of those who may be asked, `[N, most]`: similarity (0 where there are no more) and class."""
    similarity = np.zeros((len(seen.classes), most), np.float32)
    voices = np.zeros((len(seen.classes), most), np.intp)
    for i in range(len(seen.classes)):
        scores = np.where(seen.askable[i], near(i), -np.inf)
        best = np.argsort(-scores, kind="stable")[:most]
        similarity[i, : len(best)] = np.maximum(scores[best], 0)
        voices[i, : len(best)] = seen.classes[best]
    return similarity, voices


def _count(seen: Situation, similarity: Floats, voices: NDArray[np.intp], vote: Vote) -> Hits:
    weights = similarity[:, : vote.neighbours] ** vote.power
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1e-9))
    total = np.zeros_like(seen.prior)
    np.add.at(total, (np.arange(len(total))[:, None], voices[:, : vote.neighbours]), weights)
    return among_top(total + np.float32(max(vote.prior, 1e-6)) * seen.prior, seen.classes)
