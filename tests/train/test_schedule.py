"""The learning rate over a run."""

from __future__ import annotations

from itertools import pairwise

import pytest
from datasets import tiny_preset

from codewm_model.errors import CodewmError
from codewm_train.presets import TrainingConfig
from codewm_train.schedule import learning_rate


def rates(schedule: str, steps: int = 1000) -> list[float]:
    training = tiny_preset(steps=steps, warmup=100, learning_rate=2.0, decay=0.3, schedule=schedule).training
    return [learning_rate(step, training) for step in range(steps + 1)]


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_warms_up_linearly_to_its_top_and_ends_at_zero(schedule: str) -> None:
    found = rates(schedule)
    assert found[0] == pytest.approx(0.02) and found[49] == pytest.approx(1.0)
    assert max(found) == found[99] == 2.0
    assert found[999] > 0 and found[1000] == pytest.approx(0, abs=1e-12)


def test_the_linear_schedule_stays_at_its_top_and_falls_at_the_end() -> None:
    found = rates("linear")
    assert set(found[99:701]) == {2.0}
    assert found[850] == pytest.approx(1.0)


def test_the_cosine_schedule_falls_from_the_warm_up_on_and_most_steeply_in_the_middle() -> None:
    found = rates("cosine")
    falls = [one - other for one, other in pairwise(found[100:])]
    assert min(falls) > 0
    assert found[550] == pytest.approx(1.0) and found[325] == pytest.approx(1 + 0.5**0.5, rel=1e-6)
    assert falls.index(max(falls)) in (449, 450)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_run_that_is_all_warm_up_has_a_rate_too(schedule: str) -> None:
    training = TrainingConfig(steps=3, warmup=10, schedule=schedule)
    assert all(0 < learning_rate(step, training) <= training.learning_rate for step in range(3))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"average": 1.0}, "average = 1.0: a decay"),
        ({"buckets": 0}, "buckets = 0: there is at least 1"),
    ],
)
def test_a_setting_that_no_run_can_have_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(CodewmError, match=message):
        tiny_preset(**setting)
