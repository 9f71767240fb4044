"""The presets that ship: each is readable, trains, and says what its paper says."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import TINY, made_up, stored, tiny_preset

from codewm_model.actions import ACTION_FIELDS, SCOPES, TYPES
from codewm_model.errors import CodewmError
from codewm_model.nn.config import ModelConfig
from codewm_train.batches import Sampler
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.losses.objective import LossWeights
from codewm_train.presets import CONFIGS, Preset, TargetConfig, TrainingConfig, load_preset
from codewm_train.step import TrainingStep

SHIPPED = sorted(path.stem for path in CONFIGS.glob("*.toml"))
SIZES = ("d_model", "n_heads", "d_text", "d_hidden", "d_predictor", "d_head", "d_edit", "positions", "max_positions")
every_preset = pytest.mark.parametrize("name", SHIPPED)


def small(name: str) -> Preset:
    """The preset with tiny widths and batches; its losses, target, loops and variants are as they ship."""
    preset = load_preset(name)
    pairs = {f"{kind}_pairs": min(getattr(preset.training, f"{kind}_pairs"), 3) for kind in ("place", "topic", "kind")}
    training = replace(preset.training, steps=2, bf16=False, **pairs)
    return replace(preset, training=training, model=replace(preset.model, **{key: getattr(TINY, key) for key in SIZES}))


@every_preset
def test_a_preset_that_ships_trains(name: str, data: Dataset, tmp_path: Path) -> None:
    reported: list[dict[str, float]] = []
    path = fit(data, tmp_path, small(name), validation=data, report=lambda _, values: reported.append(values))
    assert len(reported) == 2 and all(np.isfinite(list(values.values())).all() for values in reported)
    assert "validation/copy_proof_knn1" in reported[-1]
    assert load_checkpoint(path).preset == small(name)


@every_preset
def test_a_preset_trains_all_that_it_does_not_freeze(name: str, data: Dataset) -> None:
    """A distributed run would wait for a gradient that never comes."""
    preset = small(name)
    step = TrainingStep(preset)
    step(Sampler(data, preset.training, preset.model).batch(0))[0].backward()
    idle = [name for name, weight in step.named_parameters() if weight.requires_grad and weight.grad is None]
    moved = [name for name, weight in step.named_parameters() if not weight.requires_grad and weight.grad is not None]
    assert (idle, moved) == ([], [])


@every_preset
def test_a_preset_comes_back_from_its_tables(name: str) -> None:
    preset = load_preset(name)
    assert Preset.from_dict(preset.to_dict()) == preset
    assert not any(isinstance(value, tuple) for table in preset.to_dict().values() for value in table.values())


def test_paper_1_has_six_loops_a_near_static_target_and_the_first_seven_numbers() -> None:
    paper = load_preset("paper1")
    assert (paper.model.n_loops, paper.target) == (6, TargetConfig("ema", 0.99999))
    assert (paper.model.predictor, paper.model.predictor_loops, paper.model.n_predictor_blocks) == ("looped", 6, 2)
    assert (paper.model.pool, paper.model.residual) == ("single", False)
    assert paper.model.action_fields == (*TYPES, *SCOPES, "position")
    weights = paper.losses
    assert (weights.prediction, weights.direction, weights.magnitude, weights.covariance) == (1, 0.5, 0.1, 0.01)
    assert (weights.next_state, weights.kind, weights.topic, weights.auxiliary, weights.reg_mode) == (
        0,
        0,
        0,
        0,
        "none",
    )


def test_paper_2_is_paper_1_with_three_loops_deep_supervision_and_vicreg() -> None:
    one, two = load_preset("paper1"), load_preset("paper2")
    assert two.model == replace(one.model, n_loops=3, action_fields=two.model.action_fields)
    assert set(one.model.action_fields) < set(two.model.action_fields)
    assert (two.training, two.target) == (one.training, one.target)
    assert two.losses == replace(
        one.losses, auxiliary=0.3, aux_loops=(1, 2), aux_type="pred", reg_mode="vicreg", vicreg=0.1
    )


@pytest.mark.parametrize(
    ("name", "base", "differs"),
    [
        ("paper1-fast", "paper1", {"target.ema_decay": 0.996}),
        ("paper1-frozen", "paper1", {"target.ema_decay": 1.0}),
        ("paper1-dense", "paper1", {"model.dense_skip": True}),
        ("paper1-delta", "paper1", {"losses.prediction": 0.0, "losses.delta": 1.0, "model.residual": True}),
        ("paper1-delta-early", "paper1-delta", {"model.readout_loops": (1, 2, 3)}),
        ("paper2-none", "paper2", {"losses.reg_mode": "none"}),
        ("paper2-sigreg", "paper2", {"losses.reg_mode": "sigreg"}),
        ("paper2-contrast", "paper2", {"losses.aux_type": "contrast"}),
        ("paper2-predictor-reg", "paper2", {"losses.predictor_reg": True}),
    ],
)
def test_a_comparison_differs_from_its_base_in_what_it_is_about_alone(
    name: str, base: str, differs: dict[str, Any]
) -> None:
    one, other = (flat(load_preset(preset)) for preset in (name, base))
    assert {key: value for key, value in one.items() if value != other[key]} == differs


def flat(preset: Preset) -> dict[str, Any]:
    return {
        f"{part.name}.{field.name}": getattr(getattr(preset, part.name), field.name)
        for part in dataclasses.fields(preset)
        for field in dataclasses.fields(getattr(preset, part.name))
    }


def test_a_preset_of_ones_own_may_stand_on_one_that_ships(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('base = "paper2"\n\n[training]\nsteps = 7\n')
    paper = load_preset("paper2")
    assert load_preset(str(tmp_path / "own.toml")) == replace(paper, training=replace(paper.training, steps=7))


def test_the_default_is_compared_with_its_own_encoder_and_has_no_term_of_the_papers() -> None:
    default = load_preset("default")
    assert default.target == TargetConfig()
    assert default.losses == LossWeights(auxiliary=0.3, vicreg=0.1, kind=0.25, topic=0.25, prior=0.15)
    assert default.model == ModelConfig(positions=128)


def test_tables_of_before_there_were_targets_still_load() -> None:
    """What a checkpoint of 0.1.0 holds."""
    old: dict[str, dict[str, Any]] = {
        "training": {
            "steps": 1750, "place_pairs": 16, "topic_pairs": 32, "kind_pairs": 16, "repositories": 4, "renamed": 0.15,
            "learning_rate": 2e-3, "warmup": 100, "decay": 0.3, "weight_decay": 0.05, "clip": 1.0, "bf16": True,
            "use_action": True, "seed": 0,
        },
        "losses": {"auxiliary": 0.3, "vicreg": 0.1, "kind": 0.25, "topic": 0.25},
        "model": {
            "d_model": 128, "n_heads": 4, "n_loops": 3, "d_text": 64, "d_hidden": 512, "d_predictor": 384,
            "n_predictor_blocks": 2, "d_head": 96, "d_edit": 64, "action_size": len(ACTION_FIELDS), "positions": 128,
            "max_positions": 256,
        },
    }  # fmt: skip
    default = load_preset("default")
    loaded = Preset.from_dict(old)
    assert (loaded.model, loaded.target) == (default.model, default.target)
    assert loaded.losses == replace(default.losses, prior=0.0)
    assert loaded.training == TrainingConfig(**old["training"])


def test_the_losses_of_our_objective_are_what_they_were(tmp_path: Path) -> None:
    """Taken from version 0.1.0, where there was no other objective."""
    data = stored(tmp_path / "data", [made_up("me/box"), made_up("me/tin", first=30)])
    losses: list[float] = []
    fit(data, tmp_path / "run", tiny_preset(steps=4), report=lambda _, values: losses.append(values["loss"]))
    assert losses == pytest.approx(LOSSES_OF_0_1_0, rel=1e-5)


LOSSES_OF_0_1_0 = [5.59214973449707, 6.266529083251953, 4.830844402313232, 4.233317852020264]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[losses]\nreg_mode = "sometimes"\n', "reg_mode = 'sometimes' is none of none, vicreg, sigreg"),
        ("[losses]\naux_loops = 1\n", "aux_loops = 1 is no list of int"),
        ("[losses]\naux_loops = [1, true]\n", "is no list of int"),
        ("[losses]\naux_loops = [3]\n", "aux_loops must be of the 2 before the last"),
        ("[model]\nreadout_loops = [0]\n", "readout_loops must be of the 3"),
        ("[model]\nresidual = false\n", "the MLP predictor is residual"),
        ('[model]\naction_fields = ["colour"]\n', "action_fields must be among"),
        ("[losses]\nkind = -0.1\n", "no loss may have a negative weight"),
        ("[model]\npositions = 512\n", "positions must not exceed max_positions"),
        ("[model]\nn_heads = 3\n", "n_heads must divide d_model"),
        ("[target]\nema_decay = 0.5\n", 'ema_decay is for .target. kind = "ema"'),
        ('[target]\nkind = "ema"\nema_decay = 1.5\n', "ema_decay must be from 0 to 1"),
        ("base = 3\n", "its base must be another preset, and not 3"),
        ('base = "paper3"\n', "no preset 'paper3': there are default, paper1, "),
        ('base = "paper1"\nlosses = 3\n', "losses is no table"),
    ],
)
def test_settings_that_make_no_run_are_refused_by_name(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "preset.toml").write_text(text)
    with pytest.raises(CodewmError, match=message):
        load_preset(str(tmp_path / "preset.toml"))


def test_a_preset_that_stands_on_itself_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "one.toml", tmp_path / "other.toml"]
    for path, base in zip(paths, reversed(paths), strict=True):
        path.write_text(f'base = "{base}"\n')
    with pytest.raises(CodewmError, match="its base must be another preset"):
        load_preset(str(paths[0]))
