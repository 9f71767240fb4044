"""A history long enough to be interrupted in, and what an uninterrupted index of it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repo, habits

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle

LONG = 700  # commits


@pytest.fixture(scope="session", autouse=True)
def _model(random_bundle: Bundle) -> None:
    """No test here waits for training."""


@pytest.fixture(scope="session")
def long_repository(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Several hundred commits. Shared: tests copy it."""
    repo = Repo.init(tmp_path_factory.mktemp("long") / "repository")
    repo.history(habits(LONG))
    return repo


@pytest.fixture
def long_copy(long_repository: Repo, tmp_path: Path) -> Repo:
    """A clone of `long_repository` of one's own."""
    long_repository.git("clone", "--quiet", ".", str(tmp_path / "copy"))
    return Repo(tmp_path / "copy")


@pytest.fixture
def small(tmp_path: Path) -> Repo:
    """Sixty commits of one's own."""
    repo = Repo.init(tmp_path / "small")
    repo.history(habits(60))
    return repo


@pytest.fixture
def weigh(random_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], Bundle]:
    """Makes the default bundle one in which the model has these shares of the key and of the score."""
    from networks import reweighed

    def use(key: float, score: float) -> Bundle:
        bundle = reweighed(random_bundle, tmp_path / f"bundle-{key}-{score}", key, score)
        monkeypatch.setenv(VARIABLE, str(bundle.folder))
        return bundle

    return use
