"""The door to git: what it finds, what it refuses, and that a long-lived process survives what it reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import Repo, numbered

from codewm_model import git as door
from codewm_model.errors import GitMissingError, HistoryError, NotARepositoryError
from codewm_model.git import BlobReader, Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.init(tmp_path / "with space\nand newline")
    made.commit("one", {"a.py": "x = 1\n", "folder/b.py": "y = 1\n", "big.py": numbered(80_000)})
    return made


def test_a_repository_is_found_from_a_file_a_folder_and_its_git_directory(repo: Repo) -> None:
    for start in ("", "folder", "folder/b.py", ".git"):
        opened = Repository.open(repo.root / start)
        assert (opened.git_dir, opened.common_dir) == (repo.git_dir, repo.git_dir), start
        assert opened.work_tree == (None if start == ".git" else repo.root), start


def test_a_worktree_shares_its_common_directory(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    opened = Repository.open(tmp_path / "other")
    assert (opened.common_dir, opened.work_tree) == (repo.git_dir, tmp_path / "other")


def test_a_bare_repository_has_no_work_tree(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    opened = Repository.open(tmp_path / "bare")
    assert (opened.work_tree, opened.head()) == (None, repo.ids["one"])


def test_git_variables_of_the_caller_change_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF"):
        monkeypatch.setenv(name, "/nowhere")
    assert Repository.open(repo.root).head() == repo.ids["one"]


@pytest.mark.parametrize("name", ["", "missing/file.py"])
def test_outside_a_repository_the_message_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotARepositoryError, match=r"not a git repository|no such file or folder"):
        Repository.open(tmp_path / name)


def test_without_git_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissingError, match="git was not found: install it"):
        door.git_program.__wrapped__()


@pytest.mark.parametrize("answer", ["git version 2.20.1", "no version at all"])
def test_a_git_too_old_for_the_safety_switches_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str
) -> None:
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\necho {answer}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitMissingError, match=r"2\.31 or newer is needed"):
        door.git_program.__wrapped__()


def test_a_failing_command_raises_gits_own_message(repo: Repo) -> None:
    with pytest.raises(HistoryError, match=r"git cat-file failed in .*(?s:.*)Not a valid object name"):
        Repository.open(repo.root).run("cat-file", "blob", "nothing")


def test_a_blob_is_read_whole(repo: Repo) -> None:
    with BlobReader(Repository.open(repo.root)) as blobs:
        assert blobs.read("HEAD:a.py") == b"x = 1\n"


@pytest.mark.parametrize("name", ["HEAD:missing.py", "HEAD:folder", "HEAD:big.py", "f" * 40, "a\nb", "HEAD:name 12"])
def test_what_is_no_small_blob_is_none_and_the_next_one_is_read(repo: Repo, name: str) -> None:
    with BlobReader(Repository.open(repo.root)) as blobs:
        assert [blobs.read(name), blobs.read("HEAD:a.py")] == [None, b"x = 1\n"]


def test_a_damaged_blob_is_none_and_the_next_one_is_read(repo: Repo) -> None:
    repo.damage(repo.git("rev-parse", "HEAD:a.py"))
    with BlobReader(Repository.open(repo.root)) as blobs:
        assert [blobs.read("HEAD:a.py"), blobs.read("HEAD:folder/b.py")] == [None, b"y = 1\n"]


def test_a_truncated_blob_is_none(repo: Repo) -> None:
    ident = repo.git("rev-parse", "HEAD:big.py")
    path = repo.git_dir / "objects" / ident[:2] / ident[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with BlobReader(Repository.open(repo.root)) as blobs:
        assert [blobs.read("HEAD:big.py"), blobs.read("HEAD:a.py")] == [None, b"x = 1\n"]


def test_sizes_need_no_content(repo: Repo) -> None:
    with BlobReader(Repository.open(repo.root)) as blobs:
        assert [blobs.size(name) for name in ("HEAD:a.py", "HEAD:big.py", "HEAD:missing.py")] == [
            6, len(numbered(80_000)), None,
        ]  # fmt: skip
