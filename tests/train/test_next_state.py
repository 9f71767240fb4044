"""What the measures of next states say of predictions made by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from codewm_train.next_state import (
    effective_rank,
    knn,
    nearest_of_other_commits,
    places,
    predictions,
    ranks,
    ridge,
    ridge_predict,
)
from codewm_train.views import Views

N, D = 1100, 24  # more rows than are compared at once, twice


@pytest.fixture(scope="module")
def states() -> tuple[np.ndarray, np.ndarray]:
    """Befores, and afters that are near them."""
    rng = np.random.default_rng(0)
    before = rng.standard_normal((N, D)).astype(np.float32)
    return before, before + 0.1 * rng.standard_normal((N, D)).astype(np.float32)


def test_a_copy_scores_nothing_copy_proof_and_nearly_all_plain(states: tuple[np.ndarray, np.ndarray]) -> None:
    found = knn(states[0], *states)
    assert found.copy_proof.mean() == 0
    assert found.plain.mean() > 0.9


def test_a_perfect_prediction_scores_all_of_any_length(states: tuple[np.ndarray, np.ndarray]) -> None:
    found = knn(3 * states[1], *states)
    assert found.copy_proof.all() and found.plain.all()


def test_each_edit_is_judged_for_itself(states: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = states
    right = np.arange(N) % 3 == 0
    found = knn(np.where(right[:, None], after, before), before, after)
    assert np.array_equal(found.copy_proof, right)
    assert found.plain.mean() > 0.9


def test_what_the_copy_proof_gallery_holds_is_every_before_and_not_the_own_alone() -> None:
    before, after = np.eye(6, dtype=np.float32)[:3], np.eye(6, dtype=np.float32)[3:]
    prediction = np.stack([after[0], after[1] + 2 * before[2], after[2] + 2 * after[0]])
    found = knn(prediction, before, after)
    assert found.plain.tolist() == [True, True, False]
    assert found.copy_proof.tolist() == [True, False, False]


def test_a_tie_is_a_miss_so_constant_states_score_nothing() -> None:
    one = np.tile(np.eye(4, dtype=np.float32)[0], (5, 1))
    other = np.tile(np.eye(4, dtype=np.float32)[1], (5, 1))
    found = knn(one, other, one)
    assert not found.plain.any() and not found.copy_proof.any()
    invisible = np.eye(5, dtype=np.float32)
    found = knn(invisible, invisible, invisible)
    assert found.plain.all() and not found.copy_proof.any()


def test_among_the_k_nearest_is_judged_by_the_place_and_one_is_the_nearest(
    states: tuple[np.ndarray, np.ndarray],
) -> None:
    before, after = states
    rng = np.random.default_rng(2)
    prediction = after + rng.standard_normal(after.shape).astype(np.float32)
    found = places(prediction, before, after)
    cosines = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (prediction, after, before)]
    gallery = cosines[0] @ np.concatenate(cosines[1:]).T
    for name, nearest in (("plain", gallery[:, :N]), ("copy_proof", gallery)):
        order = np.argsort(-nearest, axis=1)
        expected = 1 + np.argmax(order == np.arange(N)[:, None], axis=1)
        assert np.array_equal(getattr(found, name), expected)
        for k in (1, 5, 50):
            assert np.array_equal(getattr(found.within(k), name), expected <= k)
    one = knn(prediction, before, after)
    assert np.array_equal(one.plain, found.plain == 1) and np.array_equal(one.copy_proof, found.copy_proof == 1)


def test_every_tie_and_every_before_takes_a_place_before_the_own_after() -> None:
    one = np.tile(np.eye(4, dtype=np.float32)[0], (5, 1))
    found = places(one, one, one)
    assert found.plain.tolist() == [5] * 5 and found.copy_proof.tolist() == [10] * 5
    states = np.random.default_rng(0).standard_normal((20, 8)).astype(np.float32)
    assert places(states, states, states).copy_proof.tolist() == [2] * 20


def test_what_reads_like_the_own_after_is_not_counted_as_a_wrong_answer() -> None:
    axes = np.eye(6, dtype=np.float32)
    after = axes[[0, 0, 1]]
    before = axes[[2, 3, 0]]
    same = np.zeros((3, 6), bool)
    assert knn(after, before, after, same).plain.tolist() == [False, False, True]
    same[0, 1] = same[1, 0] = True
    found = knn(after, before, after, same)
    assert (found.plain.tolist(), found.copy_proof.tolist()) == ([True] * 3, [False, False, True])
    same[0, 5] = same[1, 5] = True
    assert knn(after, before, after, same).copy_proof.all()


def test_effective_rank_counts_the_directions_that_are_used() -> None:
    rows = np.random.default_rng(0).standard_normal((4000, 32)).astype(np.float32)
    assert 31 < effective_rank(rows) <= 32.001
    assert effective_rank(rows[:, :1] * rows[0] + rows[1]) == pytest.approx(1, abs=0.01)
    assert effective_rank(np.ones((10, 8), np.float32)) == pytest.approx(1)
    flat = rows * (np.arange(32) < 8)
    assert effective_rank(flat) == pytest.approx(8, abs=0.1)


def test_ranks_are_of_states_predictions_their_changes_and_edits() -> None:
    rng = np.random.default_rng(0)
    before = rng.standard_normal((500, D)).astype(np.float32)
    after = before + rng.standard_normal((500, 1)).astype(np.float32) * np.eye(D, dtype=np.float32)[0]
    sides = [SimpleNamespace(state=side) for side in (before, after)]
    encoded = SimpleNamespace(before=sides[0], after=sides[1], edit=before[:, :3])
    found = ranks(encoded, before)  # type: ignore[arg-type]
    assert set(found) == {"state", "prediction", "prediction_delta", "true_delta", "edit"}
    assert found["state"] == found["prediction"] > 0.9 * D
    assert found["prediction_delta"] == pytest.approx(1) and found["edit"] == pytest.approx(3, abs=0.1)
    assert found["true_delta"] < found["state"]


def test_a_borrowed_action_never_comes_from_the_same_commit() -> None:
    rng = np.random.default_rng(0)
    state = rng.standard_normal((N, D)).astype(np.float32)
    state[1::2] = state[::2]  # every edit has a twin in its own commit
    commits = [f"commit {i // 4}" for i in range(N)]
    nearest = nearest_of_other_commits(state, commits)
    assert all(commits[i] != commits[j] for i, j in enumerate(nearest))
    near = nearest_of_other_commits(state, [f"commit {i}" for i in range(N)])
    assert near.tolist() == [i ^ 1 for i in range(N)]


class Echo:
    """A model whose next state is the action."""

    def predict(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        return actions


def test_each_way_of_predicting_gets_the_action_that_its_name_says() -> None:
    rng = np.random.default_rng(0)
    state = rng.standard_normal((40, D)).astype(np.float32)
    state[1::2] = state[::2] + 1e-3
    actions = rng.standard_normal((40, 5)).astype(np.float32)
    encoded = SimpleNamespace(before=SimpleNamespace(state=state))
    commits = [f"commit {i}" for i in range(40)]
    found = predictions(Echo(), Views([], [], actions), encoded, commits)  # type: ignore[arg-type]
    assert set(found) == {"ours", "borrowed", "shuffled", "copy", "random"}
    assert np.array_equal(found["ours"], actions)
    assert np.array_equal(found["borrowed"], actions[[i ^ 1 for i in range(40)]])
    assert sorted(map(tuple, found["shuffled"])) == sorted(map(tuple, actions))
    assert not np.array_equal(found["shuffled"], actions)
    assert np.array_equal(found["copy"], state)
    assert found["random"].shape == state.shape


def test_ridge_finds_a_next_state_that_is_linear_in_state_and_action() -> None:
    rng = np.random.default_rng(0)
    state = rng.standard_normal((N, D)).astype(np.float32)
    state /= np.linalg.norm(state, axis=1, keepdims=True)
    action = rng.standard_normal((N, 5)).astype(np.float32)
    after = state + action @ rng.standard_normal((5, D)).astype(np.float32)
    after /= np.linalg.norm(after, axis=1, keepdims=True)
    weights = ridge(state[:800], action[:800], after[:800])
    assert weights.shape == (D + 5 + 1, D)
    found = knn(ridge_predict(weights, state[800:], action[800:]), state[800:], after[800:])
    blind = knn(ridge_predict(weights, state[800:], action[:300]), state[800:], after[800:])
    assert found.copy_proof.mean() > 0.8 > blind.copy_proof.mean()
