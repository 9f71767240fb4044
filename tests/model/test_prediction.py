"""The rule that says how likely each kind of edit is next."""

from __future__ import annotations

import numpy as np
import pytest

from codewm_model.prediction import POWER, PRIOR, class_scores

EVEN = np.full(4, 0.25, np.float32)


def test_near_edits_count_by_their_similarity_to_a_power_and_the_prior_joins_them() -> None:
    scores = class_scores(np.array([2, 0, 2]), np.array([0.9, 0.8, 0.5], np.float32), EVEN)
    weights = np.array([0.9, 0.8, 0.5]) ** POWER
    assert scores.sum() == pytest.approx(1)
    assert scores[1] == scores[3] == pytest.approx(PRIOR * 0.25 / (1 + PRIOR))
    assert scores[0] - scores[1] == pytest.approx(weights[1] / weights.sum() / (1 + PRIOR))


def test_what_is_unlike_says_nothing_and_without_neighbours_the_prior_decides() -> None:
    prior = np.array([0.5, 0.3, 0.2, 0.0], np.float32)
    alone = class_scores(np.zeros(0, np.intp), np.zeros(0, np.float32), prior)
    assert alone == pytest.approx(PRIOR * prior / (1 + PRIOR))
    unlike = class_scores(np.array([3, 3]), np.array([-0.9, 0.0], np.float32), prior)
    assert unlike == pytest.approx(alone)


def test_many_situations_at_once_are_scored_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    kinds, similarity = rng.integers(4, size=(5, 7)), rng.uniform(-1, 1, (5, 7)).astype(np.float32)
    prior = rng.dirichlet(np.ones(4), 5).astype(np.float32)
    together = class_scores(kinds, similarity, prior)
    for row in range(5):
        assert together[row] == pytest.approx(class_scores(kinds[row], similarity[row], prior[row]), abs=1e-6)
