"""`make package` and `make wheelhouse` where they cannot do their work, or must not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"


def script(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Python code that imports from scripts/."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=SCRIPTS, env=os.environ | environment, capture_output=True, text=True)


def with_node(folder: Path, version: str) -> Path:
    """A folder with programs that call themselves node and npm."""
    folder.mkdir(parents=True)
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)
    return folder


def test_a_node_that_is_too_old_is_told_of_before_anything_is_built(tmp_path: Path) -> None:
    old = with_node(tmp_path / "old", "v20.20.2")
    environment = {"PATH": str(old), "CODEWM_EDITORS": str(tmp_path / "none")}
    for name in ("package", "extension"):
        done = script(f"import sys, {name}; sys.exit({name}.main())", environment)
        assert (done.returncode, done.stdout) == (1, "")
        assert "needs Node 22 or newer" in done.stderr and "scripts/editors_setup.py node" in done.stderr


@pytest.mark.parametrize(("on_path", "found"), [("v24.1.0", "path"), ("v20.20.2", "editors/bin")])
def test_the_node_on_path_comes_first_and_that_of_the_editors_second(tmp_path: Path, on_path: str, found: str) -> None:
    environment = {
        "PATH": str(with_node(tmp_path / "path", on_path)),
        "CODEWM_EDITORS": str(with_node(tmp_path / "editors" / "bin", "v24.19.0").parent),
    }
    done = script("import extension; print(extension.node_folder())", environment)
    assert done.stdout.strip() == str(tmp_path / found)


@pytest.mark.parametrize(("size", "code"), [(1_000_000, 0), (1_000_001, 1)])
def test_an_extension_of_more_than_a_megabyte_is_refused(tmp_path: Path, size: int, code: int) -> None:
    made = tmp_path / "dist"
    done = script(
        f"import sys, pathlib, extension, package, wheel_check\n"
        f"package.DIST = made = pathlib.Path({str(made)!r}); extension.ROOT = made.parent\n"
        f"def build(folder):\n"
        f"    folder.mkdir()\n"
        f"    (folder / 'codewm.vsix').write_bytes(bytes({size}))\n"
        f"    return folder / 'codewm.vsix'\n"
        f"extension.what_is_missing, extension.build = lambda: None, build\n"
        f"wheel_check.build, wheel_check.check_contents = lambda folder: None, lambda wheel: None\n"
        f"sys.exit(package.main())\n",
        {},
    )
    assert (done.returncode, f"{size:,} bytes  dist/codewm.vsix" in done.stdout) == (code, True), done.stderr


def test_what_is_tried_without_network_has_none() -> None:
    """Not even the loopback, where somebody listens; a system that cannot take it away is asked for nothing."""
    code = (
        "import socket, subprocess, sys, wheelhouse\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "ask = f'import socket; socket.create_connection((\"127.0.0.1\", {listener.getsockname()[1]}), 5)'\n"
        "prefix = wheelhouse.without_network()\n"
        "codes = [subprocess.run([*before, sys.executable, '-c', ask]).returncode for before in ([], prefix)]\n"
        "sys.exit(codes != [0, 1 if prefix else 0])\n"
    )
    done = script(code, {})
    assert done.returncode == 0, done.stderr
