"""The commands that look after an index, and the index command as other programs run it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import run
from repositories import Repo, habits


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    """Twelve commits, indexed."""
    repo = Repo.init(tmp_path_factory.mktemp("upkeep") / "repository")
    repo.history(habits(12))
    assert run("index", repo.root).code == 0
    return repo


def test_an_index_is_carried_to_another_clone_and_tidied(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    exported = run("export", "-C", repo.root, tmp_path / "index.codewm", "--json")
    assert exported.json == {
        "schema": "codewm.export/1",
        "file": str(tmp_path / "index.codewm"),
        "bytes": (tmp_path / "index.codewm").stat().st_size,
    }
    imported = run("import", "-C", tmp_path / "clone", tmp_path / "index.codewm", "--json").json
    assert (imported["schema"], imported["commits"], imported["dropped"]) == ("codewm.import/1", 12, 0)
    assert run("status", tmp_path / "clone", "--json").json["fresh"]
    tidied = run("gc", tmp_path / "clone", "--json").json
    assert tidied["freed_bytes"] == tidied["bytes_before"] - tidied["bytes_after"]
    assert run("gc", tmp_path / "clone").out.startswith("freed 0.")


def test_a_refused_file_exits_3_and_says_why(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("nonsense")
    done = run("import", "-C", repo.root, tmp_path / "odd")
    assert (done.code, done.out) == (3, "")
    assert "cannot be imported (file is not a database); nothing was changed" in done.err


@pytest.mark.parametrize("command", [["gc"], ["index", "--existing"]])
def test_without_an_index_none_is_made(tmp_path: Path, command: list[str]) -> None:
    empty = Repo.init(tmp_path / "empty")
    done = run(*command, empty.root)
    assert (done.code, "no index yet" in done.err) == (3, True)
    assert not (empty.git_dir / "codewm").exists()


def test_a_supervised_run_says_how_far_it_is_and_ends_with_its_input(repo: Repo) -> None:
    command = [sys.executable, "-m", "codewm_lsp", "index", "--supervised", "--rebuild", str(repo.root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    said = [json.loads(line) for line in process.stdout]
    assert {message["schema"] for message in said[:-1]} == {"codewm.progress/1"}
    assert (said[-2]["commits"], said[-2]["commits_total"]) == (12, 12)
    assert (said[-1]["schema"], said[-1]["new_commits"]) == ("codewm.index/1", 12)
    assert process.wait() == 0, "with its input still open"
    assert process.communicate()[1] == b""
    orphan = run("index", "--supervised", "--rebuild", repo.root)  # its input has ended already
    assert orphan.code in (0, 130)  # it may have been faster


def test_a_supervised_run_ends_cleanly_where_interrupts_are_ignored(repo: Repo) -> None:
    command = [sys.executable, "-m", "codewm_lsp", "index", "--supervised", "--rebuild", str(repo.root)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) in ((130, b"codewm-lsp: interrupted"), (0, b""))


def test_a_bad_rule_in_pyproject_is_named_on_stderr(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("rules", {"pyproject.toml": "[tool.codewm]\nexclude = 7\n"})
    done = run("index", repo.root)
    assert (done.code, "tool.codewm.exclude must be a list" in done.err) == (0, True)
