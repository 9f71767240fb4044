"""Action classes are even enough to be worth guessing, and guessing looks at the past alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codewm_model.action_classes import CLIP, ActionClasses
from codewm_model.edit import edit_between
from codewm_train.action_classes import LARGEST, fit_classes
from codewm_train.baselines import vectors
from codewm_train.ids import CLASSES_FILE
from codewm_train.next_action import VOTES, Vote, action_class_top5, among_top, situation, tune_vote, voted
from codewm_train.siblings import PastEdit


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


def test_near_edits_of_the_same_class_give_it_away_and_no_past_is_a_miss() -> None:
    seen = situation(HISTORY, ActionClasses.load(CLASSES_FILE))
    states = np.eye(2, dtype=np.float32)[[0, 1, 0, 0]]
    hits = action_class_top5(seen, {"tfidf": Vote(1, 1, 0.0), "states": Vote(1, 1, 0.0)}, states)
    assert set(hits) == {"prior", "tfidf", "states"}
    assert all(rows.tolist() == [False, False, True, False] for rows in hits.values())


def test_the_region_is_told_without_what_is_added() -> None:
    one = situation(HISTORY[:1], ActionClasses.load(CLASSES_FILE)).texts[0]
    assert "load" in one and "strict" not in one


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
