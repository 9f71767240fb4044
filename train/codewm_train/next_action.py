"""The action-class test, the gate of prediction: is the class of the edit that was made among five of 64?

It is told from the region at the line where the edit begins, cut as the editor cuts it: without knowing how many lines
will change. Six ways to tell: how common each class is in the repository, a vote of the past edits whose regions share
words, a vote of those whose states are near, that vote with the world model's predicted states, what the model says of
the place by itself, and that with the past edits of nearly the same state, which is the ranking that ships. The past is
what was there at the time: edits of the same repository and of commits made earlier, whose regions are those that the
index keeps. For the ways that ask nothing else an edit that has no such edit before it is missed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codewm_model import prediction
from codewm_model.action_classes import ActionClasses, Floats
from codewm_model.actions import action_of
from codewm_model.prediction import class_scores, probabilities, votes
from codewm_model.regions import Region, region_at, region_pair
from codewm_model.runtime import Encoded
from codewm_model.tokenizer import tokenize
from codewm_train.baselines import tfidf_texts, vectors
from codewm_train.metrics import Scorer
from codewm_train.retrieval import gain
from codewm_train.shipped import changes_of
from codewm_train.siblings import PastEdit
from codewm_train.views import WorldModelRunner

TOP = 5
PREDICTED, MODEL, SHIPPED = "states+predicted", "prior_model", "shipped"
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Vote:
    """`neighbours` nearest edits each vote with their similarity to a `power`; the prior joins them with its share."""

    neighbours: int
    power: float
    prior: float


VOTES = tuple(Vote(*way) for way in itertools.product((10, 20, 50, 100, 200, 400), (1, 2, 4, 8, 16), (0.0, 0.1, 0.3)))

# The best on the validation edits, for neighbours by words; by states it is what takes part in what ships.
WORDS_VOTE = Vote(200, 1, 0.0)
STATES_VOTE = Vote(prediction.NEIGHBOURS, prediction.POWER, prediction.PRIOR)
# What predicted states do to a score: the most that was found on the validation edits, and still within chance.
WEIGHT = 0.2


@dataclass(frozen=True)
class Situation:
    """N past edits as the test sees them.

    `before` are the regions that the index keeps of them, `asked` those at the lines where they begin; `classes` `[N]`
    the true classes, `askable` `[N, N]` who may be asked, `prior` `[N, K]` shares of the classes among those.
    """

    before: list[Region]
    asked: list[Region]
    classes: NDArray[np.intp]
    askable: Hits
    prior: Floats

    @property
    def largest(self) -> float:
        """The share of the edits that the commonest class has."""
        return float(np.bincount(self.classes).max() / len(self.classes))


def situation(past: Sequence[PastEdit], classes: ActionClasses) -> Situation:
    """Read the edits."""
    changes = changes_of([item.edit for item in past])
    own = classes.assign(np.stack([action_of(change) for change in changes]))
    repositories = np.unique([item.repository for item in past], return_inverse=True)[1]
    times = np.array([item.time for item in past])
    askable = (repositories[:, None] == repositories) & (times < times[:, None])
    prior = askable.astype(np.float32) @ np.eye(len(classes.centres), dtype=np.float32)[own]
    prior /= np.maximum(prior.sum(axis=1, keepdims=True), 1)
    before = [region_pair(change)[0] for change in changes]
    asked = [
        region_at(change.sources[0], change.edit.first) if change.sources else Region((), (), 0, 0)
        for change in changes
    ]
    return Situation(before, asked, own, askable, prior)


def judge_next_action(
    seen: Situation, classes: ActionClasses, model: WorldModelRunner | None = None, positions: int = 0
) -> dict[str, Any]:
    """The gate: `action_class_top5`, the share of hits by way, and what belongs to it.

    Without a model only the ways that need none. With one, `action_class_gains` say how the ranking that ships stands
    to each of the others, and the vote with predicted states to those that it is made of, edit by edit.
    """
    hits = {"prior": among_top(seen.prior, seen.classes), "tfidf": voted(seen, by_words(seen), WORDS_VOTE)}
    if model is not None:
        before, asked = (_encoded(model, regions, positions) for regions in (seen.before, seen.asked))
        near, learned = vectors(before.state, asked.state), probabilities(asked.prior)
        scores = vote_scores(seen, near, STATES_VOTE)
        hits["states"] = among_top(scores, seen.classes)
        hits[PREDICTED] = among_top(with_predicted(scores, nearness(model.predict, asked.state, classes)), seen.classes)
        hits[MODEL] = among_top(learned, seen.classes)
        hits[SHIPPED] = among_top(shipped_scores(seen, near, learned), seen.classes)
    order = list(hits)
    pairs = [(name, other) for name in (PREDICTED, SHIPPED) if name in hits for other in order[: order.index(name)]]
    values = {name: rows.astype(float).tolist() for name, rows in hits.items()}
    return {
        "action_class_top5": {name: float(rows.mean()) for name, rows in hits.items()},
        "action_class_n": {"n": len(seen.classes), "classes": len(classes), "largest": seen.largest},
        "action_class_gains": [asdict(gain(*pair, values[pair[0]], values[pair[1]])) for pair in pairs],
    }


def with_predicted(scores: Floats, near: Floats, weight: float = WEIGHT) -> Floats:
    """Scores `[N, K]` in which classes that leave the state nearer than others (`near` `[N, K]`) count more."""
    spread = np.maximum(near.std(axis=1, keepdims=True), np.float32(1e-6))
    return np.asarray(scores * np.exp(weight * (near - near.mean(axis=1, keepdims=True)) / spread), np.float32)


def nearness(predict: Callable[[Floats, Floats], Floats], states: Floats, classes: ActionClasses) -> Floats:
    """Cosine of each state `[N, D]` with the one that the world model predicts after each class's action, `[N, K]`."""
    found = np.zeros((len(states), len(classes)), np.float32)
    unit = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), np.float32(1e-9))
    for row, state in enumerate(states):
        after = predict(np.repeat(state[None], len(classes), axis=0), classes.typical())
        found[row] = after @ unit[row] / np.maximum(np.linalg.norm(after, axis=1), np.float32(1e-9))
    return found


def by_words(seen: Situation) -> Scorer:
    """How alike the words are of the region asked about and of each that is kept."""
    before, asked = (
        ["\n".join(leaf.text for leaf in region.leaves) for region in regions] for regions in (seen.before, seen.asked)
    )
    return tfidf_texts(before, asked)


def voted(seen: Situation, near: Scorer, vote: Vote) -> Hits:
    """Whether each edit's class is among the five that its neighbours vote for, `[N]`."""
    return among_top(vote_scores(seen, near, vote), seen.classes)


def vote_scores(seen: Situation, near: Scorer, vote: Vote) -> Floats:
    """What its neighbours say of each edit, `[N, K]`."""
    return _count(seen, *_neighbours(seen, near, vote.neighbours), vote)


def shipped_scores(seen: Situation, near: Scorer, learned: Floats) -> Floats:
    """What the product says of each edit, `[N, K]`, of which the model's probabilities `[N, K]` have a `share`."""
    similarity, voices = _neighbours(seen, near, prediction.NEIGHBOURS)
    return class_scores(voices, similarity, seen.prior, learned)


def tune_vote(seen: Situation, near: Scorer) -> tuple[Vote, float]:
    """The best of `VOTES`, and its share of hits: on validation edits only, and alike for every kind of neighbour."""
    similarity, voices = _neighbours(seen, near, max(vote.neighbours for vote in VOTES))
    rates = [float(among_top(_count(seen, similarity, voices, vote), seen.classes).mean()) for vote in VOTES]
    best = int(np.argmax(rates))
    return VOTES[best], rates[best]


def among_top(scores: Floats, classes: NDArray[np.intp], top: int = TOP) -> Hits:
    """Whether each row's class is among its `top` scores `[N, K]`; a tie counts against it."""
    own = scores[np.arange(len(scores)), classes]
    return np.asarray((scores >= own[:, None]).sum(axis=1) <= top)


def _encoded(model: WorldModelRunner, regions: Sequence[Region], positions: int) -> Encoded:
    return model.encode([tokenize(region, positions) for region in regions])


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


def _count(seen: Situation, similarity: Floats, voices: NDArray[np.intp], vote: Vote) -> Floats:
    few = slice(None, vote.neighbours)
    # Without a share of its own the prior still parts classes that nobody votes for.
    return votes(voices[:, few], similarity[:, few], seen.prior, vote.power, max(vote.prior, 1e-6))
