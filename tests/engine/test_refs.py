"""A look at a repository's branches: whatever moves one is seen, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repo

from codewm_lsp.engine.refs import RefWatch
from codewm_model.git import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Three commits on `main`; behind it `topic` and a branch in a folder, before it `lonely`."""
    repo = Repo.init(tmp_path / "repository")
    for i in range(3):
        repo.commit(f"{i}", {"a.py": f"x = {i}\n"})
    repo.git("branch", "topic", "HEAD~1")
    repo.git("branch", "deep/in/folders", "HEAD~1")
    repo.git("checkout", "--quiet", "-b", "lonely")
    repo.commit("lonely")
    repo.git("checkout", "--quiet", "main")
    return repo


def rebase(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "topic")
    repo.commit("other", {"b.py": "y = 1\n"})
    repo.git("rebase", "--quiet", "main")


MOVES: dict[str, Callable[[Repo], object]] = {
    "commit": lambda repo: repo.commit("new", {"a.py": "x = 9\n"}),
    "amend": lambda repo: repo.git("commit", "--quiet", "--amend", "--message", "other words"),
    "commit on a detached HEAD": lambda repo: (repo.git("checkout", "--quiet", "--detach"), repo.commit("loose")),
    "detached HEAD at an old commit": lambda repo: repo.git("checkout", "--quiet", "HEAD~2"),
    "new branch": lambda repo: repo.git("branch", "another", "HEAD~2"),
    "new branch in a new folder": lambda repo: repo.git("branch", "far/away/another", "HEAD~2"),
    "branch forced elsewhere": lambda repo: repo.git("branch", "--force", "topic", "HEAD~2"),
    "branch in a folder forced elsewhere": lambda repo: repo.git("branch", "--force", "deep/in/folders", "HEAD~2"),
    "deleted branch": lambda repo: repo.git("branch", "--quiet", "-D", "lonely"),
    "reset": lambda repo: repo.git("reset", "--quiet", "--hard", "HEAD~2"),
    "rebase": rebase,
    "new worktree": lambda repo: repo.git("worktree", "add", "--quiet", "--detach", "../other", "HEAD~2"),
    "rules of what is left out": lambda repo: repo.write({"pyproject.toml": "[tool.codewm]\nexclude = ['docs']\n"}),
}
IDLE: dict[str, Callable[[Repo], object]] = {
    "work": lambda repo: (repo.write({"a.py": "x = 10\n", "new.py": "z = 1\n"}), repo.git("add", "--all")),
    "stash": lambda repo: (repo.write({"a.py": "x = 10\n"}), repo.git("stash", "--quiet")),
    "checkout": lambda repo: repo.git("checkout", "--quiet", "topic"),
    "new branch at a tip": lambda repo: repo.git("branch", "another"),
    "tag": lambda repo: repo.git("tag", "v1"),
    "packing": lambda repo: repo.git("pack-refs", "--all"),
    "gc": lambda repo: repo.git("gc", "--quiet"),
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_move_is_seen_once(repo: Repo, name: str, packed: bool) -> None:
    if packed:
        repo.git("pack-refs", "--all")
    watch = RefWatch(Repository.open(repo.root))
    assert not watch.changed()
    MOVES[name](repo)
    assert [watch.changed(), watch.changed()] == [True, False]


@pytest.mark.parametrize("name", IDLE)
def test_what_moves_no_tip_is_not_seen(repo: Repo, name: str) -> None:
    watch = RefWatch(Repository.open(repo.root))
    IDLE[name](repo)
    assert not watch.changed()


def test_a_commit_in_another_worktree_is_seen_from_here(repo: Repo) -> None:
    repo.git("worktree", "add", "--quiet", "--detach", "../other")
    watch = RefWatch(Repository.open(repo.root))
    Repo(repo.root.parent / "other", repo.clock).commit("there", {"c.py": "z = 1\n"})
    assert watch.changed()


def test_a_branch_of_a_reftable_is_seen(tmp_path: Path) -> None:
    try:
        repo = Repo.init(tmp_path / "repository", "--ref-format=reftable")
    except AssertionError:
        pytest.skip("this git knows no reftables")
    repo.commit("0", {"a.py": "x = 0\n"})
    watch = RefWatch(Repository.open(repo.root))
    repo.commit("1", {"a.py": "x = 1\n"})
    assert watch.changed()


def test_a_repository_that_goes_away_is_seen_and_no_error(repo: Repo) -> None:
    watch = RefWatch(Repository.open(repo.root))
    repo.git_dir.rename(repo.root / "gone")
    assert [watch.changed(), watch.changed()] == [True, False]
