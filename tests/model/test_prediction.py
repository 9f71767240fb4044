"""The rule that says how likely each kind of edit is next."""

from __future__ import annotations

import numpy as np
import pytest

from codewm_model.prediction import (
    COMMON,
    EVIDENCE,
    POWER,
    PRIOR,
    SHARPNESS,
    class_scores,
    probabilities,
    votes,
)

EVEN = np.full(4, 0.25, np.float32)


def test_near_edits_count_by_their_similarity_to_a_power_and_the_prior_joins_them() -> None:
    scores = votes(np.array([2, 0, 2]), np.array([0.9, 0.8, 0.5], np.float32), EVEN)
    weights = np.array([0.9, 0.8, 0.5]) ** POWER
    assert scores.sum() == pytest.approx(1)
    assert scores[1] == scores[3] == pytest.approx(PRIOR * 0.25 / (1 + PRIOR))
    assert scores[0] - scores[1] == pytest.approx(weights[1] / weights.sum() / (1 + PRIOR))


def test_what_is_unlike_says_nothing_and_without_neighbours_the_prior_decides() -> None:
    prior = np.array([0.5, 0.3, 0.2, 0.0], np.float32)
    alone = votes(np.zeros(0, np.intp), np.zeros(0, np.float32), prior)
    assert alone == pytest.approx(PRIOR * prior / (1 + PRIOR))
    unlike = votes(np.array([3, 3]), np.array([-0.9, 0.0], np.float32), prior)
    assert unlike == pytest.approx(alone)


def test_the_model_and_the_past_share_the_score() -> None:
    learned = np.array([0.7, 0.1, 0.1, 0.1], np.float32)
    past = (np.array([2, 2]), np.array([0.9, 0.5], np.float32), EVEN)
    said = np.array([0, 0, 0.9**SHARPNESS + 0.5**SHARPNESS, 0])
    expected = (learned + EVIDENCE * said + COMMON * EVEN) / (1 + EVIDENCE + COMMON)
    assert class_scores(*past, learned) == pytest.approx(expected, abs=1e-6)


def test_what_was_done_in_the_same_code_outweighs_the_model_and_in_like_code_it_does_not() -> None:
    learned = np.array([0.4, 0.3, 0.2, 0.1], np.float32)
    for similarity, first in ((1.0, 3), (0.9, 3), (0.6, 0)):
        past = (np.full(5, 3), np.full(5, similarity, np.float32), EVEN)
        scores = class_scores(*past, learned)
        assert scores.argmax() == first and scores.sum() <= 1 + 1e-6


def test_without_a_past_edit_the_model_alone_decides() -> None:
    learned = np.array([0.1, 0.6, 0.3, 0.0], np.float32)
    scores = class_scores(np.zeros(0, np.intp), np.zeros(0, np.float32), np.zeros(4, np.float32), learned)
    assert scores / scores.sum() == pytest.approx(learned)


@pytest.mark.parametrize("scale", [1.0, -3.0, 1e4, 1e30])
def test_whatever_a_network_gives_becomes_probabilities(scale: float) -> None:
    prior = np.log(np.array([[0.5, 0.25, 0.25], [0.9, 0.05, 0.05]], np.float32))
    found = probabilities(prior * np.float32(scale))
    assert found.sum(axis=1) == pytest.approx(1) and found.min() >= 0
    if scale == 1.0:
        assert found == pytest.approx(np.exp(prior))


def test_many_situations_at_once_are_scored_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    kinds, similarity = rng.integers(4, size=(5, 7)), rng.uniform(-1, 1, (5, 7)).astype(np.float32)
    prior = rng.dirichlet(np.ones(4), 5).astype(np.float32)
    learned = rng.dirichlet(np.ones(4), 5).astype(np.float32)
    together = class_scores(kinds, similarity, prior, learned)
    for row in range(5):
        alone = class_scores(kinds[row], similarity[row], prior[row], learned[row])
        assert together[row] == pytest.approx(alone, abs=1e-6)
