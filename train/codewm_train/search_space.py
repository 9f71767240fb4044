"""What a sweep searches: preset fields and the values that each may have, all of them or as many as are drawn."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

import numpy as np

from codewm_model.errors import CodewmError
from codewm_train.environment import PREFIX, Setting, read, setting_of
from codewm_train.presets import Preset

Point = dict[str, Any]  # from a setting's name to its value


@dataclass(frozen=True)
class Choice:
    """A setting by name, and what it may be: one of `values`, or anything from the first to the second if a `range`."""

    name: str
    values: tuple[Any, ...]
    range: bool = False


def choice_of(text: str) -> Choice:
    """`name=value,value`, or `name=low..high`; a list of numbers within a value is joined by `+`.

    Names and values are those of the variables WM_<NAME>.

    Raises:
        CodewmError: it names no setting, or a value cannot be read.
    """
    name, equals, values = text.partition("=")
    if not (equals and values):
        raise CodewmError(f"--set {text}: expected name=value,value or name=low..high")
    setting, variable = _setting(name)
    if ".." in values:
        return _range(name, [read(variable, end, setting) for end in values.split("..", 1)], setting)
    many = get_origin(setting.type) is tuple
    texts = [value.replace("+", ",") if many else value for value in values.split(",")]
    return Choice(name, tuple(read(variable, value, setting) for value in texts))


def choices_of_file(path: Path) -> list[Choice]:
    """A TOML file of `name = [value, value]` and `name = { low = 1e-4, high = 1e-2 }`.

    Raises:
        CodewmError: it cannot be read, or names no setting.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CodewmError(f"{path} is no search space: {error}") from error
    found = []
    for name, values in table.items():
        setting, _ = _setting(name)
        if isinstance(values, dict) and set(values) == {"low", "high"}:
            found.append(_range(name, [values["low"], values["high"]], setting))
        elif isinstance(values, list) and values:
            found.append(Choice(name, tuple(values)))
        else:
            raise CodewmError(f"{path}: {name} is neither a list of values nor {{ low, high }}")
    return found


def grid(choices: Sequence[Choice]) -> list[Point]:
    """Every combination, the last setting varying fastest.

    Raises:
        CodewmError: a range has no end of values.
    """
    if ranges := [choice.name for choice in choices if choice.range]:
        raise CodewmError(f"{', '.join(ranges)}: a range is for --random")
    names = [choice.name for choice in choices]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(c.values for c in choices))]


def draw(choices: Sequence[Choice], count: int, seed: int) -> list[Point]:
    """Up to `count` different combinations at random; the first ones of a longer search are those of a shorter one."""
    rng, found = np.random.default_rng(seed), list[Point]()
    for _ in range(100 * count):  # where there are fewer combinations than asked for
        point = {choice.name: _drawn(choice, rng) for choice in choices}
        if point not in found:
            found.append(point)
        if len(found) == count:
            break
    return found


def settled(base: Preset, point: Point) -> Preset:
    """The preset with a point's values.

    Raises:
        CodewmError: they do not go together.
    """
    tables = base.to_dict()
    for name, value in point.items():
        setting, _ = _setting(name)
        tables[setting.table][setting.key] = value
    return Preset.from_dict(tables)


def in_words(point: Point) -> str:
    """A point as `--set` would have it."""
    return " ".join(f"{name}={_text(value)}" for name, value in point.items()) or "the preset"


def _setting(name: str) -> tuple[Setting, str]:
    variable = name if name.startswith(PREFIX) else f"{PREFIX}{name.upper()}"
    return setting_of(variable), variable


def _range(name: str, ends: list[Any], setting: Setting) -> Choice:
    if setting.type not in (int, float) or not all(type(end) in (int, float) for end in ends) or ends[0] >= ends[1]:
        raise CodewmError(f"{name}: a range goes from a number to a larger one, and {name} must be a number")
    return Choice(name, tuple(setting.type(end) for end in ends), range=True)


def _drawn(choice: Choice, rng: np.random.Generator) -> Any:
    """One value; within a range of positive fractions every factor is as likely, of whole numbers every number."""
    if not choice.range:
        return choice.values[rng.integers(len(choice.values))]
    low, high = choice.values
    if isinstance(low, int):
        return int(rng.integers(low, high, endpoint=True))
    value = math.exp(rng.uniform(math.log(low), math.log(high))) if low > 0 else rng.uniform(low, high)
    return float(f"{value:.3g}")


def _text(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
