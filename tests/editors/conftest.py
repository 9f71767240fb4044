"""Real editors for the tests below this folder, which `make e2e` runs and `make test` leaves out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Importlib mode does not find helper modules beside the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent))

from command import run
from histories import Shop, build_shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A repository without an index."""
    return build_shop(tmp_path / "shop")


@pytest.fixture
def indexed_shop(shop: Shop) -> Shop:
    """The same with one."""
    assert run("index", shop.root).code == 0
    return shop
