"""The repository that the server is tried on, with and without its index, and a server on a raw connection."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Importlib mode does not find helper modules beside the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent))

from shop import Shop, build_shop
from wire import Wire

from codewm_model.bundle import Bundle


@pytest.fixture(scope="session", autouse=True)
def _model(random_bundle: Bundle) -> None:
    """No test here waits for training."""


@pytest.fixture(scope="session")
def unindexed(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Shop:
    """The repository without an index. Shared: tests only read it."""
    return build_shop(tmp_path_factory.mktemp("unindexed") / "shop")


@pytest.fixture(scope="session")
def indexed(unindexed: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A clone with its index, as `codewm-lsp index` builds it. Shared: tests only read it."""
    shop = unindexed.clone(tmp_path_factory.mktemp("indexed") / "shop")
    subprocess.run([sys.executable, "-m", "codewm_lsp", "index", "-q", str(shop.root)], check=True)
    return shop


@pytest.fixture
def own(unindexed: Shop, indexed: Shop, tmp_path: Path) -> Shop:
    """A clone of the test's own, with a copy of the index."""
    shop = unindexed.clone(tmp_path / "shop")
    shutil.copytree(indexed.root / ".git" / "codewm", shop.root / ".git" / "codewm")
    return shop


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server process on a raw connection."""
    with Wire() as client:
        yield client
