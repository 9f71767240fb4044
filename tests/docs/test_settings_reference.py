"""The reference of settings, the server and the extension's manifest say the same."""

from __future__ import annotations

from typing import Any

from settings_reference import DOCUMENT, extension_settings, is_of_editor, reference, server_settings

from codewm_lsp.server.settings import MOST_HITS, OF_EDITORS, Settings, read_settings


def test_the_reference_of_settings_is_up_to_date() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    assert written == reference(), "run `python scripts/settings_reference.py`"


def test_the_extension_declares_the_servers_settings_as_the_server_has_them() -> None:
    declared = {
        name: (one["type"], one["default"]) for name, one in extension_settings().items() if not is_of_editor(name)
    }
    assert declared == {name: (kind, default) for name, _, kind, default, _ in server_settings()}
    hits = extension_settings()["codewm.hits"]
    assert (hits["minimum"], hits["maximum"]) == (1, MOST_HITS)


def test_every_section_that_is_left_to_editors_is_one_of_the_extension() -> None:
    assert {name.split(".")[1] for name in extension_settings() if is_of_editor(name)} == OF_EDITORS


def test_the_server_takes_all_that_the_extension_declares_without_a_word() -> None:
    given: dict[str, Any] = {}
    for name, one in extension_settings().items():
        inside, (*sections, key) = given, name.split(".")[1:]
        for section in sections:
            inside = inside.setdefault(section, {})
        inside[key] = one["default"]
    assert read_settings({"codewm": given}) == (Settings(), [])
