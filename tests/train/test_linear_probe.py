"""Linear probes find what is linear, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from codewm_train.linear_probe import Halves, class_accuracy, explained_variance, guesses, halves, ridge_change

N, F = 1200, 10


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((N, F)).astype(np.float32)


SPLIT = Halves(np.arange(0, N, 2), np.arange(1, N, 2))


def test_no_commit_is_on_both_sides_and_the_sides_are_even() -> None:
    commits = np.random.default_rng(1).integers(0, 200, N)
    split = halves(commits)
    assert not set(commits[split.fitted]) & set(commits[split.judged])
    assert sorted([*split.fitted, *split.judged]) == list(range(N))
    assert 0.4 < len(split.fitted) / N <= 0.5
    assert not np.array_equal(split.fitted, halves(commits, seed=1).fitted)


def test_two_commits_of_any_sizes_give_one_side_each() -> None:
    for seed in range(4):
        split = halves(np.array([7] * 9 + [3]), seed)
        assert len(split.fitted) and len(split.judged)


def test_classes_that_a_hyperplane_parts_are_found_and_the_scale_of_a_column_is_no_matter(features: np.ndarray) -> None:
    labels = features[:, :3].argmax(axis=1)
    found = class_accuracy(features * 1000.0 ** np.arange(F), labels, SPLIT)
    assert found["accuracy"] > 0.9 and found["balanced"] > 0.9
    assert found == class_accuracy(features * 1000.0 ** np.arange(F), labels, SPLIT)


def test_labels_that_have_nothing_to_do_with_the_features_are_guessed(features: np.ndarray) -> None:
    labels = np.random.default_rng(2).choice(3, N, p=[0.8, 0.1, 0.1])
    found, guess = class_accuracy(features, labels, SPLIT), guesses(labels, SPLIT)
    assert guess["chance"] == pytest.approx(1 / 3) and guess["majority"] == pytest.approx(0.8, abs=0.05)
    assert found["accuracy"] == pytest.approx(guess["majority"], abs=0.03)
    assert found["balanced"] == pytest.approx(1 / 3, abs=0.05)


def test_a_change_that_is_linear_is_explained_on_edits_that_were_not_fitted(features: np.ndarray) -> None:
    change = (features @ np.random.default_rng(3).standard_normal((F, 5)) + 2).astype(np.float32)
    told = ridge_change(features, change, SPLIT)
    assert told.shape == (len(SPLIT.judged), 5)
    assert explained_variance(told, change[SPLIT.judged]) > 0.999
    noise = ridge_change(np.random.default_rng(4).standard_normal((N, F)), change, SPLIT)
    assert explained_variance(noise, change[SPLIT.judged]) == pytest.approx(0, abs=0.05)


def test_the_mean_explains_nothing_and_the_truth_everything(features: np.ndarray) -> None:
    assert explained_variance(np.tile(features.mean(axis=0), (N, 1)), features) == pytest.approx(0, abs=1e-6)
    assert explained_variance(features, features) == 1
    assert explained_variance(-features, features) < -1
