"""What is said of the shape of a state space, of shapes made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from codewm_train.geometry import cosine, off_diagonal, path_over_edits, path_over_loops, size_ratio, spectrum
from codewm_train.next_state import effective_rank

D = 32


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2000, D)).astype(np.float32)


def test_the_size_of_a_change_is_told_as_a_share_of_the_state(rows: np.ndarray) -> None:
    assert size_ratio(0.125 * rows, rows) == pytest.approx(0.125)
    lengths = np.linspace(1, 9, len(rows), dtype=np.float32)[:, None]
    assert size_ratio(0.125 * rows * lengths, rows * lengths) == pytest.approx(0.125)


def test_pairs_and_others_are_told_apart(rows: np.ndarray) -> None:
    assert cosine(rows, 3 * rows) == pytest.approx(1)
    assert cosine(rows, -rows) == pytest.approx(-1)
    assert off_diagonal(rows, rows) == pytest.approx(0, abs=0.01)
    collapsed = rows[:1] + 0.01 * rows
    assert off_diagonal(collapsed, collapsed) > 0.99
    two = np.eye(D, dtype=np.float32)[:2]
    assert off_diagonal(two, two[::-1]) == pytest.approx(1)


def test_directions_are_counted_as_the_audit_and_as_the_papers_count_them(rows: np.ndarray) -> None:
    even = spectrum(rows)
    assert even["rank"] == effective_rank(rows) > 0.98 * D
    assert even["rank_of_variance"] > 0.98 * D and even["top_share"] < 0.05
    uneven = spectrum(rows * 0.5 ** np.arange(D, dtype=np.float32))
    assert uneven["rank_of_variance"] < uneven["rank"] < 5
    assert uneven["top_share"] == pytest.approx(0.75, abs=0.03)
    moved = spectrum(rows + 100)
    assert moved["rank"] == pytest.approx(even["rank"], rel=1e-3) and moved["rank_uncentred"] < 3


def test_a_straight_path_over_loops_has_straightness_and_turn_one(rows: np.ndarray) -> None:
    origin, step = rows[:1000], rows[1000:]
    found = path_over_loops(np.stack([origin + i * step for i in range(4)]))
    assert found["straightness"] == pytest.approx(1, abs=1e-5)
    assert found["turn"] == pytest.approx([1, 1], abs=1e-5)
    assert found["update"] == pytest.approx([size_ratio(step, origin + i * step) for i in (1, 2, 3)])


def test_a_path_that_comes_back_has_straightness_zero(rows: np.ndarray) -> None:
    found = path_over_loops(np.stack([rows, rows + 1, rows]))
    assert found["straightness"] == pytest.approx(0, abs=1e-5) and found["turn"] == pytest.approx([-1], abs=1e-4)


def test_one_step_is_not_called_straight(rows: np.ndarray) -> None:
    found = path_over_loops(np.stack([rows, rows + 1]))
    assert (found["straightness"], found["turn"], len(found["update"])) == (None, [], 1)
    assert path_over_loops(rows[None])["update"] == []


def test_edits_that_go_on_in_one_direction_are_straight_and_those_that_do_not_are_not(rows: np.ndarray) -> None:
    ahead = [np.tile(row, (4, 1)) for row in rows[:300]]
    found = path_over_edits(ahead)
    assert (found["chains"], found["steps"], found["straightness"]) == (300, 900, 1)
    assert found["turn"] == pytest.approx(1)
    assert found["shuffled"]["turn"] == pytest.approx(0, abs=0.05) and found["shuffled"]["straightness"] < 0.05
    astray = path_over_edits([rows[i : i + 4] for i in range(0, 1200, 4)])
    assert astray["turn"] == pytest.approx(astray["shuffled"]["turn"], abs=0.03)
    assert astray["straightness"] < 0.05


def test_a_chain_of_one_edit_is_no_path(rows: np.ndarray) -> None:
    found = path_over_edits([rows[:1], rows[1:2]])
    assert (found["chains"], found["steps"], found["turn"], found["straightness"]) == (0, 0, None, None)
