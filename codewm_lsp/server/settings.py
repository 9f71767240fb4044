"""Every option with its default.

A bad value never stops the server: it is reported in a sentence and the default is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may change. The names in JSON are `hits`, `hover` and `codeAction`."""

    hits: int = 10
    """How many past edits are answered where a request names no number of its own; 1 to 50."""

    hover: bool = True
    """Whether hovering a changed line shows the most similar past edit."""

    code_action: bool = True
    """Whether "Similar past edits" is offered on changed lines."""


def read_settings(given: object) -> tuple[Settings, list[str]]:
    """Settings from what the client sent, and one sentence for everything in it that was not used.

    Accepts the section itself or an object that holds it under `codewm`, since clients send both.
    """
    settings = Settings()
    if isinstance(given, dict) and "codewm" in given:
        given = given["codewm"]
    if given is None:
        return settings, []
    if not isinstance(given, dict):
        return settings, [f"codewm settings must be an object, not {_shown(given)}; the defaults are used."]
    problems = []
    for key, value in given.items():
        if key == "hits":
            if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_HITS:
                settings = replace(settings, hits=value)
            else:
                problems.append(_refused(key, value, f"a whole number from 1 to {MOST_HITS}", settings.hits))
        elif key == "hover":
            if isinstance(value, bool):
                settings = replace(settings, hover=value)
            else:
                problems.append(_refused(key, value, "true or false", settings.hover))
        elif key == "codeAction":
            if isinstance(value, bool):
                settings = replace(settings, code_action=value)
            else:
                problems.append(_refused(key, value, "true or false", settings.code_action))
        else:
            problems.append(f"codewm.{_shown(key)} is not a setting of codewm-lsp.")
    return settings, problems


def _refused(key: str, value: object, wanted: str, default: Any) -> str:
    return f"codewm.{key} must be {wanted}, not {_shown(value)}; {str(default).lower()} is used."


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
