"""docs/troubleshooting.md is true: what each row tells of is brought about, and the lines it quotes are then there."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from command import run, with_stub
from repositories import Repo

from codewm_lsp.cli import commands
from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_lsp.engine.lock import only_writer

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
ROW = re.compile(r"^\| (?P<symptom>.+?) \| (?P<lines>.+?) \| .+ \|$", re.MULTILINE)
QUOTED = re.compile(r"``(.+?) ?``|`([^`]+)`")
COMMANDS = re.compile(r"python3 scripts/.*|codewm-lsp doctor.*")  # in the second column, what prints the line


@dataclass
class Place:
    """An indexed repository of one's own, a folder beside it, and a way to patch this process."""

    repo: Repo
    beside: Path
    patch: pytest.MonkeyPatch

    def doctor(self, path: str = "", env: dict[str, str] | None = None) -> str:
        """What doctor prints of a path in the repository."""
        return run("doctor", self.repo.root / path, env=env).out

    def stub(self, module: str, code: str) -> str:
        """What doctor prints where a module is this code."""
        (self.beside / f"{module}.py").write_text(code)
        return self.doctor(env={"PYTHONPATH": with_stub(self.beside)})

    def program(self, name: str, script: str) -> dict[str, str]:
        """The environment in which this is the first program of its name."""
        (self.beside / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.beside / name).chmod(0o755)
        return {"PATH": f"{self.beside}{os.pathsep}{os.environ['PATH']}"}

    def nothing_but_git(self) -> dict[str, str]:
        """The environment in which no other program is found."""
        (self.beside / "git").symlink_to(git())
        return {"PATH": str(self.beside), "CXX": ""}

    def file(self, name: str, text: str, *, commit: bool = True) -> str:
        """What doctor prints of a new file."""
        if commit:
            self.repo.commit("A file", {name: text})
        self.repo.write({name: text})
        return self.doctor(name)

    def project(self, line: str) -> str:
        """What doctor prints of a repository that brings a setting."""
        self.repo.write({"pyproject.toml": f"[tool.codewm]\n{line}\n"})
        return self.doctor()

    def index_again(self, *options: str) -> str:
        """What doctor prints after one more `index`."""
        assert run("index", self.repo.root, *options).code == 0
        return self.doctor()

    @property
    def index(self) -> Path:
        """The folder of the index."""
        return self.repo.git_dir / "codewm"

    def here(self) -> str:
        """What doctor prints in this process, which may be patched."""
        return CliRunner().invoke(commands, ["doctor", str(self.repo.root)]).stdout


def git() -> str:
    """The real one."""
    found = shutil.which("git")
    assert found is not None
    return found


def no_compiler(place: Place) -> str:
    command = [sys.executable, ROOT / "scripts" / "preflight.py"]
    return subprocess.run(command, env=os.environ | place.nothing_but_git(), capture_output=True, text=True).stderr


def mistrusted(place: Place) -> str:
    return place.doctor(env=place.program("git", f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {git()} "$@"'))


def shallow(place: Place) -> str:
    place.repo.git("clone", "--quiet", "--depth=2", place.repo.root.as_uri(), str(place.beside / "clone"))
    return cloned(place)


def partial(place: Place) -> str:
    place.repo.commit("Again", {"app/part_1.py": "again = 1\n"})  # whose text before is not in a checkout of HEAD
    place.repo.git("config", "uploadpack.allowFilter", "true")
    source = place.repo.root.as_uri()
    place.repo.git("clone", "--quiet", "--filter=blob:none", source, str(place.beside / "clone"))
    return cloned(place)


def cloned(place: Place) -> str:
    place.repo.root = place.beside / "clone"
    return place.index_again()


def lost_objects(place: Place) -> str:
    place.repo.commit("One", {"lost.py": "one = 1\n"})
    blob = place.repo.git("rev-parse", "HEAD:lost.py")
    place.repo.commit("Two", {"lost.py": "two = 2\n"})
    place.repo.lose(blob)
    return place.index_again()


def no_index(place: Place) -> str:
    shutil.rmtree(place.index)
    return place.doctor()


def other_version(place: Place) -> str:
    with sqlite3.connect(place.index / "edits.sqlite3") as db:
        db.execute("UPDATE meta SET value = 'older' WHERE key = 'representation'")
    db.close()
    return place.doctor()


def behind(place: Place) -> str:
    place.repo.commit("new", {"new.py": "x = 1\n"})
    return place.doctor()


def corrupt(place: Place) -> str:
    database = place.index / "edits.sqlite3"
    database.write_bytes(database.read_bytes()[:4096] + b"?" * 40_000)
    return place.doctor()


def no_graph(place: Place) -> str:
    (graph,) = place.index.glob("vectors-*.hnsw")
    graph.write_bytes(b"no graph")
    return place.doctor()


def empty(place: Place) -> str:
    place.repo.root = Repo.init(place.beside / "empty").root
    return place.index_again()


def read_only_git_directory(place: Place) -> str:
    shutil.rmtree(place.index)
    place.patch.setattr("codewm_lsp.engine.store.is_writable", lambda folder: folder != place.repo.git_dir)
    return place.here()


def read_only_index(place: Place) -> str:
    place.patch.setattr("codewm_lsp.engine.doctor_index.is_writable", lambda folder: folder != place.index)
    return place.here()


def two_writers(place: Place) -> str:
    with only_writer(place.index):
        return place.doctor()


def healthy(place: Place) -> str:
    return place.doctor()


# How each row begins, and what brings it about.
AILMENTS: dict[str, Callable[[Place], str]] = {
    "`pip install` ends with an error while it builds hnswlib": no_compiler,
    "every search fails, or nothing is found": lambda place: place.stub("hnswlib", "raise ImportError('no wheel')\n"),
    "something ends with an illegal instruction": lambda place: place.stub("onnxruntime", "import os\nos.abort()\n"),
    "no command works: there is no model": lambda place: place.doctor(env={VARIABLE: str(place.beside / "nowhere")}),
    "no command works, and git was not found": lambda place: place.doctor(env={"PATH": str(place.beside)}),
    "no command works, and git is too old": lambda place: place.doctor(
        env=place.program("git", "echo git version 2.20.1")
    ),
    "the folder is not in a git repository": lambda place: place.doctor(".."),
    "git refuses the repository": mistrusted,
    "older edits are not found": shallow,
    "few or no edits are found: a partial clone": partial,
    "some edits are not found: git's objects are damaged": lost_objects,
    "nothing is ever found: there is no index": no_index,
    "every search is refused": other_version,
    "the newest edits are not found": behind,
    "every search fails: the index is corrupt": corrupt,
    "every start takes long": no_graph,
    "the repository is empty": empty,
    "hits come from some folders only": lambda place: place.index_again("--rebuild", "--paths", "app"),
    "the index is not in `.git/codewm`": read_only_git_directory,
    "new commits are never found": read_only_index,
    "two editors, or an editor and a shell": two_writers,
    "the editor does not find the server": lambda place: place.doctor(env=place.nothing_but_git()),
    "the server crashes at the start": lambda place: place.stub("pygls", "raise ImportError('of another version')\n"),
    "nothing in hover or code actions": lambda place: place.doctor("app/part_1.py"),
    "nothing in hover for a new file": lambda place: place.file("new.py", "x = 1\n", commit=False),
    "nothing in hover anywhere in one project": lambda place: place.project("hover = false"),
    "a setting does nothing": lambda place: place.project("hover = 'no'"),
    "nothing at all for a file that is left alone": lambda place: place.file(".env", "TOKEN=1\n"),
    "nothing at all for a file that is too large": lambda place: place.file("large.py", "x = 1\n" * 200_000),
    "no predictions for a file in another language": lambda place: place.file("main.rs", "fn main() {}\n"),
    "past edits of a generated or vendored file": lambda place: place.file("vendor/a.py", "x = 1\n"),
    "answers are slow": healthy,
    "the editor waits long for the server": healthy,
    "the server takes much memory": healthy,
    "a firewall asks about codewm-lsp": healthy,
}


def rows() -> dict[str, list[str]]:
    """The quoted lines of each row of the page, by its symptom."""
    found = {}
    for row in ROW.finditer(PAGE.read_text(encoding="utf-8")):
        quoted = [one or other for one, other in QUOTED.findall(row["lines"])]
        found[row["symptom"]] = [line for line in quoted if not COMMANDS.fullmatch(line)]
    del found["what you see"]
    return found


def test_every_row_is_brought_about() -> None:
    symptoms = list(rows())
    assert [next((key for key in AILMENTS if symptom.startswith(key)), symptom) for symptom in symptoms] == list(
        AILMENTS
    )


@pytest.mark.parametrize("symptom", AILMENTS)
def test_the_line_that_a_row_quotes_is_there(
    symptom: str, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside").mkdir()
    said = AILMENTS[symptom](Place(repo, tmp_path / "beside", monkeypatch))
    (quoted,) = [lines for row, lines in rows().items() if row.startswith(symptom)]
    assert quoted
    for line in quoted:
        words = r"\s+".join(map(re.escape, line.split())).replace("…", ".*")
        assert re.search(rf"^\s*{words}$", said, re.MULTILINE), said
