"""Settings by environment: every one, the papers' names, who goes first, and what is refused."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from click.testing import CliRunner
from datasets import TINY_TOML, tiny_dataset

from codewm_model.errors import CodewmError
from codewm_train.checkpoint import load_checkpoint
from codewm_train.cli import main
from codewm_train.environment import SETTINGS, override
from codewm_train.presets import PARTS, Preset, load_preset

DEFAULT = load_preset("default")


def value_of(preset: Preset, name: str) -> Any:
    setting = SETTINGS[name]
    return getattr(getattr(preset, setting.table), setting.key)


def test_every_setting_has_one_name_of_its_own() -> None:
    fields = {(table, field.name) for table, part in PARTS.items() for field in dataclasses.fields(part)}
    own = [name for name, setting in SETTINGS.items() if name == f"WM_{setting.key.upper()}"]
    assert {(SETTINGS[name].table, SETTINGS[name].key) for name in (*own, "WM_TARGET_KIND")} == fields
    assert len(own) + 1 == len(fields)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_name_sets_what_it_says(name: str) -> None:
    setting = SETTINGS[name]
    base = load_preset("paper1")  # every setting means something in it
    text, expected = another(setting.type, value_of(base, name), setting.values)
    beside = {"positions": {"WM_MAX_POSITIONS": "1000"}, "predictor": {"WM_RESIDUAL": "1"}}.get(setting.key, {})
    changed = override(base, {name: text, **beside})
    assert value_of(changed, name) == expected != value_of(base, name)


def another(kind: Any, value: Any, values: Any) -> tuple[str, Any]:
    """A value that the setting does not have, and its text."""
    if values is not None:
        return next((text, meant) for text, meant in values.items() if meant != value)
    if get_origin(kind) is tuple:
        return ("2,1", (2, 1)) if get_args(kind)[0] is int else ("add, delete", ("add", "delete"))
    if get_args(kind):
        other = next(choice for choice in get_args(kind) if choice != value)
        return other, other
    if kind is bool:
        return str(not value).lower(), not value
    number = 2 * value + 8 if kind is int else 0.625
    return str(number), number


PAPER_2 = {
    "WM_ENCODER_LOOPS": "3", "WM_AUX_LOOPS": "1,2", "WM_LAMBDA_AUX": "0.3", "WM_AUX_TYPE": "pred",
    "WM_REG_MODE": "vicreg", "WM_SIGREG_WEIGHT": "0.1", "WM_EMA_DECAY": "0.99999",
}  # fmt: skip


def test_the_recipe_of_paper_2_by_its_own_names_makes_it_of_paper_1() -> None:
    made, paper = override(load_preset("paper1"), PAPER_2), load_preset("paper2")
    fields = paper.model.action_fields  # which numbers of an action there are is data, in the papers
    assert replace(made, model=replace(made.model, action_fields=fields)) == paper


def test_what_is_not_named_is_left_alone() -> None:
    assert override(DEFAULT, {"PATH": "/bin", "WMX": "1"}) == DEFAULT


def test_two_names_of_one_setting_may_agree() -> None:
    assert override(DEFAULT, {"WM_N_LOOPS": "4", "WM_ENCODER_LOOPS": "4"}).model.n_loops == 4


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"WM_LAMBDA_AUXX": "1"}, "WM_LAMBDA_AUXX is no setting: docs/training.md"),
        ({"WM_STEPS": "many"}, "WM_STEPS=many is no int"),
        ({"WM_STEPS": "1.5"}, "WM_STEPS=1.5 is no int"),
        ({"WM_LR": ""}, "WM_LR= is no float"),
        ({"WM_AUX_LOOPS": "1;2"}, "WM_AUX_LOOPS=1;2 is no list of int"),
        ({"WM_AUX_LOOPS": "5"}, "aux_loops must be of the 2 before the last"),
        ({"WM_REG_MODE": "VICReg"}, "WM_REG_MODE=VICReg is none of none, vicreg, sigreg"),
        ({"WM_BF16": "yes"}, "WM_BF16=yes is none of 0, 1, false, true"),
        ({"WM_POOL_MODE": "cls"}, "WM_POOL_MODE=cls is none of attn, multi_attn"),
        ({"WM_EMA_DECAY": "0.996"}, 'ema_decay is for .target. kind = "ema"'),
        ({"WM_N_LOOPS": "4", "WM_ENCODER_LOOPS": "5"}, "WM_ENCODER_LOOPS and WM_N_LOOPS are one setting"),
    ],
)
def test_what_makes_no_sense_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(CodewmError, match=message):
        override(DEFAULT, environ)


def test_options_go_before_the_environment_and_that_before_the_preset(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY_TOML.format(steps=5))
    tiny_dataset(tmp_path / "data")
    options = ["fit", "--preset", tmp_path / "tiny.toml", "--data", tmp_path / "data", "--steps", "1"]
    environ = {"WM_STEPS": "2", "WM_LR": "0.004", "WM_SIGREG_WEIGHT": "0.2"}
    done = CliRunner(env=environ).invoke(main, [str(word) for word in (*options, "--out", tmp_path / "run")])
    assert done.exit_code == 0, done.stderr
    stored = load_checkpoint(tmp_path / "run" / "checkpoint.pt").preset
    assert (stored.training.steps, stored.training.learning_rate, stored.losses.vicreg) == (1, 0.004, 0.2)
    assert stored.training.warmup == 2


def test_a_wrong_variable_ends_the_command_with_one_line(tmp_path: Path) -> None:
    done = CliRunner(env={"WM_STEP": "2"}).invoke(main, ["fit", "--data", str(tmp_path), "--out", str(tmp_path)])
    assert done.exit_code != 0 and done.stderr.startswith("codewm-train: WM_STEP is no setting")
