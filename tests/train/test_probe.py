"""The probe of a checkpoint, on a network of random weights and made-up edits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import random_checkpoint
from click.testing import CliRunner
from datasets import TINY, made_up, stored, tiny_dataset

from codewm_model.nn.world_model import WorldModel
from codewm_train.checkpoint import load_checkpoint
from codewm_train.cli import main
from codewm_train.data import Dataset
from codewm_train.loop_states import loop_states
from codewm_train.next_state import knn
from codewm_train.presets import CONFIGS, load_preset
from codewm_train.probe import cosines, histories, look, probe
from codewm_train.torch_model import TorchModel
from codewm_train.views import views_of_dataset

N = 40


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> Path:
    return random_checkpoint(tmp_path_factory.mktemp("run") / "checkpoint.pt", data)


@pytest.fixture(scope="module")
def found(checkpoint: Path, data: Dataset) -> dict[str, Any]:
    return probe(checkpoint, data, N)


def test_the_last_readout_is_the_state_whatever_else_is_in_the_batch(checkpoint: Path, data: Dataset) -> None:
    model = load_checkpoint(checkpoint).model()
    sides = views_of_dataset(data, range(30), TINY.positions).before
    seen, alone = loop_states(model.encoder, sides), loop_states(model.encoder, sides[:1])
    state = TorchModel(model).encode(sides)
    assert seen.states.shape == (TINY.n_loops, 30, TINY.d_model)
    assert np.allclose(seen.states[-1], state.state, atol=1e-6)
    assert np.allclose(seen.states[:, :1], alone.states, atol=1e-6)


def test_padding_does_not_count_among_the_tokens(checkpoint: Path, data: Dataset) -> None:
    encoder = load_checkpoint(checkpoint).model().encoder
    sides = sorted(views_of_dataset(data, range(30), TINY.positions).before, key=lambda side: len(side.text))
    short, long = sides[0], sides[-1]
    together, one, other = (loop_states(encoder, part) for part in ([short, long], [short], [long]))
    share = len(short.text) / (len(short.text) + len(long.text))
    for name in ("token_update", "token_turn"):
        means = share * np.array(getattr(one, name)) + (1 - share) * np.array(getattr(other, name))
        assert getattr(together, name) == pytest.approx(means.tolist(), rel=1e-5)
    assert len(one.token_update) == TINY.n_loops and len(one.token_turn) == TINY.n_loops - 1
    assert 0 < one.token_straightness <= 1


def test_a_block_that_does_nothing_takes_no_steps(data: Dataset) -> None:
    model = WorldModel(TINY).eval()
    for layer in (model.encoder.block.out, model.encoder.block.down):
        torch.nn.init.zeros_(layer.weight), torch.nn.init.zeros_(layer.bias)
    seen = loop_states(model.encoder, views_of_dataset(data, range(9), TINY.positions).before)
    assert seen.token_update == [0, 0] and seen.token_straightness == 0
    assert np.array_equal(seen.states[0], seen.states[1])
    assert not model.encoder.pool._forward_pre_hooks and not model.encoder.embedding._forward_hooks


def test_everything_is_told_with_its_n_and_is_plain_json(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["data"]["n"] == N and found["data"]["repositories"] == ["me/box", "me/tin"]
    assert len(found["loops"]["edit_ratio"]) == len(found["loops"]["state"]) == TINY.n_loops
    assert found["probes"]["edit type"]["fitted"] + found["probes"]["edit type"]["judged"] == N
    assert set(found["spaces"]) == {
        "state", "target", "prediction", "true change", "predicted change", "edit embedding"
    }  # fmt: skip


def test_the_same_seed_finds_the_same(found: dict[str, Any], checkpoint: Path, data: Dataset) -> None:
    assert probe(checkpoint, data, N) == found
    assert probe(checkpoint, data, N, seed=1)["cosines"] != found["cosines"]


def test_knn_at_one_is_the_headline_and_a_copy_scores_nothing_copy_proof(
    found: dict[str, Any], checkpoint: Path, data: Dataset
) -> None:
    rows = np.sort(np.random.default_rng(0).permutation(len(data))[:N])
    seen = look(load_checkpoint(checkpoint), data, rows)
    judged = knn(seen.prediction, seen.gallery_before, seen.gallery_after, seen.views.same_as_after())
    copy_proof, plain = ({"predicted": float(hits.mean())} for hits in (judged.copy_proof, judged.plain))
    assert found["knn"]["copy_proof"]["predicted"][0] == copy_proof["predicted"]
    assert found["knn"]["plain"]["predicted"][0] == plain["predicted"]
    assert found["knn"]["copy_proof"]["copy"][0] == 0 < found["knn"]["plain"]["copy"][0]
    assert found["knn"]["copy_proof"]["chance"] == [k / (2 * N) for k in (1, 5, 10)] + [50 / (2 * N)]
    assert found["knn"]["plain"]["chance"] == [1 / N, 5 / N, 10 / N, 1.0]


def test_where_target_and_encoder_are_one_both_lifts_are_one(found: dict[str, Any]) -> None:
    values = found["cosines"]
    assert values["lift"] == pytest.approx(values["lift_of_two_spaces"], abs=1e-6)
    assert values["before_after"] == values["before_after_online"] == found["loops"]["copy_cosine"][-1]
    assert values["lift"] == pytest.approx(values["prediction_after"] - values["before_after"])


def test_in_two_spaces_lift_grows_however_bad_the_prediction_is(checkpoint: Path, data: Dataset) -> None:
    seen = look(load_checkpoint(checkpoint), data, range(N))
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((TINY.d_model, TINY.d_model)))[0].astype(np.float32)
    before, after = seen.gallery_before @ turn, seen.gallery_after @ turn
    constant = np.tile(after.mean(axis=0), (N, 1))
    values = cosines(replace(seen, gallery_before=before, gallery_after=after, prediction=constant))
    assert values["lift_of_two_spaces"] > 0.3 > 0 > values["lift"]


@pytest.mark.parametrize("name", sorted(file.stem for file in CONFIGS.glob("*.toml")))
def test_every_preset_that_ships_can_be_probed(name: str, data: Dataset, tmp_path: Path) -> None:
    shipped = load_preset(name)
    sizes = {"d_model": 16, "n_heads": 2, "d_text": 8, "d_hidden": 24, "d_predictor": 24, "d_head": 16, "d_edit": 8}
    small = replace(shipped, model=replace(shipped.model, **sizes, positions=12, max_positions=16))
    found = probe(random_checkpoint(tmp_path / "checkpoint.pt", data, small), data, N)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    loops, moving = shipped.model.n_loops, shipped.target.kind == "ema"
    assert len(found["loops"]["edit_ratio"]) == len(found["probes"]["scope"]["by_loop"]) == loops
    assert len(found["loops"]["tokens"]["update"]) == loops
    assert (found["checkpoint"]["target"]["kind"] == "ema") == moving
    assert (found["cosines"]["before_after"] != found["cosines"]["before_after_online"]) == moving
    assert found["knn"]["copy_proof"]["copy"][0] == 0


def test_histories_are_of_one_definition_oldest_first_with_one_edit_of_a_commit(tmp_path: Path) -> None:
    data = stored(tmp_path, [made_up("me/box", edits=48)])
    chains = histories(data)
    assert len(chains) == 8
    for chain in chains:
        assert chain == sorted(chain, reverse=True)
        assert len({int(data.place[row]) for row in chain}) == 1
        assert len({int(data.commit[row]) for row in chain}) == len(chain) >= 3
    assert len(histories(data, most=3)) == 3
    assert histories(stored(tmp_path / "few", [made_up("me/box", edits=12)])) == []


def test_the_command_prints_tables_and_writes_the_same_as_json(checkpoint: Path, data: Dataset, tmp_path: Path) -> None:
    folder, file = checkpoint.parent / "data", tmp_path / "probe.json"
    stored(folder, [made_up("me/box"), made_up("me/tin", first=30)])
    options = ["--checkpoint", str(checkpoint), "--data", str(folder), "--n", str(N), "--json", str(file)]
    result = CliRunner().invoke(main, ["probe", *options], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    for word in ("copy-proof KNN@k", "majority", "chance", "straightness", "two spaces: misleading", f"N={N}"):
        assert word in result.output
    assert json.loads(file.read_text())["data"]["n"] == N


def test_a_dataset_with_fewer_edits_than_asked_for_is_looked_at_whole(checkpoint: Path, data: Dataset) -> None:
    assert probe(checkpoint, data, 5000)["data"]["n"] == len(data)
