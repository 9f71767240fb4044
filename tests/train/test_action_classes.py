"""Action classes are even enough to be worth guessing, and guessing looks at the past alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from codewm_model.action_classes import CLIP, ActionClasses
from codewm_model.actions import ACTION_FIELDS, CATEGORIES, TYPES
from codewm_model.edit import edit_between
from codewm_model.prediction import class_scores, votes
from codewm_model.runtime import Encoded
from codewm_model.tokenizer import TEXT_BUCKETS, TokenSequence, bucket
from codewm_train.action_classes import LARGEST, fit_classes
from codewm_train.baselines import vectors
from codewm_train.ids import CLASSES_FILE
from codewm_train.next_action import (
    MODEL,
    PREDICTED,
    SHIPPED,
    STATES_VOTE,
    VOTES,
    among_top,
    judge_next_action,
    shipped_scores,
    situation,
    tune_vote,
    vote_scores,
    voted,
    with_predicted,
)
from codewm_train.siblings import PastEdit

CLASSES = ActionClasses.load(CLASSES_FILE)


def lumpy(n: int = 1200) -> np.ndarray:
    """Actions of which half are nearly the same."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(n, 6)) * 3
    rows[: n // 2] = rng.normal(size=(n // 2, 6)) * 0.01
    return rows.astype(np.float32)


def test_no_class_holds_more_than_its_share() -> None:
    rows = lumpy()
    classes = fit_classes(rows, k=16)
    counts = np.bincount(classes.assign(rows), minlength=16)
    assert counts.max() <= LARGEST * len(rows)
    assert len(classes.centres) == 16


def test_classes_are_the_same_each_time_and_after_saving(tmp_path: Path) -> None:
    rows = lumpy()
    classes = fit_classes(rows, k=16, seed=3)
    assert np.array_equal(classes.centres, fit_classes(rows, k=16, seed=3).centres)
    classes.save(tmp_path / "classes.npz")
    assert np.array_equal(ActionClasses.load(tmp_path / "classes.npz").assign(rows), classes.assign(rows))


def test_every_class_has_a_label_in_words_that_says_what_kind_of_edit_it_is() -> None:
    classes = ActionClasses.load(CLASSES_FILE)
    labels = classes.labels
    assert len(set(labels)) == len(labels) == 64
    for label, action in zip(labels, classes.typical(), strict=True):
        kind = TYPES[int(action[[ACTION_FIELDS.index(name) for name in TYPES]].argmax())]
        verbs = {"add": ("add",), "delete": ("remove",), "modify": ("change", "replace", "add", "take")}[kind]
        assert label.startswith(verbs) and label.isascii() and len(label) < 70
    assert "add import at module level, 1 line" in labels


def test_classes_of_which_the_same_can_be_said_are_told_apart_by_what_they_differ_in() -> None:
    one = np.zeros((4, len(ACTION_FIELDS)), np.float32)
    one[1, CATEGORIES.index("call")], one[2, len(CATEGORIES) + CATEGORIES.index("return")] = 0.4, 0.4
    classes = ActionClasses(np.zeros(len(ACTION_FIELDS), np.float32), np.ones(len(ACTION_FIELDS), np.float32), one)
    plain, calls, returns, more = classes.labels
    assert len({plain, calls, returns, more}) == 4
    assert calls.endswith(", more call removed") and returns.endswith(", more return added")
    stem = calls.removesuffix(", more call removed")
    assert all(label.startswith(f"{stem}, ") for label in classes.labels)


def test_one_action_that_is_most_of_them_cannot_be_split() -> None:
    rows = lumpy()
    rows[:300] = 0
    with pytest.raises(ValueError, match="300 of 1200"):
        fit_classes(rows, k=16)


def test_the_frozen_classes_are_of_todays_actions() -> None:
    classes = ActionClasses.load(CLASSES_FILE)
    assert classes.centres.shape == (64, 63)
    assert np.abs(classes.centres).max() <= CLIP
    assert classes.assign(classes.typical()).tolist() == list(range(64))


def past(repository: str, time: int, before: str, after: str) -> PastEdit:
    return PastEdit(repository, f"{repository} {time}", time, edit_between(before, after, "a.py"))


CALL = ("value = load(name)\n", "value = load(name, strict=True)\n")
IMPORT = ("import os\n", "import os\nimport sys\nfrom json import loads\n")
HISTORY = [past("me/box", 1, *CALL), past("me/box", 2, *IMPORT), past("me/box", 3, *CALL), past("me/tin", 4, *CALL)]


def test_only_earlier_edits_of_the_same_repository_are_asked() -> None:
    seen = situation(HISTORY, ActionClasses.load(CLASSES_FILE))
    assert np.flatnonzero(seen.askable[2]).tolist() == [0, 1]
    assert not seen.askable[[0, 3]].any()
    assert seen.classes[0] == seen.classes[2] != seen.classes[1]


class Corner:
    """A world model for which regions with a call are in one corner and all others in another, and nothing moves.

    What is done to a call it knows from elsewhere, of other code it knows nothing.
    """

    def __init__(self, classes: ActionClasses) -> None:
        size = len(classes)
        (self.known,) = situation(HISTORY[:1], classes).classes
        self.likely = np.full((2, size), 1 / size, np.float32)
        self.likely[1] = np.where(np.arange(size) == self.known, 0.5, 0.5 / (size - 1))

    def encode(self, sequences: Sequence[TokenSequence]) -> Encoded:
        calls = [bucket("load", TEXT_BUCKETS) in sequence.text for sequence in sequences]
        states = np.eye(2, dtype=np.float32)[np.array(calls, int)]
        prior = np.log(self.likely)[np.array(calls, int)]
        return Encoded(states, np.zeros((len(calls), 3, 2), np.float32), prior)

    def predict(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        return states

    def edits(self, before: Encoded, after: Encoded) -> np.ndarray:
        raise AssertionError("the gate looks at no edit")


def test_near_edits_of_the_same_class_give_it_away_and_no_past_is_a_miss() -> None:
    found = judge_next_action(situation(HISTORY, CLASSES), CLASSES, Corner(CLASSES), 64)
    asked_the_past = dict.fromkeys(("prior", "tfidf", "states", PREDICTED), 0.25)
    assert found["action_class_top5"] == asked_the_past | dict.fromkeys((MODEL, SHIPPED), 0.75)
    assert found["action_class_n"] == {"n": 4, "classes": 64, "largest": 0.75}
    assert [(gain["name"], gain["over"]) for gain in found["action_class_gains"]] == [
        *((PREDICTED, other) for other in ("prior", "tfidf", "states")),
        *((SHIPPED, other) for other in ("prior", "tfidf", "states", PREDICTED, MODEL)),
    ]


def test_without_a_model_the_baselines_are_judged_alone() -> None:
    found = judge_next_action(situation(HISTORY, CLASSES), CLASSES)
    assert set(found["action_class_top5"]) == {"prior", "tfidf"} and found["action_class_gains"] == []


def test_the_regions_are_told_without_what_is_added() -> None:
    seen = situation(HISTORY[:1], ActionClasses.load(CLASSES_FILE))
    for region in (*seen.before, *seen.asked):
        texts = [leaf.text for leaf in region.leaves]
        assert "load" in texts and "strict" not in texts


def test_what_is_asked_about_does_not_know_which_lines_will_change() -> None:
    """Two edits that begin at one line and change one and three lines: the editor's region is the same for both."""
    lines = "".join(f"value_{i} = load({i})\n" for i in range(40))
    short = lines.replace("value_20 = load(20)\n", "value_20 = read(20)\n")
    long = "".join(line for line in lines.splitlines(keepends=True) if line[6:8] not in ("20", "21", "22"))
    seen = situation([past("me/box", 1, lines, after) for after in (short, long)], ActionClasses.load(CLASSES_FILE))
    assert seen.asked[0] == seen.asked[1]
    assert seen.before[0].marks != seen.before[1].marks


def test_the_ranking_that_is_judged_is_the_products() -> None:
    """One situation through the trainer's vote, and through what the engine calls."""
    seen = situation(HISTORY, ActionClasses.load(CLASSES_FILE))
    similarity = np.array([0.4, 0.9, 0.5, 0.1], np.float32)
    own = (seen.classes[:2], similarity[:2], seen.prior[2])
    assert vote_scores(seen, lambda query: similarity, STATES_VOTE)[2] == pytest.approx(votes(*own), abs=1e-6)
    learned = np.random.default_rng(0).dirichlet(np.ones(64), 4).astype(np.float32)
    scores = shipped_scores(seen, lambda query: similarity, learned)[2]
    assert scores == pytest.approx(class_scores(*own, learned[2]), abs=1e-6)


def test_predicted_states_favour_classes_that_leave_the_state_nearer() -> None:
    scores, near = np.full((1, 3), 0.2, np.float32), np.array([[0.1, 0.9, 0.5]], np.float32)
    assert np.argsort(with_predicted(scores, near)[0]).tolist() == [0, 2, 1]
    assert with_predicted(scores, near, 0.0) == pytest.approx(scores)


def test_tuning_gives_the_best_of_the_same_ways_to_every_neighbour() -> None:
    seen = situation(HISTORY, ActionClasses.load(CLASSES_FILE))
    near = vectors(np.eye(2, dtype=np.float32)[[0, 1, 0, 0]])
    vote, rate = tune_vote(seen, near)
    assert rate == max(float(voted(seen, near, other).mean()) for other in VOTES)
    assert vote in VOTES


def test_a_tie_counts_against_the_guess() -> None:
    scores = np.zeros((1, 8), np.float32)
    assert not among_top(scores, np.array([0])).any()
    scores[0, 3] = 1
    assert among_top(scores, np.array([3])).all()
