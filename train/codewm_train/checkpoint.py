"""Checkpoints: tensors and plain numbers, read without unpickling anything else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from codewm_model.errors import CodewmError
from codewm_model.nn.encoder import Encoder
from codewm_model.nn.world_model import WorldModel
from codewm_model.version import representation_version
from codewm_train.presets import Preset


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stands, after how many `seconds` of `world` processes, each on what `hardware`.

    `data` is what the dataset says of itself, `state` the modules', the optimiser's and the averaged model's, if any.
    """

    preset: Preset
    step: int
    data: dict[str, Any]
    state: dict[str, Any]
    seconds: float
    world: int
    hardware: str

    def model(self) -> WorldModel:
        """The network, ready to be evaluated: with the averaged weights where the run has them."""
        model = WorldModel(self.preset.model)
        model.load_state_dict(self.state.get("average") or self._weights("model."))
        return model.eval()

    def target(self) -> Encoder:
        """The encoder of the gallery: the states that predictions lie among, and are judged in, are its states.

        The model's own for `[target] kind = "online"`, else the moving average that predictions were trained to match.
        """
        if self.preset.target.kind == "online":
            return self.model().encoder
        encoder = Encoder(self.preset.model)
        encoder.load_state_dict(self._weights("target.encoder."))
        return encoder.eval()

    def _weights(self, prefix: str) -> dict[str, Any]:
        """The part of the state whose names begin so, under the rest of its names."""
        state = self.state["step"].items()
        return {name[len(prefix) :]: value for name, value in state if name.startswith(prefix)}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write it whole or not at all."""
    content = {
        "format": 1,
        "representation": representation_version(),
        "preset": checkpoint.preset.to_dict(),
        "step": checkpoint.step,
        "data": checkpoint.data,
        "state": checkpoint.state,
        "seconds": checkpoint.seconds,
        "world": checkpoint.world,
        "hardware": checkpoint.hardware,
    }
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that `save_checkpoint` wrote.

    Raises:
        CodewmError: it cannot be read, or was made with another version of the representation.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        stored = content["representation"]
        preset = Preset.from_dict(content["preset"])
        rest = (content[name] for name in ("step", "data", "state", "seconds", "world", "hardware"))
        checkpoint = Checkpoint(preset, *rest)
    except (OSError, KeyError, TypeError, RuntimeError, EOFError, ValueError) as error:
        raise CodewmError(f"{path} is no checkpoint of this trainer ({error})") from error
    except Exception as error:  # torch's own unpickling error, which it does not export under one name
        raise CodewmError(f"{path} is no checkpoint of this trainer ({type(error).__name__})") from error
    if stored != representation_version():
        raise CodewmError(
            f"{path} was trained on representation {stored}, this is {representation_version()}: train it again"
        )
    return checkpoint
