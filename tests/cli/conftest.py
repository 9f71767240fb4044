"""An indexed repository with something to ask about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command import run
from repositories import Repo, habits

from codewm_model.bundle import Bundle


@pytest.fixture(scope="session", autouse=True)
def _model(random_bundle: Bundle) -> None:
    """No test here waits for training."""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    """An indexed repository with a change in its working tree and another in its git index. Shared: read only."""
    repo = Repo.init(tmp_path_factory.mktemp("shop") / "repository")
    repo.history(habits(40))
    repo.commit("Give the call a timeout", {"app/call.py": "def call(s):\n    return s.get(1, timeout=5)\n"})
    assert run("index", repo.root).code == 0
    repo.write({"app/staged.py": "def staged(s):\n    return s.get(2, timeout=7)\n"})
    repo.git("add", "--all")
    repo.write({"app/call.py": "def call(s):\n    return s.get(1, timeout=5, verify=False)\n"})
    return repo


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, _model: None) -> Repo:
    """A small repository with an index. Shared: read only."""
    made = Repo.init(tmp_path_factory.mktemp("small") / "repository")
    made.history(habits(6))
    assert run("index", made.root).code == 0
    return made


@pytest.fixture
def repo(small: Repo, tmp_path: Path) -> Repo:
    """A copy of it of one's own."""
    shutil.copytree(small.root, tmp_path / "repository")
    return Repo(tmp_path / "repository", small.clock)
