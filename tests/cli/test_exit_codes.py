"""Every exit code that docs/cli.md promises, with a message on stderr that says what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from command import Done, run
from repositories import Repo, habits

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    """A small repository with an index and a change."""
    made = Repo.init(tmp_path_factory.mktemp("template") / "repository")
    made.history(habits(6))
    assert run("index", made.root).code == 0
    made.write({"app/part_0.py": "def fetch(session):\n    return session.get(1, timeout=3)\n"})
    return made


@pytest.fixture
def repo(template: Repo, tmp_path: Path) -> Repo:
    """A copy of the template of one's own."""
    shutil.copytree(template.root, tmp_path / "repository")
    return Repo(tmp_path / "repository", template.clock)


def failed(done: Done, code: int, message: str) -> None:
    """It failed with this code, one message on stderr that holds these words, and nothing on stdout."""
    assert (done.code, done.out) == (code, ""), done.err
    assert message in done.err
    assert "Traceback" not in done.err


def test_0_for_hits(repo: Repo) -> None:
    done = run("similar", repo.root)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("app/part_0.py:1\n  1. ")


def test_1_without_changes(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--", ".")
    failed(run("similar", repo.root), 1, "no changes to look for")


def test_1_without_hits(repo: Repo) -> None:
    done = run("similar", repo.root, "--author", "nobody", "--json")
    assert (done.code, [edit["hits"] for edit in done.json["edits"]]) == (1, [[]])


@pytest.mark.parametrize(
    "arguments",
    [
        ["similar", "--staged", "--commit", "HEAD"],
        ["similar", "--commit", "no-such-revision"],
        ["similar", "--commit", "--output=pwned"],
        ["similar", "--diff", "missing.diff"],
        ["similar", "-k", "0"],
        ["index", "--jobs", "many"],
        ["unknown"],
        ["--unknown"],
    ],
    ids=" ".join,
)
def test_2_for_wrong_usage(repo: Repo, arguments: list[str]) -> None:
    failed(run(*arguments, cwd=repo.root), 2, "Error: ")


def test_2_for_the_working_tree_of_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    assert run("index", tmp_path / "bare").code == 0
    failed(run("similar", tmp_path / "bare"), 2, "use --commit or --diff")


@pytest.mark.parametrize("command", ["similar", "status"])
def test_3_without_an_index(repo: Repo, command: str) -> None:
    shutil.rmtree(repo.git_dir / "codewm")
    failed(run(command, repo.root), 3, "no index yet: run `codewm-lsp index`")


@pytest.mark.parametrize("command", ["similar", "status", "index"])
def test_3_with_a_damaged_index_until_it_is_rebuilt(repo: Repo, command: str) -> None:
    path = repo.git_dir / "codewm" / "edits.sqlite3"
    path.write_bytes(path.read_bytes()[:4096] + b"?" * 40_000)
    failed(run(command, repo.root), 3, "run `codewm-lsp index --rebuild`")
    assert [run("index", "--rebuild", repo.root).code, run(command, repo.root).code] == [0, 0]


def test_3_while_another_process_indexes(repo: Repo) -> None:
    lock = sqlite3.connect(repo.git_dir / "codewm" / "writer.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    (repo.git_dir / "codewm" / "writer.pid").write_text("4711")
    failed(run("index", repo.root), 3, "process 4711 is indexing this repository already; let it finish")
    lock.close()


@pytest.mark.parametrize("command", ["index", "similar", "status"])
@pytest.mark.parametrize("place", ["folder", "lone.py", "missing/file.py"])
def test_4_outside_a_repository(tmp_path: Path, command: str, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "lone.py").write_text("x = 1\n")
    failed(run(command, tmp_path / place), 4, "no such file or folder" if "/" in place else "not a git repository")


@pytest.mark.parametrize("command", ["index", "similar", "status"])
def test_5_without_git(repo: Repo, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    failed(run(command, repo.root, env={"PATH": str(tmp_path / "empty")}), 5, "git was not found: install it")


@pytest.mark.parametrize("command", ["similar", "status"])
def test_6_for_readers_of_another_version_until_it_is_indexed(repo: Repo, command: str) -> None:
    with sqlite3.connect(repo.git_dir / "codewm" / "edits.sqlite3") as db:
        db.execute("UPDATE meta SET value = 'older' WHERE key = 'representation'")
    db.close()
    failed(run(command, repo.root), 6, "run `codewm-lsp index` to rebuild it")
    assert [run("index", repo.root).code, run(command, repo.root).code] == [0, 0]


@pytest.mark.parametrize("command", ["index", "similar", "status"])
def test_6_without_the_model(repo: Repo, tmp_path: Path, command: str) -> None:
    done = run(command, repo.root, env={VARIABLE: str(tmp_path / "nowhere")})
    failed(done, 6, f"no model in {tmp_path / 'nowhere'}")
    assert f"({VARIABLE} names it)" in done.err


def test_6_for_a_model_of_another_version(repo: Repo, tmp_path: Path, random_bundle: Bundle) -> None:
    shutil.copytree(random_bundle.folder, tmp_path / "old")
    config = tmp_path / "old" / "config.json"
    config.write_text(config.read_text().replace(random_bundle.config.representation, "older"))
    done = run("index", repo.root, env={VARIABLE: str(tmp_path / "old")})
    failed(done, 6, "was trained on representation older")


def test_7_without_onnxruntime(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "onnxruntime.py").write_text("raise ImportError('no wheel here')\n")
    done = run("index", "--rebuild", repo.root, env={"PYTHONPATH": str(tmp_path / "stub")})
    failed(done, 7, "run `pip install onnxruntime` (no wheel here)")


@pytest.mark.parametrize("command", ["index", "similar", "status"])
def test_7_without_hnswlib(repo: Repo, tmp_path: Path, command: str) -> None:
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "hnswlib.py").write_text("raise ImportError('no compiler here')\n")
    done = run(command, repo.root, env={"PYTHONPATH": str(tmp_path / "stub")})
    failed(done, 7, "apt install g++ python3-dev")
    assert "no compiler here" in done.err


def test_0_with_a_note_for_an_empty_repository(tmp_path: Path) -> None:
    empty = Repo.init(tmp_path / "empty")
    done = run("index", empty.root)
    assert (done.code, done.err) == (0, "nothing to index: the repository has no commits\n")
    assert (run("status", empty.root, "--json").json["fresh"], run("similar", empty.root).code) == (True, 1)


def test_0_with_a_note_for_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    done = run("index", tmp_path / "shallow")
    assert (done.code, done.err.strip()) == (
        0, "nothing to index: this is a shallow clone without history; `git fetch --unshallow` gets it",
    )  # fmt: skip


def test_0_for_a_repository_with_missing_objects(repo: Repo) -> None:
    path = repo.git("ls-files", "app/part_1.py")
    repo.commit("to be lost", {path: "lost = 1\n"})
    ident = repo.git("rev-parse", f"HEAD:{path}")
    repo.commit("after it", {path: "after = 1\n"})
    repo.lose(ident)
    done = run("index", repo.root, "--json")
    assert (done.code, done.json["skipped"]) == (0, {"unreadable commit": 2})


def test_a_closed_pipe_is_no_error_message(repo: Repo) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "codewm_lsp", "similar", str(repo.root)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_help_is_printed_by_every_command() -> None:
    for command in ("index", "similar", "status", "serve"):
        assert run(command, "--help").out.startswith(f"Usage: codewm-lsp {command} "), command
