"""What is left out of an index on purpose, and what becomes of it when the rules change."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Repo
from rows import rows

from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.left_out import BOTS, MAX_COMMIT_EDITS, LeftOut, read_rules
from codewm_lsp.engine.store import Store, index_folder
from codewm_model.edit import Commit
from codewm_model.git import Repository

ROBOT = ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """One commit each: code, a vendored file, a bot's, documents, and one of five edits."""
    repo = Repo.init(tmp_path / "repository")
    repo.commit("code", {"app/a.py": "x = 1\n"})
    repo.commit("vendored", {"vendor/lib.py": "y = 1\n", "app/b.py": "y = 2\n"})
    repo.commit("bump", {"app/version.py": "v = 1\n"}, author=ROBOT)
    repo.commit("documents", {"docs/guide.txt": "words\n"})
    repo.commit("many", {f"many/{i}.py": f"z = {i}\n" for i in range(5)})
    return repo


def indexed(repo: Repo) -> tuple[list[str], dict[str, int]]:
    """Paths of the edits after an update, and what was skipped."""
    repository = Repository.open(repo.root)
    update_index(repository, jobs=1)
    store = Store(index_folder(repository))
    skipped = store.counts()[2]
    store.close()
    return sorted({str(row[5]) for row in rows(index_folder(repository))}), skipped


def settle(repo: Repo, lines: str) -> None:
    repo.write({"pyproject.toml": f"[tool.codewm]\n{lines}\n"})


def test_vendored_files_and_bots_are_left_out_and_counted(repo: Repo) -> None:
    paths, skipped = indexed(repo)
    assert paths == ["app/a.py", "app/b.py", "docs/guide.txt", *(f"many/{i}.py" for i in range(5))]
    assert skipped == {"generated or vendored": 1, "excluded author": 1}


def test_changed_rules_give_the_index_that_they_would_have_made(repo: Repo) -> None:
    indexed(repo)
    settle(repo, 'exclude = ["docs", "!vendor/"]\nauthors_exclude = []\nmax_commit_edits = 4')
    changed = indexed(repo)
    assert changed == (
        ["app/a.py", "app/b.py", "app/version.py", "vendor/lib.py"],
        {"too many edits": 5, "excluded": 1},
    )
    update_index(Repository.open(repo.root), jobs=1, rebuild=True)
    assert indexed(repo) == changed
    (repo.root / "pyproject.toml").unlink()
    assert indexed(repo)[1] == {"generated or vendored": 1, "excluded author": 1}


def test_rules_of_the_main_work_tree_hold_in_every_worktree(repo: Repo) -> None:
    settle(repo, 'exclude = ["docs"]')
    repo.git("worktree", "add", "--quiet", "--detach", "../other")
    assert "docs/guide.txt" not in indexed(Repo(repo.root.parent / "other"))[0]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"exclude": "docs"}, "tool.codewm.exclude must be a list"),
        ({"exclude": ["", "docs"]}, "tool.codewm.exclude must be a list"),
        ({"exclude": ["x" * 501]}, "tool.codewm.exclude must be a list"),
        ({"authors_exclude": [7]}, "tool.codewm.authors_exclude must be a list"),
        ({"max_commit_edits": True}, "tool.codewm.max_commit_edits must be a whole number; 1000 is used"),
        ({"max_commit_edits": -1}, "tool.codewm.max_commit_edits must be a whole number; 1000 is used"),
        ({"exclude": ["!src"]}, "'!src' is none of the globs that are excluded by default"),
    ],
)
def test_a_bad_rule_is_named_and_its_default_used(table: dict[str, object], problem: str) -> None:
    rules, problems = read_rules(table)
    assert len(problems) == 1 and problem in problems[0]
    assert rules == LeftOut(authors=BOTS, max_commit_edits=MAX_COMMIT_EDITS)


@pytest.mark.parametrize("text", ["[tool", "tool = 3", "[tool]\ncodewm = 3", "a = " + "[" * 100_000, "\0", "é"])
def test_a_file_that_is_no_toml_changes_nothing_and_is_named(repo: Repo, text: str) -> None:
    (repo.root / "pyproject.toml").write_bytes(text.encode("latin-1"))
    progress = update_index(Repository.open(repo.root), jobs=1)
    assert (progress.edits, len(progress.problems)) == (8, 1)
    assert "pyproject.toml" in progress.problems[0]


def test_an_authors_part_is_no_pattern_and_has_no_case() -> None:
    rules = LeftOut(authors=("[Bot]", "*"))
    assert rules.reason_of_commit(Commit("1", *ROBOT, 0, ""), 1)
    assert not rules.reason_of_commit(Commit("1", "Bot Botson", "b@example.com", 0, ""), 1)
