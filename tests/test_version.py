"""The version is in one place, and every file that names it names that one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from command import run

from codewm_lsp import __version__

ROOT = Path(__file__).parents[1]
SCRIPT = "scripts/set_version.py"


def test_the_package_takes_its_version_from_where_the_program_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"] and "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "codewm_lsp/__init__.py"
    assert run("--version").out == f"codewm-lsp, version {__version__}\n"


def test_the_newest_heading_of_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d\S*)", changelog, re.MULTILINE)[0] == __version__


def test_every_file_that_names_the_version_names_this_one() -> None:
    assert {version for _, version in versions_in(ROOT)} == {__version__}


def test_a_new_version_is_written_everywhere_at_once(tmp_path: Path) -> None:
    for place in {SCRIPT, *(name for name, _ in versions_in(ROOT))}:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / place, tmp_path / place)
    assert set_version(tmp_path, "12.0.3").returncode == 0
    assert {version for _, version in versions_in(tmp_path)} == {"12.0.3"}
    before = (ROOT / "README.md").read_text(encoding="utf-8")
    after = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert after == before.replace(f"({__version__},", "(12.0.3,")


def test_what_is_no_version_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    for place in (SCRIPT, "codewm_lsp/__init__.py"):
        (tmp_path / place).parent.mkdir(parents=True)
        shutil.copy(ROOT / place, tmp_path / place)
    assert set_version(tmp_path, "newest").returncode == 2
    assert set_version(tmp_path).stdout == f"{__version__}\n"


def set_version(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a tree."""
    return subprocess.run([sys.executable, root / SCRIPT, *arguments], capture_output=True, text=True)


def versions_in(root: Path) -> list[list[str]]:
    """The files that the script of a tree finds there, and their versions."""
    code = "import json, set_version; print(json.dumps(set_version.versions()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root / "scripts", capture_output=True, text=True, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found
