"""Presets: one TOML file for a whole run, so that a run can be told and repeated."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from codewm_model.actions import ACTION_FIELDS
from codewm_model.errors import CodewmError
from codewm_model.nn.config import ModelConfig
from codewm_train.losses.objective import LossWeights

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class TrainingConfig:
    """How long, on what and how fast; explained where the presets set it."""

    steps: int = 1500  # of the optimiser
    place_pairs: int = 16
    topic_pairs: int = 32
    kind_pairs: int = 16
    repositories: int = 4
    renamed: float = 0.15
    rivals: int = 0  # afters that never were, wrong answers for all
    learning_rate: float = 2e-3  # of AdamW, at its highest
    warmup: int = 100
    schedule: Literal["linear", "cosine"] = "linear"
    decay: float = 0.3
    weight_decay: float = 0.05  # of the matrices
    clip: float = 1.0
    average: float = 0.0  # decay of the weights' moving average; 0: none
    bf16: bool = False
    buckets: int = 1
    patience: int = 0  # validations without a new best until the run ends; 0: it never does
    use_action: bool = True  # false for the baseline that never sees the action
    seed: int = 0  # of the weights and of what each step sees

    def __post_init__(self) -> None:
        """Raises CodewmError for a value that no run can have."""
        if not 0 <= self.average < 1:
            raise CodewmError(f"average = {self.average}: a decay is at least 0 and under 1")
        if self.buckets < 1:
            raise CodewmError(f"buckets = {self.buckets}: there is at least 1")
        if self.patience < 0:
            raise CodewmError(f"patience = {self.patience}: it is counted from 0 on")


@dataclass(frozen=True)
class TargetConfig:
    """What predictions are compared with: the after as the model encodes it, or as a moving average of it does."""

    kind: Literal["online", "ema"] = "online"  # the model's own encoder, or a moving average of it
    ema_decay: float = 0.99999  # per step, for "ema"; near-static. 0.996 is fast, 1 never moves


@dataclass(frozen=True)
class Preset:
    """Everything that decides a run but its data."""

    training: TrainingConfig
    losses: LossWeights
    model: ModelConfig
    target: TargetConfig = TargetConfig()

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """As plain numbers, words and lists, for checkpoints and model cards."""
        return {
            name: {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}
            for name, table in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, tables: Tables) -> Preset:
        """The inverse; tables and keys may be missing.

        Raises:
            CodewmError: a table, a setting or a choice that nobody knows, a value of another type, or two settings
                that do not go together.
        """
        if unknown := set(tables) - set(PARTS):
            raise CodewmError(f"unknown settings: {', '.join(sorted(unknown))}")
        preset = cls(**{name: _part(name, part, tables.get(name, {})) for name, part in PARTS.items()})
        _check(preset)
        return preset


Tables = Mapping[str, Mapping[str, Any]]
PARTS: dict[str, Any] = {
    "training": TrainingConfig, "losses": LossWeights, "target": TargetConfig, "model": ModelConfig
}  # fmt: skip


def load_preset(name: str) -> Preset:
    """A preset that ships, by name, or a TOML file by path; it may name another as its `base` and say what differs.

    Raises:
        CodewmError: there is no such preset, or it has settings that nobody knows.
    """
    return Preset.from_dict(_tables(name))


def _tables(name: str, above: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    path = CONFIGS / f"{name}.toml" if "/" not in name and not name.endswith(".toml") else Path(name)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        shipped = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.toml")))
        raise CodewmError(f"no preset {name!r}: there are {shipped}, or give a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CodewmError(f"{path} is no TOML: {error}") from error
    if (base := tables.pop("base", None)) is None:
        return tables
    if not isinstance(base, str) or base in (*above, name):
        raise CodewmError(f"{path}: its base must be another preset, and not {base!r}")
    merged = _tables(base, (*above, name))
    for part, table in tables.items():
        merged[part] = merged.get(part, {}) | table if isinstance(table, dict) else table
    return merged


def _part(name: str, part: type[Any], table: Mapping[str, Any]) -> Any:
    """One table as its dataclass."""
    if not isinstance(table, dict):
        raise CodewmError(f"{name} is no table of settings")
    hints = get_type_hints(part)
    if unknown := set(table) - set(hints):
        raise CodewmError(f"unknown settings: {', '.join(sorted(unknown))}")
    return part(**{key: _checked(key, value, hints[key]) for key, value in table.items()})


def _checked(key: str, value: Any, hint: Any) -> Any:
    """The value, if it is of the type that the setting has; lists become tuples."""
    if choices := get_args(hint) if get_origin(hint) is Literal else ():
        if value not in choices:
            raise CodewmError(f"{key} = {value!r} is none of {', '.join(choices)}")
    elif get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if type(value) not in (list, tuple) or any(type(one) is not item for one in value):
            raise CodewmError(f"{key} = {value!r} is no list of {item.__name__}")
        return tuple(value)
    elif type(value) not in ((int, float) if hint is float else (hint,)):
        raise CodewmError(f"{key} = {value!r} is no {hint.__name__}")
    return value


def _check(preset: Preset) -> None:
    """What no type says."""
    model, losses, target = preset.model, preset.losses, preset.target
    faults = {
        "ema_decay must be from 0 to 1": not 0 <= target.ema_decay <= 1,
        "ema_decay is for [target] kind = \"ema\"":
            target.kind == "online" and target.ema_decay != TargetConfig.ema_decay,
        f"aux_loops must be of the {model.n_loops - 1} before the last": not set(losses.aux_loops)
            <= set(range(1, model.n_loops)),
        f"readout_loops must be of the {model.n_loops}": not set(model.readout_loops)
            <= set(range(1, model.n_loops + 1)),
        "no loss may have a negative weight": any(
            weight < 0 for weight in dataclasses.asdict(losses).values() if isinstance(weight, float)
        ),
        "the MLP predictor is residual": model.predictor == "mlp" and not model.residual,
        "action_fields must be among those of codewm_model.actions": not set(model.action_fields) <= set(ACTION_FIELDS),
        "positions must not exceed max_positions": model.positions > model.max_positions,
        "n_heads must divide d_model": model.d_model % max(1, model.n_heads) != 0,
    }  # fmt: skip
    if wrong := [fault for fault, there in faults.items() if there]:
        raise CodewmError("; ".join(wrong))
