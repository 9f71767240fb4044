"""Neovim for the tests of this folder. They need the client, `codewm-lsp` and Neovim, and nothing of VS Code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Importlib mode does not find helper modules beside the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent))

from nvim import Neovim, OpenNeovim


@pytest.fixture
def open_neovim(tmp_path: Path) -> Iterator[OpenNeovim]:
    """A function that starts Neovim; its arguments are those of `Neovim`."""
    opened: list[Neovim] = []

    def open_neovim(*files: Path, **options: object) -> Neovim:
        options.setdefault("cwd", files[0].parent if files else tmp_path)
        opened.append(Neovim(tmp_path / f"neovim-{len(opened)}", *files, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_neovim
    for neovim in opened:
        neovim.stop()
