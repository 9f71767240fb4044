"""An export computes what its checkpoint does, for any batch and length, and says what it was made of."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import TINY, made_up, stored

from codewm_model.action_classes import ActionClasses
from codewm_model.actions import ACTION_SIZE
from codewm_model.bundle import CONFIG, NETWORKS, Bundle, LearnedWeight
from codewm_model.errors import BundleError, CodewmError
from codewm_model.nn.world_model import WorldModel
from codewm_model.runtime import Model
from codewm_model.tokenizer import TokenSequence
from codewm_model.version import representation_version
from codewm_train import export as export_module
from codewm_train.card import command, model_card
from codewm_train.checkpoint import Checkpoint
from codewm_train.data import Dataset
from codewm_train.export import (
    AGREE_ON,
    CARD,
    METRICS,
    TOLERANCE,
    Agreement,
    export,
    record,
    training_facts,
)
from codewm_train.fit import with_settings
from codewm_train.presets import Preset, TargetConfig, load_preset
from codewm_train.torch_model import TorchModel
from codewm_train.views import views_of_dataset

STEPS = load_preset("default").training.steps
CLASSES = ActionClasses(
    np.zeros(ACTION_SIZE, np.float32),
    np.ones(ACTION_SIZE, np.float32),
    np.random.default_rng(0).random((64, ACTION_SIZE), np.float32),
)


@dataclass(frozen=True)
class Exported:
    """A bundle of the default preset's size with random weights, and what it was made of."""

    folder: Path
    checkpoint: Checkpoint
    regions: list[TokenSequence]
    agreement: Agreement


def regions_of(data: Dataset, positions: int) -> list[TokenSequence]:
    views = views_of_dataset(data, range(len(data)), positions)
    return [side for pair in zip(views.before, views.after, strict=True) for side in pair]


def checkpoint_of(model: WorldModel, about: dict[str, Any], preset: Preset | None = None) -> Checkpoint:
    state = {"step": {f"model.{name}": value for name, value in model.state_dict().items()}}
    return Checkpoint(preset or load_preset("default"), STEPS, about, state, 5400.0, 1, "1 CPU thread(s)")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Once for all tests: tracing the three loops takes ten seconds."""
    folder = tmp_path_factory.mktemp("export")
    data = stored(folder / "data", [made_up("me/box", 100), made_up("me/tin", 40, first=100)])
    torch.manual_seed(0)
    checkpoint = checkpoint_of(WorldModel(load_preset("default").model), data.about)
    regions = regions_of(data, checkpoint.preset.model.positions)
    return Exported(folder / "bundle", checkpoint, regions, export(checkpoint, folder / "bundle", regions, CLASSES))


@pytest.fixture
def traced(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports copy the networks that were traced before, whatever their checkpoint."""

    def copy(model: WorldModel, out: Path) -> None:
        for path in exported.folder.glob("*.onnx"):
            shutil.copy(path, out)

    monkeypatch.setattr(export_module, "write_graphs", copy)


def test_torch_and_the_export_agree(exported: Exported) -> None:
    assert exported.agreement.regions == AGREE_ON == 256
    assert exported.agreement.worst < TOLERANCE / 5


def random_sequences(rows: int, length: int) -> list[TokenSequence]:
    rng = np.random.default_rng([rows, length])
    tops = (8192, 512, 31, 3, 2)
    return [TokenSequence(*(rng.integers(1, top, length).astype(np.int32) for top in tops)) for _ in range(rows)]


@pytest.mark.parametrize(("rows", "length"), [(1, 1), (3, 17), (2, 256), (9, 0)])
def test_batch_and_length_are_open(exported: Exported, rows: int, length: int) -> None:
    torch_model, model = TorchModel(exported.checkpoint.model()), Model.open(Bundle.open(exported.folder))
    sequences = random_sequences(rows, length)
    ours, theirs = torch_model.encode(sequences), model.encode(sequences)
    assert theirs.state == pytest.approx(ours.state, abs=TOLERANCE)
    assert theirs.focus == pytest.approx(ours.focus, abs=TOLERANCE)
    assert theirs.prior == pytest.approx(ours.prior, abs=TOLERANCE)
    actions = np.random.default_rng(0).random((rows, ACTION_SIZE), np.float32)
    predicted = torch_model.predict(ours.state, actions)
    assert model.predict(ours.state, actions) == pytest.approx(predicted, abs=TOLERANCE)
    edits = model.edits(ours, theirs)
    assert edits == pytest.approx(torch_model.edits(ours, theirs), abs=TOLERANCE)
    assert np.linalg.norm(edits, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_regions_of_the_check_say_where_their_change_begins(exported: Exported) -> None:
    centers = [(side.center, len(side.text)) for side in exported.regions]
    assert all(center == length // 2 for center, length in centers if 0 < length <= 64)


def test_the_bundle_is_small_whole_and_says_what_it_is(exported: Exported) -> None:
    assert sum(path.stat().st_size for path in exported.folder.iterdir()) < 8_000_000
    config = Bundle.open(exported.folder).config
    model = exported.checkpoint.preset.model
    assert (config.representation, config.positions, config.max_positions) == (representation_version(), 128, 256)
    assert (config.d_state, config.d_edit) == (model.d_model, 2 * model.d_edit)
    assert config.parameters == exported.checkpoint.model().parameter_count()
    assert (config.classes, config.learned_weight) == (model.n_classes, LearnedWeight())
    assert (config.trained["step"], config.trained["data"]) == (STEPS, exported.checkpoint.data)
    stored_classes = Bundle.open(exported.folder).action_classes()
    assert np.array_equal(stored_classes.centres, CLASSES.centres)


def test_the_networks_do_not_say_where_they_were_written(exported: Exported) -> None:
    for name in NETWORKS:
        data = (exported.folder / name).read_bytes()
        assert b".py" not in data and str(Path.home()).encode() not in data


def test_the_card_names_data_budget_and_command(exported: Exported) -> None:
    card = (exported.folder / CARD).read_text()
    for row in ("| me/box | MIT | " + "0" * 40 + " | 100 |", "| me/tin | MIT | " + "0" * 40 + " | 40 |"):
        assert row in card
    assert "140 edits" in card
    assert f"{STEPS} steps of 128 edits, seed 0, 90 minutes on 1 x 1 CPU thread(s)" in card
    for part in (
        "codewm-train mine --clones clones --out mined --limit 8000\n",
        "codewm-train fit --preset default",
        f"--seed 0 --steps {STEPS}\n",
    ):
        assert part in card
    assert "Not judged yet" in card and "its kind has 0 and its topic 0," in card


def test_the_card_of_a_run_with_settings_of_its_own_holds_them(exported: Exported) -> None:
    preset = with_settings(exported.checkpoint.preset, seed=7, learning_rate=1e-3)
    trained = training_facts(replace(exported.checkpoint, preset=preset, world=2))
    shown = command(trained)
    assert "torchrun --nproc-per-node 2 --no-python codewm-train fit --preset preset.toml" in shown
    assert "--seed 7" in shown
    config = replace(Bundle.open(exported.folder).config, trained=trained)
    card = model_card(config)
    stored = tomllib.loads(card.split("```toml\n")[1].split("```")[0])
    assert Preset.from_dict(stored).training.learning_rate == 1e-3
    assert with_settings(Preset.from_dict(stored), seed=7, steps=preset.training.steps) == preset


def test_the_card_of_a_run_with_patience_exports_the_best_by_validation(exported: Exported) -> None:
    preset = with_settings(exported.checkpoint.preset, patience=3)
    shown = command(training_facts(replace(exported.checkpoint, preset=preset)))
    assert f"--steps {STEPS} --validation validation/dataset\n" in shown
    assert "export --checkpoint run/best.pt " in shown
    assert "run/checkpoint.pt" in command(training_facts(exported.checkpoint))
    weighed = command(training_facts(exported.checkpoint), LearnedWeight(topic=0.12))
    assert weighed.endswith("--out bundle --topic-weight 0.12")


def test_what_was_found_is_put_beside_the_bundle(exported: Exported, tmp_path: Path) -> None:
    shutil.copytree(exported.folder, tmp_path / "bundle")
    rates = {"ours": 0.571, "copy": 0.003}
    metrics = {
        "split": "held-out",
        "next_state": {
            "n": 5000, "rivals": 20000, "invisible": 0.03,
            "copy_proof_knn1": rates, "rival_proof_knn1": {"ours": 0.44, "copy": 0.0}, "knn1": rates,
        },
        "seeds": {"n": 2, "headlines": {"knn1 ours": {"values": [0.5, 0.6], "mean": 0.55, "spread": 0.1818}}},
        "rank": {"state": 61.25},
        "action_class_top5": {"states": 0.5, "prior": 0.25},
        "sibling_mrr": {"key": 0.567},
        "rule_map": {"key": 0.789},
    }  # fmt: skip
    record(tmp_path / "bundle", metrics)
    assert json.loads((tmp_path / "bundle" / METRICS).read_text()) == metrics
    card = (tmp_path / "bundle" / CARD).read_text()
    for shown in (
        "| ours | 57.1% | 44.0% | 57.1% |",
        "| knn1 ours | 0.550 | 18.2% | 0.500, 0.600 |",
        "5,000 edits of the held-out",
        "| state | 61.2 |",
        "0.567",
        "0.789",
        "25.0%",
    ):
        assert shown in card
    assert "Not judged yet" not in card
    assert Bundle.open(tmp_path / "bundle").id == Bundle.open(exported.folder).id


@pytest.mark.usefixtures("traced")
def test_fewer_than_256_regions_are_refused(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match="checked on 256 real regions, and there are 255"):
        export(exported.checkpoint, tmp_path / "bundle", exported.regions[:255], CLASSES)
    assert not (tmp_path / "bundle").exists()


def test_a_model_whose_predictions_lie_in_another_encoders_space_is_refused(exported: Exported, tmp_path: Path) -> None:
    preset = replace(exported.checkpoint.preset, target=TargetConfig("ema"))
    with pytest.raises(CodewmError, match="predicts states of its target encoder, and a bundle has one encoder"):
        export(replace(exported.checkpoint, preset=preset), tmp_path / "bundle", exported.regions, CLASSES)
    assert not (tmp_path / "bundle").exists()


def test_the_papers_network_is_exported_as_well(exported: Exported, tmp_path: Path) -> None:
    variant = replace(
        TINY, predictor="looped", residual=False, predictor_loops=2, pool="single", dense_skip=True,
        readout_loops=(1, 2), action_fields=("add", "position"), max_positions=256,
    )  # fmt: skip
    torch.manual_seed(0)
    model = WorldModel(variant)
    checkpoint = checkpoint_of(model, exported.checkpoint.data, replace(load_preset("default"), model=variant))
    assert export(checkpoint, tmp_path, exported.regions, CLASSES).worst < TOLERANCE / 5


@pytest.mark.usefixtures("traced")
def test_classes_of_another_number_than_the_checkpoint_tells_apart_are_refused(
    exported: Exported, tmp_path: Path
) -> None:
    fewer = replace(CLASSES, centres=CLASSES.centres[:-1])
    with pytest.raises(CodewmError, match="tells 64 classes apart, and there are 63"):
        export(exported.checkpoint, tmp_path / "bundle", exported.regions, fewer)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "part", ["encoder.readout_norm.bias", "encoder.nothing_changed", "predictor.blocks.1.down.bias",
             "action_encoder.layers.2.bias", "edit_head.topic.3.bias", "action_prior.layers.3.bias",
             "encoder.nothing_there"],
)  # fmt: skip
@pytest.mark.parametrize("amount", [1e-2, float("nan")])
def test_an_export_that_differs_from_its_checkpoint_is_refused_and_left_unusable(
    exported: Exported, tmp_path: Path, part: str, amount: float
) -> None:
    weights = dict(exported.checkpoint.state["step"])
    weights[f"model.{part}"] = weights[f"model.{part}"] + amount * torch.arange(weights[f"model.{part}"].shape[-1])
    other = replace(exported.checkpoint, state={"step": weights})
    marked = [
        replace(side, mark=side.mark * (i % 3 > 0), center=side.center * (i % 3 > 0))
        for i, side in enumerate(exported.regions)
    ]
    with pytest.raises(CodewmError, match="the export differs from the checkpoint by"):
        export(other, tmp_path, marked, CLASSES)
    assert not (tmp_path / CONFIG).exists() and not (tmp_path / CARD).exists()
    with pytest.raises(BundleError):
        Bundle.open(tmp_path)


@pytest.mark.usefixtures("traced")
def test_weights_and_name_are_the_callers(exported: Exported, tmp_path: Path) -> None:
    export(
        exported.checkpoint,
        tmp_path,
        exported.regions,
        CLASSES,
        name="mine",
        learned_weight=LearnedWeight(0.1, 0.0, 0.2),
    )
    config = Bundle.open(tmp_path).config
    assert (config.name, config.learned_weight) == ("mine", LearnedWeight(0.1, 0.0, 0.2))
    assert "0.1 of the index key; of the score its kind has 0 and its topic 0.2," in (tmp_path / CARD).read_text()
