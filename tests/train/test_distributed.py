"""Many processes are one run: they see the gradient of all their edits together, and go on exactly after a kill."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from datasets import TINY_TOML, tiny_dataset, tiny_preset
from processes import TORCHRUN, VICTIM, kill_after, losses, run, start, tensors
from torch import nn
from torch.nn.functional import pad

from codewm_model.nn.world_model import Tokens
from codewm_train.batches import Batch, Sampler
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.losses.objective import LossWeights
from codewm_train.presets import Preset, TargetConfig
from codewm_train.run import optimizer_of
from codewm_train.schedule import learning_rate
from codewm_train.step import TrainingStep

pytestmark = pytest.mark.timeout(900)  # several processes, each of which imports torch
GRADIENTS = Path(__file__).parents[1] / "joined_gradients.py"
PAPERS = LossWeights(next_state=0, prediction=1, prediction_type="mse", direction=0.5, magnitude=0.1, covariance=0.01,
                     reg_after=True, kind=0, topic=0)  # fmt: skip
PRESETS = {
    "default": tiny_preset(),
    "in buckets": tiny_preset(buckets=3),
    "the papers'": replace(tiny_preset(), losses=PAPERS, target=TargetConfig("ema", 0.99)),
    "sketched": replace(tiny_preset(), losses=replace(LossWeights(), reg_mode="sigreg")),
    "delta": replace(tiny_preset(), losses=replace(PAPERS, delta=1.0, prediction=0)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    tiny_dataset(folder)
    return folder


def joined_batch(data: Dataset, preset: Preset, step: int) -> Batch:
    """What two processes draw, as one batch."""
    parts = [Sampler(data, preset.training, preset.model, rank).batch(step) for rank in range(2)]
    width = max(side.text.shape[1] for part in parts for side in (part.before, part.after, part.rival))

    def side(name: str) -> Tokens:
        by_field = zip(*(getattr(part, name) for part in parts), strict=True)
        return Tokens(*(torch.cat([pad(ids, (0, width - ids.shape[1])) for ids in of_all]) for of_all in by_field))

    sides = {name: side(name) for name in ("before", "after", "rival")}
    labels = (field.name for field in fields(Batch) if field.name not in sides)
    return Batch(**sides, **{name: torch.cat([getattr(part, name) for part in parts]) for name in labels})


def test_two_processes_see_the_gradient_of_the_joined_batch(folder: Path, tmp_path: Path) -> None:
    presets = [json.dumps(preset.to_dict()) for preset in PRESETS.values()]
    run(GRADIENTS, folder, tmp_path / "found.pt", *presets, launcher=TORCHRUN)
    by_two = torch.load(tmp_path / "found.pt", weights_only=True)
    for (name, preset), found in zip(PRESETS.items(), by_two, strict=True):
        torch.manual_seed(0)
        step = TrainingStep(preset)
        total, _ = step(joined_batch(Dataset.open(folder), preset, 0))
        total.backward()
        assert found["loss"].item() == pytest.approx(total.item(), rel=1e-5), name
        expected = {name: weight.grad for name, weight in step.named_parameters() if weight.grad is not None}
        assert expected.keys() == found["gradients"].keys()
        largest = max(gradient.abs().max() for gradient in expected.values())
        for weight, gradient in expected.items():
            assert torch.allclose(found["gradients"][weight], gradient, rtol=1e-3, atol=1e-5 * largest), (name, weight)


def trained_on_joined(data: Dataset, preset: Preset) -> TrainingStep:
    """What two processes must come to."""
    torch.manual_seed(preset.training.seed)
    step = TrainingStep(preset)
    optimizer = optimizer_of(step, preset.training)
    for i in range(preset.training.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(i, preset.training)
        optimizer.zero_grad(set_to_none=True)
        step(joined_batch(data, preset, i))[0].backward()
        nn.utils.clip_grad_norm_(step.parameters(), preset.training.clip)
        optimizer.step()
    return step


def launched(tmp_path: Path, folder: Path, launcher: tuple[str, ...]) -> Path:
    """A run of three steps by the command line in two processes; the folder that it was given."""
    (tmp_path / "tiny.toml").write_text(TINY_TOML.format(steps=3))
    script = tmp_path / "train.py"
    script.write_text("from codewm_train.cli import main\n\nmain()\n")
    options = ["--preset", tmp_path / "tiny.toml", "--data", folder, "--out", tmp_path / "run"]
    run(script, "fit", *options, launcher=launcher)
    return tmp_path / "run"


def is_the_joined_run(out: Path, data: Dataset, tmp_path: Path) -> None:
    loaded = load_checkpoint(out / "checkpoint.pt")
    assert (loaded.step, loaded.world, loaded.hardware) == (3, 2, "1 CPU thread(s)")
    expected = trained_on_joined(data, loaded.preset).state_dict()
    by_one, differs = load_checkpoint(fit(data, tmp_path / "alone", loaded.preset)).state["step"], 0
    for name, value in loaded.state["step"].items():
        if name.endswith("qkv.bias"):
            continue  # no loss depends on the keys' part, whose gradient is rounding that Adam makes large
        assert torch.allclose(value, expected[name], atol=1e-5), name
        differs += not torch.allclose(value, by_one[name], atol=1e-5)
    assert differs > 10


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_two_processes_train_by_the_same_code_on_all_their_edits(launcher: str, folder: Path, tmp_path: Path) -> None:
    accelerate = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--num_machines=1",
                  "--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0")  # fmt: skip
    out = launched(tmp_path, folder, TORCHRUN if launcher == "torchrun" else accelerate)
    is_the_joined_run(out, Dataset.open(folder), tmp_path)


def test_two_processes_that_are_killed_go_on_exactly(folder: Path, tmp_path: Path) -> None:
    preset = tiny_preset(steps=16, average=0.9, patience=5)

    def arguments(out: str) -> list[str | Path]:
        options = {"save_every": 2, "validate_every": 4}
        return [VICTIM, folder, tmp_path / out, json.dumps(preset.to_dict()), json.dumps(options)]

    whole = losses(run(*arguments("whole"), launcher=TORCHRUN))
    killed = losses(kill_after(start(*arguments("killed"), launcher=TORCHRUN), 7))
    rest = losses(run(*arguments("killed"), launcher=TORCHRUN))
    assert 1 < min(rest) <= max(killed) + 1 < 16
    assert killed | rest == whole and len(whole) == 16
    one, other = (load_checkpoint(tmp_path / out / "checkpoint.pt").state for out in ("whole", "killed"))
    assert all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))
