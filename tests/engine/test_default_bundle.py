"""Which model runs: the one that ships, or the one that the environment names."""

from __future__ import annotations

from pathlib import Path

import pytest

from codewm_lsp.engine import default_bundle as module
from codewm_lsp.engine.default_bundle import VARIABLE, default_bundle
from codewm_model.bundle import Bundle
from codewm_model.errors import BundleError


def test_the_variable_names_another_bundle(random_bundle: Bundle) -> None:
    assert default_bundle().folder == random_bundle.folder
    assert default_bundle() is default_bundle(), "verified once"


def test_a_relative_name_is_meant_from_here(random_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(random_bundle.folder.parent)
    monkeypatch.setenv(VARIABLE, random_bundle.folder.name)
    assert default_bundle().folder == random_bundle.folder


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_the_bundle_that_ships_is_opened(
    random_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(VARIABLE)
    else:
        monkeypatch.setenv(VARIABLE, value)
    monkeypatch.setattr(module, "SHIPPED", random_bundle.folder)
    assert default_bundle().id == random_bundle.id


def test_a_missing_bundle_is_an_error_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    with pytest.raises(BundleError, match=rf"no model in .*mine.*{VARIABLE} names it"):
        default_bundle()
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "shipped")
    with pytest.raises(BundleError, match=r"no model in .*shipped.*`pip install --force-reinstall codewm-lsp`"):
        default_bundle()


def test_the_bundle_that_ships_is_whole_and_small() -> None:
    bundle = Bundle.open(module.SHIPPED)
    assert sum(file.stat().st_size for file in module.SHIPPED.iterdir()) < 8_000_000
    assert len(bundle.action_classes()) == 64
    assert {file.name for file in module.SHIPPED.iterdir()} == {
        *bundle.config.files, "config.json", "metrics.json", "MODEL_CARD.md",
    }  # fmt: skip


def test_a_bundle_that_appears_later_is_found(
    random_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "later"))
    with pytest.raises(BundleError):
        default_bundle()
    (tmp_path / "later").symlink_to(random_bundle.folder)
    assert default_bundle().id == random_bundle.id
