"""Runs of `fit` as the page shows them: their curves from the TensorBoard files, and which are seeds of one preset."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codewm_model.errors import CodewmError, DependencyError
from codewm_train.checkpoint import Checkpoint, load_checkpoint
from codewm_train.fit import CHECKPOINT
from codewm_train.logs import FOLDER
from codewm_train.presets import CONFIGS, Preset, load_preset

VALIDATION = "validation/"
HEADLINE = "validation/copy_proof_knn1"


@dataclass(frozen=True)
class Curve:
    """A logged number: `values` at `steps`."""

    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    @property
    def last(self) -> float:
        """Where it ended."""
        return float(self.values[-1])


@dataclass(frozen=True)
class Run:
    """A folder that `fit` wrote. Runs of one `group` differ in nothing but their seed."""

    name: str
    group: str
    checkpoint: Checkpoint | None
    curves: dict[str, Curve]


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """The runs in these folders, in their order.

    Raises:
        CodewmError: a folder holds no logged numbers, or a checkpoint in one cannot be read.
        DependencyError: tensorboard is not installed.
    """
    checkpoints = [load_checkpoint(path) if (path := folder / CHECKPOINT).exists() else None for folder in folders]
    names = _names(folders)
    return [
        Run(name, _group(checkpoint, name, checkpoints, names), checkpoint, read_curves(folder))
        for folder, name, checkpoint in zip(folders, names, checkpoints, strict=True)
    ]


def read_curves(folder: Path) -> dict[str, Curve]:
    """What was logged, by its name.

    A step that was logged twice, for the run was resumed, counts as the last time; what a killed run wrote beyond the
    step that it was resumed at does not count.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise DependencyError("reading runs needs tensorboard: pip install 'codewm-lsp[train]'") from error
    logs = folder / FOLDER
    events = EventAccumulator(str(logs), size_guidance={"scalars": 0})
    try:
        if logs.is_dir():
            events.Reload()
    except Exception as error:  # the reader raises its own errors, the system's, and protobuf's
        raise CodewmError(f"the logs in {folder} cannot be read ({type(error).__name__})") from error
    curves = {}
    for name in events.Tags()["scalars"]:
        values = {event.step: event.value for event in events.Scalars(name)}
        steps = np.array(sorted(values), np.int64)
        curves[name] = Curve(steps, np.array([values[step] for step in steps.tolist()], np.float64))
    if not curves:
        raise CodewmError(f"{folder} holds no logs of a run: give the folder that `codewm-train fit --out` wrote")
    return curves


def groups_of(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by group, in the order of their first."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.group, []).append(run)
    return found


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, with as many of their parents as it takes to tell them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for depth in range(1, max((len(one) for one in parts), default=1) + 1):
        names = ["/".join(one[-depth:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    raise CodewmError("a run is given twice")


def _group(
    checkpoint: Checkpoint | None, name: str, checkpoints: Sequence[Checkpoint | None], names: Sequence[str]
) -> str:
    if checkpoint is None:
        return name
    own = _without_seed(checkpoint.preset)
    if shipped := _shipped(checkpoint.preset):
        return shipped
    alike = [other for other, of in zip(names, checkpoints, strict=True) if of and _without_seed(of.preset) == own]
    return ", ".join(alike)


def _shipped(preset: Preset) -> str | None:
    """The shipped preset that this is but for its seed, with its length and use of the action where those differ."""
    own = dataclasses.replace(preset.training, steps=0, seed=0, use_action=True)
    for file in sorted(CONFIGS.glob("*.toml")):
        other = load_preset(file.stem)
        rest = dataclasses.replace(other.training, steps=0, seed=0, use_action=True)
        if dataclasses.replace(preset, training=own) == dataclasses.replace(other, training=rest):
            length = preset.training.steps
            told = file.stem if length == other.training.steps else f"{file.stem}, {length} steps"
            return told if preset.training.use_action else f"{told}, no action"
    return None


def _without_seed(preset: Preset) -> Preset:
    return dataclasses.replace(preset, training=dataclasses.replace(preset.training, seed=0))
