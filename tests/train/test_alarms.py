"""Each kind of collapse is said in words, once; a run that learns says nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from datasets import tiny_preset

from codewm_train.alarms import Alarms, Seen, signs
from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.losses.objective import LossWeights
from codewm_train.presets import Preset

N, D = 400, 128


def healthy(seed: int = 0) -> Seen:
    """States in all directions, afters near their befores, and predictions that go to them."""
    rng = np.random.default_rng(seed)
    state, change = (rng.standard_normal((N, D)).astype(np.float32) for _ in range(2))
    after = state + 0.5 * change
    return Seen(state, after, state, after)


def constant() -> Seen:
    """One state for all, up to rounding."""
    rng = np.random.default_rng(1)
    rows = [1 + 1e-4 * rng.standard_normal((N, D)).astype(np.float32) for _ in range(4)]
    return Seen(*rows)


def flat() -> Seen:
    """States in five of the 128 dimensions; the mean is zero, so that they do not look alike."""
    rng = np.random.default_rng(2)
    basis = rng.standard_normal((5, D)).astype(np.float32)
    state, after = (rng.standard_normal((N, 5)).astype(np.float32) @ basis for _ in range(2))
    return Seen(state, after, state, after)


def said_of(*looks: Seen) -> list[str]:
    said: list[str] = []
    alarms = Alarms(said.append)
    for i, seen in enumerate(looks, 1):
        alarms.check(i, signs(seen), D)
    return said


def test_a_healthy_run_gives_no_alarm() -> None:
    assert said_of(*(healthy(seed) for seed in range(5))) == []


def test_constant_states_are_said_to_look_alike() -> None:
    said = said_of(constant())
    assert any("all states look alike: the mean cosine between states of different edits is 1.000" in s for s in said)
    assert signs(constant())["state_cosine"] > 0.99 and abs(signs(healthy())["state_cosine"]) < 0.05


def test_a_prediction_that_copies_the_state_is_said_to() -> None:
    seen = healthy()
    nudge = 0.02 * np.random.default_rng(3).standard_normal((N, D)).astype(np.float32)
    said = said_of(seen._replace(prediction=seen.state + nudge))
    assert len(said) == 2
    assert "step 1: the prediction copies the state: cos(z_hat, z) is 0.999" in said[0]
    assert "hardly changes the state: by 0.0" in said[1]


def test_a_change_that_is_too_small_is_said_to_be_even_where_the_copy_cosine_is_not_yet_high() -> None:
    seen = healthy()
    said = said_of(seen._replace(after=-seen.before, prediction=seen.state + 0.3 * (seen.after - seen.before)))
    assert said == [said[0]] and "the prediction hardly changes the state" in said[0]


def test_states_in_few_dimensions_are_said_to_be() -> None:
    said = said_of(flat())
    assert len(said) == 2
    assert "states lie in few dimensions: effective rank" in said[0] and "of 128" in said[0]
    assert "predictions lie in few dimensions" in said[1]


def test_a_rank_that_falls_to_a_quarter_of_what_it_was_is_said_to() -> None:
    seen = healthy()
    basis = np.random.default_rng(4).standard_normal((20, D)).astype(np.float32)
    narrow = (np.random.default_rng(5).standard_normal((N, 20)) @ basis).astype(np.float32)
    assert 10 < signs(seen._replace(prediction=narrow))["rank_prediction"] < 0.25 * signs(seen)["rank_prediction"]
    said = said_of(seen, seen._replace(prediction=narrow))
    assert len(said) == 1 and "step 2: predictions lose their dimensions: effective rank" in said[0]
    assert said_of(seen._replace(prediction=narrow)) == []


def test_an_alarm_is_said_once_until_it_has_cleared() -> None:
    seen = healthy()
    copies = seen._replace(prediction=seen.state)
    said = said_of(copies, copies, seen, seen, copies, copies)
    assert [words.split(":")[0] for words in said if "copies" in words] == ["step 1", "step 5"]


def test_what_rings_and_the_highest_ranks_are_kept_over_a_restart() -> None:
    seen, said = healthy(), []
    first = Alarms(said.append)
    first.check(1, signs(seen), D)
    first.check(2, signs(seen._replace(prediction=seen.state)), D)
    before, second = len(said), Alarms(said.append)
    second.load(first.state())
    second.check(3, signs(seen._replace(prediction=seen.state)), D)
    assert len(said) == before > 0
    assert second.state() == first.state()


@pytest.mark.parametrize("of", ["validation", "batch"])
def test_a_run_whose_states_collapse_says_so_and_one_that_learns_does_not(
    of: str, data: Dataset, tmp_path: Path
) -> None:
    said, shown = {"learns": [], "collapses": []}, {}
    closeness = LossWeights(next_state=0, prediction=1, auxiliary=0, reg_mode="none", kind=0, topic=0)
    training = tiny_preset(steps=60, learning_rate=5e-3)
    presets = {"learns": training, "collapses": Preset(training.training, closeness, training.model)}
    for name, preset in presets.items():
        fit(data, tmp_path / name, preset, validation=data if of == "validation" else None, validate_every=20,
            say=said[name].append, report=lambda step, values, name=name: shown.update({name: values}))  # fmt: skip
    alarms = {name: [words for words in told if words.startswith("step ")] for name, told in said.items()}
    assert alarms["learns"] == []
    assert any("all states look alike" in words for words in alarms["collapses"])
    assert shown["collapses"][f"{of}/state_cosine"] > 0.9 > shown["learns"][f"{of}/state_cosine"]
    assert {f"{of}/{name}" for name in ("rank_state", "rank_prediction", "copy_cosine", "change_ratio")} < set(
        shown["learns"]
    )
