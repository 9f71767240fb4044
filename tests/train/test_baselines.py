"""Every baseline finds the edit that is like the query, by its own lights."""

import numpy as np
import pytest

from codewm_model.edit import edit_between
from codewm_train.baselines import BASELINES, difflib_ratio, net_changed
from codewm_train.shipped import Sketched, action, changes_of, ranked, shipped

EDITS = [
    edit_between("total = load_user(name)\n", "total = load_user(name, strict=True)\n"),
    edit_between("value = load_user(key)\n", "value = load_user(key, strict=True)\n"),
    edit_between("import os\n", "import sys\n"),
    edit_between("x = 1\n", ""),
]


SENSIBLE = [*(name for name in BASELINES if name != "random"), "difflib", "action", "ranking", "key"]


@pytest.mark.parametrize("name", SENSIBLE)
def test_the_like_edit_scores_above_the_unlike(name):
    scorers = {key: make(EDITS) for key, make in BASELINES.items()} | {"difflib": difflib_ratio(EDITS)}
    changes = changes_of(EDITS)
    scorers |= shipped(Sketched(changes)) | {"action": action(changes)}
    scores = scorers[name](0)
    assert scores.shape == (len(EDITS),)
    assert scores[1] > max(scores[2], scores[3])


def test_chance_is_the_same_each_time():
    one, two = BASELINES["random"](EDITS), BASELINES["random"](EDITS)
    assert np.array_equal(one(2), two(2))


def test_net_changed_tokens_leave_out_what_stayed_on_the_line():
    assert net_changed(EDITS[0]) == ([], [",", "strict", "=", "True"])


def test_signs_keep_an_edit_apart_from_its_reverse():
    there, back = edit_between("a = 1\n", "b = 2\n"), edit_between("b = 2\n", "a = 1\n")
    assert BASELINES["tfidf"]([there, back])(0)[1] == 0
    assert BASELINES["tfidf_words"]([there, back])(0)[1] == pytest.approx(1)


def test_the_exact_score_reorders_the_candidates_only():
    key = np.array([9, 0.4, 0.3, 0.2, 0.1], dtype=np.float32)
    exact = np.array([0, 0.1, 0.2, 0.9, 1.0], dtype=np.float32)
    scores = ranked(lambda _: key, lambda _: exact, candidates=3)(0)
    assert np.argsort(-scores)[:4].tolist() == [3, 2, 1, 4]
