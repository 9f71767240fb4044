"""The training loop, top to bottom: one CPU, one GPU, or many under torchrun, by the same code."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter

from codewm_model.errors import CodewmError
from codewm_model.nn.encoder import Encoder
from codewm_model.nn.world_model import WorldModel
from codewm_train.averaging import WeightAverage
from codewm_train.batches import Sampler, collate, cropped, same_as_after
from codewm_train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from codewm_train.data import Dataset
from codewm_train.ids import SPLITS
from codewm_train.next_state import effective_rank, knn
from codewm_train.presets import Preset, TrainingConfig
from codewm_train.schedule import learning_rate
from codewm_train.step import TrainingStep

CHECKPOINT = "checkpoint.pt"
VALIDATION_EDITS = 2000  # the first of the validation data, looked at while training
Report = Callable[[int, dict[str, float]], None]


def fit(
    data: Dataset,
    out: Path,
    preset: Preset,
    *,
    validation: Dataset | None = None,
    save_every: int = 50,
    validate_every: int = 250,
    stop_after: int = 0,
    report: Report = lambda step, values: None,
) -> Path:
    """Train to the preset's last step (or to `stop_after`) and return the checkpoint; goes on from one in `out`.

    Raises:
        CodewmError: the data are empty or may not be learned from, or the checkpoint in `out` belongs to another run.
    """
    _refuse_evaluation_data(data)
    if not len(data):
        raise CodewmError("the dataset holds no edits: nothing to learn from")
    rank, world, device = _start_distributed()
    torch.manual_seed(preset.training.seed)
    step_module = TrainingStep(preset).to(device)
    optimizer = _optimizer(step_module, preset.training)
    average = WeightAverage(step_module.model, preset.training.average) if preset.training.average else None
    path, start, before_this = out / CHECKPOINT, 0, 0.0
    if path.exists():
        start, before_this = _resume(path, step_module, optimizer, average, preset, data, world)
    wrapped = DistributedDataParallel(step_module) if world > 1 else step_module
    sampler = Sampler(data, preset.training, preset.model, rank)
    out.mkdir(parents=True, exist_ok=True)
    writer = SummaryWriter(str(out / "tensorboard")) if rank == 0 else None
    began = time.monotonic()

    def save(step: int) -> None:
        if rank == 0:
            state = {"step": step_module.state_dict(), "optimizer": optimizer.state_dict()}
            if average is not None:
                state["average"] = average.module.state_dict()
            seconds = before_this + time.monotonic() - began
            save_checkpoint(path, Checkpoint(preset, step, data.about, state, seconds, world, _hardware(device)))

    last = min(preset.training.steps, stop_after or preset.training.steps)
    for step in range(start, last):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, preset.training)
        total, terms = wrapped(sampler.batch(step).to(device))
        if not torch.isfinite(total):
            raise CodewmError(f"the loss is no number at step {step}: lower the learning rate")
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_(step_module.parameters(), preset.training.clip)
        optimizer.step()
        step_module.after_step()
        if average is not None:
            average.update(step)
        values = {"loss": total.item(), "gradient": norm.item(), **{name: t.item() for name, t in terms.items()}}
        done = step + 1
        if validation is not None and rank == 0 and (done % validate_every == 0 or done == last):
            judged = average.module if average else step_module.model
            values |= validate(judged, step_module.gallery(judged), validation, preset, device)
        if writer is not None:
            for name, value in values.items():
                writer.add_scalar(name, value, done)
        if rank == 0:
            report(done, values)
        if done % save_every == 0 or done == last:
            save(done)
    if writer is not None:
        writer.close()
    if world > 1:
        dist.destroy_process_group()
    return path


@torch.no_grad()
def validate(
    model: WorldModel, gallery: Encoder, data: Dataset, preset: Preset, device: torch.device
) -> dict[str, float]:
    """Copy-proof and plain KNN@1 and the ranks on the first edits of a validation dataset.

    Neighbours are looked for among befores and afters as `gallery` encodes them: the target encoder, if there is one.
    """
    model.eval()
    count = min(len(data), VALIDATION_EDITS)
    sides = {
        name: [cropped(np.array(data.side(name, i)), preset.model.positions) for i in range(count)]
        for name in ("before", "after")
    }
    befores, afters = (_states(gallery, own, device) for own in sides.values())
    states = befores if gallery is model.encoder else _states(model.encoder, sides["before"], device)
    actions = np.array(data.actions[:count], np.float32) * preset.training.use_action
    act_emb = model.action_encoder(torch.from_numpy(actions).to(device))
    predicted = model.predictor(torch.from_numpy(states).to(device), act_emb).cpu().numpy()
    model.train()
    found = knn(predicted, befores, afters, same_as_after(sides["before"], sides["after"]))
    return {
        "validation/copy_proof_knn1": float(found.copy_proof.mean()),
        "validation/knn1": float(found.plain.mean()),
        "validation/rank_state": effective_rank(states),
        "validation/rank_prediction": effective_rank(predicted),
    }


def _states(encoder: Encoder, sides: list[np.ndarray], device: torch.device) -> np.ndarray:
    """The last states `[N, D]` of sides `[P, 4]`."""
    rows = []
    for start in range(0, len(sides), 250):
        tokens = collate(sides[start : start + 250])
        rows.append(encoder(*(ids.to(device) for ids in tokens)).states[-1].cpu().numpy())
    return np.concatenate(rows)


def _optimizer(module: nn.Module, training: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW; only matrices of linear layers decay."""
    matrices = {id(layer.weight) for layer in module.modules() if isinstance(layer, nn.Linear)}
    decayed = [p for p in module.parameters() if id(p) in matrices]
    others = [p for p in module.parameters() if id(p) not in matrices]
    groups = [{"params": decayed, "weight_decay": training.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98))


def _resume(
    path: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: WeightAverage[WorldModel] | None,
    preset: Preset,
    data: Dataset,
    world: int,
) -> tuple[int, float]:
    checkpoint = load_checkpoint(path)
    if (checkpoint.preset, checkpoint.data) != (preset, data.about):
        raise CodewmError(f"{path} belongs to a run with other settings or data: choose another --out")
    if checkpoint.world != world:
        raise CodewmError(f"{path} belongs to a run of {checkpoint.world} process(es), this one has {world}")
    module.load_state_dict(checkpoint.state["step"])
    optimizer.load_state_dict(checkpoint.state["optimizer"])
    if average is not None:
        average.module.load_state_dict(checkpoint.state["average"])
    return checkpoint.step, checkpoint.seconds


def _refuse_evaluation_data(data: Dataset) -> None:
    kept = {name for names in SPLITS.values() for name in names}
    if kept := {item["name"] for item in data.about["repositories"] if item["name"].lower() in kept}:
        raise CodewmError(f"{', '.join(sorted(kept))}: kept for judging, never learned from")


def _start_distributed() -> tuple[int, int, torch.device]:
    """(rank, world, device); torchrun says in the environment what there is."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    return (dist.get_rank() if world > 1 else 0), world, device


def _hardware(device: torch.device) -> str:
    """What each process of the run had, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU thread(s)"


def with_settings(preset: Preset, **settings: object) -> Preset:
    """The preset with some training settings replaced; None leaves one as it is."""
    given = {name: value for name, value in settings.items() if value is not None}
    return dataclasses.replace(preset, training=dataclasses.replace(preset.training, **given))  # type: ignore[arg-type]
