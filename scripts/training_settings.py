"""The table of settings in docs/training.md, written from the trainer's own.

Run `python scripts/training_settings.py`; a test compares.
"""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, get_args, get_origin

from codewm_train.environment import SETTINGS, Setting
from codewm_train.presets import CONFIGS, PARTS, load_preset

DOCUMENT = Path(__file__).parents[1] / "docs" / "training.md"
BEGIN, END = "<!-- Written by `python scripts/training_settings.py`; a test compares. -->", "<!-- end -->"
_COMMENTED = re.compile(r"^[ ]*(\w+)(?:: [^=\n]+)? = [^#\n]+#\s*(.+)$", re.MULTILINE)


def reference() -> str:
    """The table: every setting of a preset, its names in the environment, and what it is in `default`."""
    default, names = load_preset("default"), defaultdict(list)
    for name, setting in SETTINGS.items():
        names[setting.table, setting.key].append((name, setting))
    lines = ["| setting | in the environment | values | `default` | meaning |", "|---|---|---|---|---|"]
    for (table, key), named in names.items():
        shown = ", ".join(_name(name, setting) for name, setting in named)
        value = _shown(getattr(getattr(default, table), key))
        lines.append(f"| `[{table}] {key}` | {shown} | {_values(named[0][1])} | {value} | {_meanings(table)[key]} |")
    return "\n".join(lines)


def with_reference(text: str) -> str:
    """The document with the table as it should be."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{reference()}\n\n{END}{rest.split(END)[1]}"


def _name(name: str, setting: Setting) -> str:
    """A variable, and what its values stand for where they read otherwise."""
    meant = ", ".join(f"{text}: {_shown(value)}" for text, value in (setting.values or {}).items())
    return f"`{name}`" + (f" ({meant})" if meant else "")


def _values(setting: Setting) -> str:
    if get_origin(setting.type) is tuple:
        return f"list of {get_args(setting.type)[0].__name__}"
    return ", ".join(get_args(setting.type)) or str(setting.type.__name__)


def _shown(value: Any) -> str:
    return "empty" if value == () else str(value).lower()


def _meanings(table: str) -> defaultdict[str, str]:
    """The comments beside the settings: of the preset that ships, and before them of the code."""
    tables = (CONFIGS / "default.toml").read_text(encoding="utf-8").split("\n[")
    written = "\n".join(part for part in tables if part.startswith(f"{table}]"))
    found = dict(_COMMENTED.findall(written)) | dict(_COMMENTED.findall(inspect.getsource(PARTS[table])))
    return defaultdict(str, found)


def main() -> None:
    """Write the table into the document."""
    DOCUMENT.write_text(with_reference(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
