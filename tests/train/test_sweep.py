"""Sweeps: every point is trained once, ranked by validation, and one that fails stops no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from datasets import TINY_TOML, made_up, stored, tiny_dataset, tiny_preset

from codewm_model.errors import CodewmError
from codewm_train import observed
from codewm_train.checkpoint import load_checkpoint
from codewm_train.cli import main
from codewm_train.data import Dataset
from codewm_train.observed import observe, seen
from codewm_train.search_space import choice_of, choices_of_file, draw, grid, settled
from codewm_train.sweep import sweep, table_of

PRESET = tiny_preset(steps=3)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return stored(tmp_path_factory.mktemp("validation"), [made_up("me/jar", first=60)])


def test_a_grid_has_every_combination_and_values_of_the_settings_types() -> None:
    points = grid([choice_of("learning_rate=1e-3,2e-3"), choice_of("n_loops=2,3,6")])
    assert len(points) == 6
    assert points[1] == {"learning_rate": 1e-3, "n_loops": 3}
    assert settled(PRESET, points[1]).model.n_loops == 3
    assert grid([choice_of("aux_loops=1,1+2")]) == [{"aux_loops": [1]}, {"aux_loops": [1, 2]}]


def test_the_authors_names_are_settings_too() -> None:
    (point,) = grid([choice_of("WM_ENCODER_LOOPS=4")])
    assert settled(PRESET, point).model.n_loops == 4


def test_a_draw_is_the_same_for_the_same_seed_and_repeats_nothing() -> None:
    choices = [choice_of("learning_rate=1e-4..1e-2"), choice_of("n_loops=1..3"), choice_of("reg_mode=none,vicreg")]
    points = draw(choices, 8, seed=1)
    assert points == draw(choices, 12, seed=1)[:8] != draw(choices, 8, seed=2)
    assert all(1e-4 <= point["learning_rate"] <= 1e-2 and point["n_loops"] in (1, 2, 3) for point in points)
    assert {point["n_loops"] for point in draw(choices, 30, seed=0)} == {1, 2, 3}
    assert len(draw([choice_of("n_loops=1,2")], 9, seed=0)) == 2


def test_a_range_of_rates_is_drawn_by_factors() -> None:
    rates = [point["learning_rate"] for point in draw([choice_of("learning_rate=1e-4..1e-2")], 200, seed=0)]
    assert 70 < sum(rate < 1e-3 for rate in rates) < 130


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lost=1", "WM_LOST is no setting"),
        ("n_loops", "expected name=value"),
        ("n_loops=few", "is no int"),
        ("n_loops=3..1", "from a number to a larger one"),
        ("reg_mode=none..vicreg", "from a number to a larger one"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_is_trained(text: str, message: str) -> None:
    with pytest.raises(CodewmError, match=message):
        choice_of(text)


def test_a_range_is_not_for_a_grid() -> None:
    with pytest.raises(CodewmError, match="a range is for --random"):
        grid([choice_of("n_loops=1..3")])


def test_a_file_says_what_options_say(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text("aux_loops = [[1], [1, 2]]\nlearning_rate = { low = 1e-4, high = 1e-2 }\n")
    assert choices_of_file(path)[1] == choice_of("learning_rate=1e-4..1e-2")
    assert grid(choices_of_file(path)[:1]) == grid([choice_of("aux_loops=1,1+2")])
    path.write_text("n_loops = 3\n")
    with pytest.raises(CodewmError, match="neither a list"):
        choices_of_file(path)


def test_runs_are_ranked_by_validation_and_failures_stop_nothing(
    data: Dataset, validation: Dataset, tmp_path: Path
) -> None:
    points = grid([choice_of("learning_rate=1e-3,1e35,2e-3"), choice_of("aux_loops=1,2")])
    found = sweep(PRESET, points, data, validation, tmp_path)
    whys = {row["name"]: row["why"] for row in found["failed"]}
    assert "the loss is no number" in whys["learning_rate=1e+35 aux_loops=1"]
    assert "aux_loops must be of the 1 before the last" in whys["learning_rate=0.001 aux_loops=2"]
    assert {row["name"] for row in found["runs"]} == {
        "learning_rate=0.001 aux_loops=1",
        "learning_rate=0.002 aux_loops=1",
    }
    scores = [row["copy_proof_knn1"] for row in found["runs"]]
    assert scores == sorted(scores, reverse=True)
    assert json.loads((tmp_path / "sweep.json").read_text()) == json.loads(json.dumps(found))
    assert table_of(found).row_count == 6
    stored_run = load_checkpoint(tmp_path / "learning_rate=0.002 aux_loops=1" / "checkpoint.pt")
    assert (stored_run.step, stored_run.preset.training.learning_rate) == (3, 2e-3)


def test_what_is_finished_is_not_trained_again_and_what_failed_is_not_tried_again(
    data: Dataset, validation: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = grid([choice_of("learning_rate=1e-3,1e35")])
    found = sweep(PRESET, points, data, validation, tmp_path)

    def never(*arguments: Any, **options: Any) -> Path:
        raise AssertionError("trained again")

    monkeypatch.setattr(observed, "fit", never)
    assert sweep(PRESET, points, data, validation, tmp_path) == found
    with pytest.raises(AssertionError, match="trained again"):
        sweep(PRESET, grid([choice_of("learning_rate=2e-3")]), data, validation, tmp_path)


def test_a_run_that_was_cut_off_goes_on_from_its_checkpoint(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def cut(step: int, values: dict[str, float]) -> None:
        steps.append(step)
        if step == 2:
            raise KeyboardInterrupt

    def look(path: Path) -> dict[str, Any]:
        return {"loops": load_checkpoint(path).preset.model.n_loops}

    with pytest.raises(KeyboardInterrupt):
        observe(data, tmp_path, PRESET, [1, 3], look, report=cut)
    assert [one["step"] for one in seen(tmp_path, PRESET, data).looks] == [1]
    outcome = observe(data, tmp_path, PRESET, [1, 3], look, report=lambda step, values: steps.append(step))
    assert [one["step"] for one in outcome.looks] == [1, 3]
    assert steps == [1, 2, 2, 3]
    assert seen(tmp_path, tiny_preset(steps=3, seed=9), data).looks == []


def test_another_run_in_the_folder_is_refused_and_what_was_seen_of_the_first_stays(
    data: Dataset, tmp_path: Path
) -> None:
    first = observe(data, tmp_path, PRESET, [3], lambda path: {})
    second = observe(data, tmp_path, tiny_preset(steps=3, seed=9), [3], lambda path: {})
    assert "belongs to a run with other settings or data" in second.failed
    assert seen(tmp_path, PRESET, data) == first


def test_settings_too_long_for_a_folders_name_get_folders_of_their_own(
    data: Dataset, validation: Dataset, tmp_path: Path
) -> None:
    fields = "+".join(["added function", "removed function", "added import", "removed import", "added class", "add"])
    points = grid([choice_of(f"action_fields={fields},{fields}+delete")])
    assert len(sweep(PRESET, points, data, validation, tmp_path)["runs"]) == 2
    assert len([folder for folder in tmp_path.iterdir() if folder.is_dir()]) == 2


def test_the_command_prints_the_ranking(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY_TOML.format(steps=9))
    tiny_dataset(tmp_path / "data")
    paths = ("--data", tmp_path / "data", "--validation", tmp_path / "data", "--out", tmp_path / "out")
    options = ["--preset", tmp_path / "tiny.toml", *paths, "--steps", 2]
    done = CliRunner().invoke(main, ["sweep", *map(str, options), "--set", "n_loops=1,2"], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.stderr
    assert "n_loops=1" in done.stdout and "n_loops=2" in done.stdout and "copy-proof KNN@1" in done.stdout
    assert "2/2: n_loops=2" in done.stderr
    refused = CliRunner().invoke(main, ["sweep", *map(str, options), "--set", "ema_decay=0.5"], env={"COLUMNS": "160"})
    words = 'ema_decay is for [target] kind = "ema"'
    assert refused.exit_code == 0 and words in refused.stdout and words in refused.stderr
    again = CliRunner().invoke(main, ["sweep", *map(str, options), "--set", "n_loops=1..2", "--random", "1"])
    assert again.exit_code == 0 and "1/1" in again.stderr
    assert CliRunner().invoke(main, ["sweep", *map(str, options)]).exit_code == 2
