"""The training loop, top to bottom: one CPU, one GPU, or many under torchrun, by the same code."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from codewm_model.errors import CodewmError
from codewm_train import distributed
from codewm_train.batches import Sampler
from codewm_train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from codewm_train.data import Dataset
from codewm_train.ids import SPLITS
from codewm_train.logs import Logs
from codewm_train.presets import Preset
from codewm_train.run import Run
from codewm_train.schedule import learning_rate
from codewm_train.stopping import MEASURE

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
Report = Callable[[int, dict[str, float]], None]
Say = Callable[[str], None]


def _to_stderr(words: str) -> None:
    print(words, file=sys.stderr)


def fit(
    data: Dataset,
    out: Path,
    preset: Preset,
    *,
    validation: Dataset | None = None,
    save_every: int = 50,
    validate_every: int = 250,
    stop_after: int = 0,
    wandb: bool = False,
    report: Report = lambda step, values: None,
    say: Say = _to_stderr,
) -> Path:
    """Train to the preset's last step (or to `stop_after`, or to an early stop); goes on from a checkpoint in `out`.

    Returns the checkpoint to be exported: the best by validation where the preset has a patience, else the last.
    `report` gets the values of each step, `say` what is to be told in words.

    Raises:
        CodewmError: the data are empty or may not be learned from, or the checkpoint in `out` belongs to another run.
    """
    _refuse_evaluation_data(data)
    if not len(data):
        raise CodewmError("the dataset holds no edits: nothing to learn from")
    if preset.training.patience and validation is None:
        raise CodewmError("patience is counted on validation data, and there are none: give --validation")
    place = distributed.start()
    run = Run.begin(preset, place, say)
    path, start, before_this = out / CHECKPOINT, 0, 0.0
    if path.exists():
        saved = _same_run(path, preset, data, place.world)
        run.load(saved.state)
        start, before_this = saved.step, saved.seconds
    wrapped = DistributedDataParallel(run.step) if place.world > 1 else run.step
    sampler = Sampler(data, preset.training, preset.model, place.rank)
    out.mkdir(parents=True, exist_ok=True)
    logs, began = Logs(), time.monotonic()
    if place.rank == 0:
        logs.tensorboard(out, start)
    if place.rank == 0 and wandb:
        logs.wandb(out, preset)

    def save(name: str, step: int) -> None:
        seconds = before_this + time.monotonic() - began
        hardware = distributed.hardware(place.device)
        save_checkpoint(out / name, Checkpoint(preset, step, data.about, run.state(), seconds, place.world, hardware))

    last = min(preset.training.steps, stop_after or preset.training.steps)
    with contextlib.closing(logs):
        for step in range(start, start if run.stopping.over else last):
            torch.manual_seed(_seed_of(preset.training.seed, step))
            for group in run.optimizer.param_groups:
                group["lr"] = learning_rate(step, preset.training)
            batch = sampler.batch(step).to(place.device)
            total, terms = wrapped(batch)
            if not torch.isfinite(total):
                raise CodewmError(f"the loss is no number at step {step}: lower the learning rate")
            run.optimizer.zero_grad(set_to_none=True)
            total.backward()
            norm = nn.utils.clip_grad_norm_(run.step.parameters(), preset.training.clip)
            run.optimizer.step()
            run.step.after_step()
            if run.average is not None:
                run.average.update(step)
            values = {"loss": total.item(), "gradient": norm.item(), **{name: t.item() for name, t in terms.items()}}

            done = step + 1
            due = done % validate_every == 0 or done == preset.training.steps
            if place.rank == 0 and (due or done == last):
                found = run.look(done, batch, validation, place.device)
                values |= found
                if due and MEASURE in found and run.stopping.sees(found[MEASURE], done):
                    save(BEST, done)
            ends = done == last or (due and distributed.agreed(run.stopping.over, place))
            if place.rank == 0:
                logs.write(done, values)
                report(done, values)
                if done % save_every == 0 or ends:
                    save(CHECKPOINT, done)
            if ends:
                break
    distributed.stop()
    if place.rank == 0 and run.stopping.best_step:
        say(f"{out / BEST}: {run.stopping.in_words()}")
    return out / (BEST if preset.training.patience and (out / BEST).exists() else CHECKPOINT)


def with_settings(preset: Preset, **settings: object) -> Preset:
    """The preset with some training settings replaced; None leaves one as it is."""
    given = {name: value for name, value in settings.items() if value is not None}
    return dataclasses.replace(preset, training=dataclasses.replace(preset.training, **given))  # type: ignore[arg-type]


def _seed_of(seed: int, step: int) -> int:
    """Whatever a step draws depends on the run's seed and its number alone, so that nothing else need be saved."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])


def _refuse_evaluation_data(data: Dataset) -> None:
    kept = {name for names in SPLITS.values() for name in names}
    if kept := {item["name"] for item in data.about["repositories"] if item["name"].lower() in kept}:
        raise CodewmError(f"{', '.join(sorted(kept))}: kept for judging, never learned from")


def _same_run(path: Path, preset: Preset, data: Dataset, world: int) -> Checkpoint:
    checkpoint = load_checkpoint(path)
    if (checkpoint.preset, checkpoint.data) != (preset, data.about):
        raise CodewmError(f"{path} belongs to a run with other settings or data: choose another --out")
    if checkpoint.world != world:
        raise CodewmError(f"{path} belongs to a run of {checkpoint.world} process(es), this one has {world}")
    return checkpoint
