"""Where the numbers of a run go: always to TensorBoard, and to Weights & Biases for those who ask for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from codewm_model.errors import DependencyError
from codewm_train.presets import Preset

FOLDER = "tensorboard"


class Logs:
    """Writes scalars to every log that is open; with none, as in all processes but the first, to nowhere."""

    def __init__(self) -> None:
        self._logs: list[tuple[Callable[[int, dict[str, float]], None], Callable[[], None]]] = []

    def write(self, step: int, values: dict[str, float]) -> None:
        """The values of a step, by name."""
        for write, _ in self._logs:
            write(step, values)

    def close(self) -> None:
        """Write out what is left."""
        for _, close in self._logs:
            close()

    def tensorboard(self, out: Path, step: int) -> None:
        """Log to `out`, from `step` on: what a killed run wrote of later steps is no part of the curves."""
        writer = SummaryWriter(str(out / FOLDER), purge_step=step + 1 if step else None)

        def write(step: int, values: dict[str, float]) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        self._logs.append((write, writer.close))

    def wandb(self, out: Path, preset: Preset) -> None:
        """Log to Weights & Biases, by its own environment variables; WANDB_MODE=offline writes under `out` alone.

        Raises:
            DependencyError: the extra is not installed.
        """
        try:
            import wandb
        except ImportError as error:
            raise DependencyError("wandb is not installed: pip install 'codewm-lsp[wandb]'") from error
        run = wandb.init(project="codewm", name=out.name, dir=out, config=preset.to_dict())

        def write(step: int, values: dict[str, Any]) -> None:
            run.log(values, step=step)

        self._logs.append((write, run.finish))


def wants_wandb() -> bool:
    """Whether the environment asks for Weights & Biases."""
    return os.environ.get("WANDB_MODE", "disabled") not in ("disabled", "")
