"""Every option with its default.

A bad value never stops the server: it is reported in a sentence and what held before is used.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may change. Its names in JSON are written likeThis: `codeAction`."""

    hits: int = 10
    """How many past edits are answered where a request names no number of its own; 1 to 50."""

    hover: bool = True
    """Whether hovering a changed line shows the most similar past edit."""

    code_action: bool = True
    """Whether "Similar past edits" is offered on changed lines."""

    code_lens: bool = False
    """Whether a count stands above changed definitions. Off, for a lens moves the lines below it."""

    predicted_edits: bool = False
    """Whether "Predicted edits" is offered unasked. Off, for it did not pass the test for more: docs/adr/0008."""


_SWITCHES = ("hover", "code_action", "code_lens", "predicted_edits")
IN_JSON = {
    "hits": "hits",
    "hover": "hover",
    "codeAction": "code_action",
    "codeLens": "code_lens",
    "predictedEdits": "predicted_edits",
}
_IN_TOML = {name: name for name in IN_JSON.values()}
OF_EDITORS = frozenset({"enable", "server", "trace"})
"""Keys of the same section that clients read: whether there is a server, which one, and which messages are logged."""

# Keys of the same table that say what is indexed.
_OF_THE_INDEX = frozenset({"exclude", "authors_exclude", "max_commit_edits"})


def read_settings(given: object) -> tuple[Settings, list[str]]:
    """Settings from what the client sent, and one sentence for everything in it that was not used.

    Accepts the section itself or an object that holds it under `codewm`, since clients send both.
    """
    if isinstance(given, dict) and "codewm" in given:
        given = given["codewm"]
    if given is None:
        return Settings(), []
    if not isinstance(given, dict):
        return Settings(), [f"codewm settings must be an object, not {_shown(given)}; the defaults are used."]
    return _read(given, "codewm", IN_JSON, OF_EDITORS, Settings())


def read_table(table: Mapping[str, Any], settings: Settings) -> tuple[Settings, list[str]]:
    """`settings` as the table `[tool.codewm]` of a pyproject.toml changes them, and sentences as above."""
    return _read(table, "tool.codewm", _IN_TOML, _OF_THE_INDEX, settings)


def _read(
    given: Mapping[Any, Any], section: str, names: Mapping[str, str], of_others: Container[str], settings: Settings
) -> tuple[Settings, list[str]]:
    problems = []
    for key, value in given.items():
        shown, name = f"{section}.{_shown(key)}", names.get(key)
        if name in _SWITCHES:
            wanted, fits = "true or false", isinstance(value, bool)
        elif name == "hits":
            wanted = f"a whole number from 1 to {MOST_HITS}"
            fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_HITS
        else:
            if key not in of_others:
                problems.append(f"{shown} is not a setting of codewm-lsp.")
            continue
        if fits:
            settings = replace(settings, **{name: value})
        else:
            problems.append(_refused(shown, value, wanted, getattr(settings, name)))
    return settings, problems


def _refused(name: str, value: object, wanted: str, used: Any) -> str:
    return f"{name} must be {wanted}, not {_shown(value)}; {str(used).lower()} is used."


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
