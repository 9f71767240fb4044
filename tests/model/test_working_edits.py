"""The edits of the working tree and of the git index."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import Repo, numbered

from codewm_model.git import Repository
from codewm_model.history import working_edits


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.init(tmp_path / "repository")
    made.commit("one", {"a.py": numbered(20), "b.py": numbered(20), "image.png": b"\0\1"})
    return made


def changes(repo: Repo, *, staged: bool = False) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    edits, _ = working_edits(Repository.open(repo.root), staged=staged)
    return [(edit.path, edit.removed, edit.added) for edit in edits]


def test_a_changed_file_has_its_edits_and_head_before_them(repo: Repo) -> None:
    repo.write({"a.py": numbered(20, {4: "four = 4"})})
    (edit,), skipped = working_edits(Repository.open(repo.root), staged=False)
    assert (edit.path, edit.lines, edit.before) == ("a.py", (5, 5), tuple(numbered(20).splitlines()))
    assert not skipped


def test_staged_and_unstaged_changes_are_told_apart(repo: Repo) -> None:
    repo.write({"a.py": numbered(20, {4: "four = 4"})})
    repo.git("add", "a.py")
    repo.write({"a.py": numbered(20, {4: "four = 4", 14: "more = 14"})})
    staged = ("a.py", ("value_4 = 4",), ("four = 4",))
    assert changes(repo, staged=True) == [staged]
    assert changes(repo) == [staged, ("a.py", ("value_14 = 14",), ("more = 14",))]


def test_a_touched_file_hides_no_changes(repo: Repo) -> None:
    os.utime(repo.root / "a.py", (1, 1))
    repo.write({"b.py": numbered(20, {4: "four = 4"})})
    assert changes(repo) == [("b.py", ("value_4 = 4",), ("four = 4",))]


def test_an_unmerged_file_hides_no_changes(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "other")
    repo.commit("theirs", {"a.py": numbered(20, {1: "theirs = 1"})})
    repo.git("checkout", "--quiet", "main")
    repo.commit("ours", {"a.py": numbered(20, {1: "ours = 1"})})
    with pytest.raises(AssertionError, match="merge"):
        repo.git("merge", "--quiet", "other")
    repo.write({"b.py": numbered(20, {4: "four = 4"})})
    repo.git("add", "b.py")
    assert changes(repo, staged=True) == [("b.py", ("value_4 = 4",), ("four = 4",))]


def test_a_lone_carriage_return_ends_no_line(repo: Repo) -> None:
    repo.write({"b.py": numbered(20, {4: "four = 4\rdiff --git a/a.py b/a.py", 15: "more = 15"})})
    assert [edit[2] for edit in changes(repo)] == [("four = 4\rdiff --git a/a.py b/a.py",), ("more = 15",)]


def test_a_line_end_conversion_is_no_edit(repo: Repo) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.write({"a.py": numbered(20, {4: "four = 4"}).replace("\n", "\r\n")})
    assert changes(repo) == [("a.py", ("value_4 = 4",), ("four = 4",))]


def test_what_is_no_text_is_counted(repo: Repo) -> None:
    repo.write({"image.png": b"\0\2"})
    edits, skipped = working_edits(Repository.open(repo.root), staged=False)
    assert (edits, dict(skipped)) == ([], {"binary": 1})


def test_a_removed_and_an_added_file_are_edits(repo: Repo) -> None:
    repo.write({"a.py": None, "with \ttab.py": "tab = 1\n"})
    repo.git("add", "--all")
    removed = ("a.py", tuple(numbered(20).splitlines()), ())
    assert changes(repo, staged=True) == [removed, ("with \ttab.py", (), ("tab = 1",))]


def test_before_the_first_commit_there_are_no_edits(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "empty")
    repo.write({"a.py": "x = 1\n"})
    repo.git("add", "--all")
    assert [changes(repo), changes(repo, staged=True)] == [[], []]


def test_a_configured_order_and_prefix_change_nothing(repo: Repo) -> None:
    for key, value in (
        ("orderFile", "/nowhere"),
        ("noprefix", "true"),
        ("mnemonicPrefix", "true"),
        ("relative", "true"),
    ):
        repo.git("config", f"diff.{key}", value)
    repo.write({"a.py": numbered(20, {4: "four = 4"})})
    assert changes(repo) == [("a.py", ("value_4 = 4",), ("four = 4",))]
