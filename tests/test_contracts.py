"""The walls of the house: who may import whom."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imported(*modules: str) -> set[str]:
    """Top-level names of everything that a fresh process holds after these imports."""
    code = f"import json, sys, {', '.join(modules)}\nprint(json.dumps([name.split('.')[0] for name in sys.modules]))"
    return set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))


def test_import_linter_keeps_every_contract() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, " 0 broken" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    "room", ["codewm_lsp.server.app", "codewm_lsp.cli", "codewm_lsp.engine.similar", "codewm_model"]
)
def test_no_room_of_the_product_loads_torch_or_the_trainer(room: str) -> None:
    assert imported(room) & {"torch", "codewm_train"} == set()


def test_nothing_loads_the_networks_runtime_before_it_runs_one() -> None:
    assert imported("codewm_lsp.server.app", "codewm_lsp.engine.indexing", "codewm_lsp.engine.similar") & {
        "onnxruntime",
    } == set()  # fmt: skip


def test_the_engine_loads_no_editor_protocol_and_no_terminal() -> None:
    assert imported("codewm_lsp.engine.similar", "codewm_lsp.engine.indexing") & {
        "pygls", "lsprotocol", "click", "rich", "asyncio",
    } == set()  # fmt: skip


def test_the_command_line_loads_nothing_heavy_before_it_knows_the_command() -> None:
    assert imported("codewm_lsp.cli") & {"numpy", "hnswlib", "tree_sitter", "rich", "pygls", "lsprotocol"} == set()
