"""Settings by environment: every one as WM_<NAME>, and by the names that the papers' authors gave the same things.

A command's option goes before the environment, the environment before the preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from codewm_model.errors import CodewmError
from codewm_train.presets import PARTS, Preset

PREFIX = "WM_"


@dataclass(frozen=True)
class Setting:
    """A preset's `[table] key`, its type, and, where the authors' values read otherwise, what they stand for."""

    table: str
    key: str
    type: Any
    values: Mapping[str, Any] | None = None


def override(preset: Preset, environ: Mapping[str, str]) -> Preset:
    """The preset with what the environment says of it.

    Raises:
        CodewmError: a WM_* variable that nobody knows, one that cannot be read, or two that differ on one setting.
    """
    tables, said = preset.to_dict(), dict[tuple[str, str], str]()
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        setting = setting_of(name)
        value, place = read(name, environ[name], setting), (setting.table, setting.key)
        if place in said and tables[setting.table][setting.key] != value:
            raise CodewmError(f"{said[place]} and {name} are one setting and say different things")
        tables[setting.table][setting.key] = value
        said[place] = name
    return Preset.from_dict(tables)


def setting_of(name: str) -> Setting:
    """The setting that a variable names.

    Raises:
        CodewmError: it names none.
    """
    if name not in SETTINGS:
        raise CodewmError(f"{name} is no setting: docs/training.md lists those that there are")
    return SETTINGS[name]


def read(name: str, text: str, setting: Setting) -> Any:
    """The value that a variable's text stands for.

    Raises:
        CodewmError: none.
    """
    values = setting.values or (_SWITCH if setting.type is bool else None)
    if values is not None:
        if text.lower() not in values:
            raise CodewmError(f"{name}={text} is none of {', '.join(values)}")
        return values[text.lower()]
    if get_origin(setting.type) is Literal:
        if text not in get_args(setting.type):
            raise CodewmError(f"{name}={text} is none of {', '.join(get_args(setting.type))}")
        return text
    many = get_origin(setting.type) is tuple
    kind = get_args(setting.type)[0] if many else setting.type
    try:
        return [kind(one.strip()) for one in text.split(",") if one.strip()] if many else kind(text)
    except ValueError as error:
        raise CodewmError(f"{name}={text} is no {'list of ' if many else ''}{kind.__name__}") from error


_SWITCH = {"0": False, "1": True, "false": False, "true": True}
# The authors' names, from their trainer's environment (eren23/crucible-community-tap, architectures/wm_base).
_ALIASES: dict[str, tuple[str, str, Mapping[str, Any] | None]] = {
    "WM_LR": ("training", "learning_rate", None),
    "WM_WARMUP_STEPS": ("training", "warmup", None),
    "WM_ENCODER_LOOPS": ("model", "n_loops", None),
    "WM_EARLY_READOUT_LOOPS": ("model", "readout_loops", None),
    "WM_MODEL_DIM": ("model", "d_model", None),
    "WM_NUM_HEADS": ("model", "n_heads", None),
    "WM_POOL_MODE": ("model", "pool", {"attn": "single", "multi_attn": "heads"}),
    "WM_PREDICTOR_TYPE": ("model", "predictor", None),
    "WM_PREDICTOR_DEPTH": ("model", "n_predictor_blocks", None),
    "WM_NUM_LOOPS": ("model", "predictor_loops", None),
    # With a residual predictor what it adds is the delta; the authors' "residual" subtracts the state from the others.
    "WM_DELTA_RESIDUAL": ("model", "residual", {"0": True, "1": False}),
    "WM_LAMBDA_PRED": ("losses", "prediction", None),
    "WM_LAMBDA_DIR": ("losses", "direction", None),
    "WM_LAMBDA_MAG": ("losses", "magnitude", None),
    "WM_LAMBDA_COV": ("losses", "covariance", None),
    "WM_LAMBDA_AUX": ("losses", "auxiliary", None),
    "WM_SIGREG_WEIGHT": ("losses", "vicreg", None),
    "WM_PRED_REG_MODE": ("losses", "predictor_reg", {"none": False, "vicreg": True}),
    "WM_DELTA_NORMALIZE_LOSS": ("losses", "delta_type", {"0": "logcosh", "1": "normalised"}),
}


def _settings() -> dict[str, Setting]:
    """Every setting under its own name, then the authors' names."""
    settings: dict[str, Setting] = {}
    for table, part in PARTS.items():
        for key, hint in get_type_hints(part).items():
            # Two tables have a `kind`; the other is the weight of an edit loss.
            name = "target_kind" if (table, key) == ("target", "kind") else key
            settings[f"{PREFIX}{name.upper()}"] = Setting(table, key, hint)
    for name, (table, key, values) in _ALIASES.items():
        settings[name] = Setting(table, key, get_type_hints(PARTS[table])[key], values)
    return settings


SETTINGS = _settings()
