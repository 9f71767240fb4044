"""What all tests share: git without the user's settings, and a repository with every odd thing in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Importlib mode does not find helper modules beside the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent))

from odd import build_odd_repository
from repositories import Repo

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the configuration or the cache of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("HOME", str(home))
    patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def random_bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The model of every test that asks for it, and of every process that one starts: its weights are random.

    The folders whose tests run the product ask for it at their doors.
    """
    from networks import random_model, write_bundle  # and with it torch, which takes seconds

    bundle = write_bundle(tmp_path_factory.mktemp("bundle") / "random", random_model())
    patch = pytest.MonkeyPatch()
    patch.setenv(VARIABLE, str(bundle.folder))
    yield bundle
    patch.undo()


@pytest.fixture(scope="session")
def odd_repository(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    """See `build_odd_repository`. Shared: tests read it only."""
    return build_odd_repository(tmp_path_factory.mktemp("odd") / "repository")
