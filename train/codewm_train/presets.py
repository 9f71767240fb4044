"""Presets: one TOML file for a whole run, so that a run can be told and repeated."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codewm_model.errors import CodewmError
from codewm_model.nn.config import ModelConfig
from codewm_train.losses.objective import LossWeights

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class TrainingConfig:
    """How long, on what and how fast; explained where the presets set it."""

    steps: int = 1500
    place_pairs: int = 16
    topic_pairs: int = 32
    kind_pairs: int = 16
    repositories: int = 4
    renamed: float = 0.15
    learning_rate: float = 2e-3
    warmup: int = 100
    schedule: str = "linear"  # or "cosine"
    decay: float = 0.3
    weight_decay: float = 0.05
    clip: float = 1.0
    average: float = 0.0  # decay of the weights' moving average; 0: none
    bf16: bool = False
    buckets: int = 1
    use_action: bool = True  # false for the baseline that never sees the action
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises CodewmError for a value that no run can have."""
        if self.schedule not in ("linear", "cosine"):
            raise CodewmError(f"schedule = {self.schedule!r}: there are linear and cosine")
        if not 0 <= self.average < 1:
            raise CodewmError(f"average = {self.average}: a decay is at least 0 and under 1")
        if self.buckets < 1:
            raise CodewmError(f"buckets = {self.buckets}: there is at least 1")


@dataclass(frozen=True)
class Preset:
    """Everything that decides a run but its data."""

    training: TrainingConfig
    losses: LossWeights
    model: ModelConfig

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """As plain numbers, for checkpoints and model cards."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, tables: dict[str, dict[str, Any]]) -> Preset:
        """The inverse; tables and keys may be missing; unknown ones are an error, and so is a value of another type."""
        parts = {"training": TrainingConfig, "losses": LossWeights, "model": ModelConfig}
        unknown = set(tables) - set(parts)
        for name, part in parts.items():
            if not isinstance(table := tables.get(name, {}), dict):
                raise CodewmError(f"{name} is no table of settings")
            fields = {field.name: field for field in dataclasses.fields(part)}
            unknown |= set(table) - set(fields)
            for key in set(table) & set(fields):
                wanted = type(fields[key].default)
                if type(table[key]) not in ((int, float) if wanted is float else (wanted,)):
                    raise CodewmError(f"{key} = {table[key]!r} is no {wanted.__name__}")
        if unknown:
            raise CodewmError(f"unknown settings: {', '.join(sorted(unknown))}")
        return cls(**{name: part(**tables.get(name, {})) for name, part in parts.items()})


def load_preset(name: str) -> Preset:
    """A preset that ships, by name, or a TOML file by path.

    Raises:
        CodewmError: there is no such preset, or it has settings that nobody knows.
    """
    path = CONFIGS / f"{name}.toml" if "/" not in name and not name.endswith(".toml") else Path(name)
    try:
        return Preset.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        shipped = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.toml")))
        raise CodewmError(f"no preset {name!r}: there are {shipped}, or give a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CodewmError(f"{path} is no TOML: {error}") from error
