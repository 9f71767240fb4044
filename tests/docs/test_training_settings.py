"""The table of the trainer's settings is what the trainer reads, and every preset that ships is described."""

from __future__ import annotations

from training_settings import DOCUMENT, reference, with_reference

from codewm_train.environment import SETTINGS
from codewm_train.presets import CONFIGS

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_table_of_settings_is_up_to_date() -> None:
    assert with_reference(TEXT) == TEXT, "run `python scripts/training_settings.py`"


def test_every_setting_has_a_meaning_and_every_name_is_shown() -> None:
    table = reference()
    assert [row for row in table.splitlines() if row.endswith("|  |")] == []
    assert [name for name in SETTINGS if f"`{name}`" not in table] == []


def test_every_preset_that_ships_is_described() -> None:
    section = TEXT.split("\n## The presets\n")[1].split("\n## ")[0]
    described = {row.split("`")[1] for row in section.splitlines() if row.startswith("| `")}
    assert described == {path.stem for path in CONFIGS.glob("*.toml")}
