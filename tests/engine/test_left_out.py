"""What is left out of an index on purpose, and what becomes of it when the rules change."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from repositories import Repo
from rows import rows

from codewm_lsp.engine.attributes import generated_matcher
from codewm_lsp.engine.attributes import read_rules as read_attributes
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


def test_files_that_gitattributes_calls_generated_are_left_out(repo: Repo) -> None:
    repo.write({".gitattributes": "many/*.py linguist-generated\nmany/3.py -linguist-generated\n*.txt text\n"})
    paths, skipped = indexed(repo)
    assert [path for path in paths if path.startswith("many/")] == ["many/3.py"]
    assert skipped["generated or vendored"] == 1 + 4
    repo.write({".gitattributes": "docs/** linguist-generated=true\n"})
    changed = indexed(repo)
    assert [path for path in changed[0] if path.startswith(("docs/", "many/"))] == [f"many/{i}.py" for i in range(5)]
    update_index(Repository.open(repo.root), jobs=1, rebuild=True)
    assert indexed(repo) == changed


def test_gitattributes_are_read_as_git_reads_them(repo: Repo) -> None:
    chance = random.Random(0)

    def some(pieces: Sequence[str]) -> str:
        return "".join(chance.choices(pieces, k=chance.randrange(1, 7)))

    says = ["linguist-generated", "-linguist-generated", "!linguist-generated", "text linguist-generated=true", "text"]
    lines = [
        f"{some(['a', 'b', '*', '?', '/', '**/', '/**', '[ab]', '[!a]'])} {chance.choice(says)}" for _ in range(400)
    ]
    lines += [
        "# a linguist-generated",
        '"a b" linguist-generated',
        "\\*a linguist-generated",
        "[attr]b linguist-generated",
    ]
    paths = sorted({some(["a", "b", "ab", "/", "*", " "]).strip("/ ") or "a" for _ in range(400)})
    paths = [path for path in paths if "//" not in path]
    differ = []
    for _ in range(20):
        text = "\n".join(chance.sample(lines, 12)) + "\n"
        repo.write({".gitattributes": text})
        asked = "\0".join(paths).encode() + b"\0"
        answers = repo.git("check-attr", "-z", "--stdin", "linguist-generated", stdin=asked).split("\0")
        expected = {path: value in ("set", "true") for path, value in zip(answers[::3], answers[2::3], strict=False)}
        ours = generated_matcher(read_attributes(text))
        differ += [(text, path) for path in paths if ours(path) != expected[path]]
    assert differ[:1] == []


@pytest.mark.parametrize("text", ["*" * 400 + "b linguist-generated\n", "**/" * 100 + "b linguist-generated\n"])
def test_no_pattern_takes_long(text: str) -> None:
    matches = generated_matcher(read_attributes(text * 500))
    began = time.thread_time()
    assert not matches("/".join(["a" * 200] * 20))
    assert time.thread_time() - began < 5


def test_gitattributes_beyond_all_measure_are_named_and_passed_over(repo: Repo) -> None:
    (repo.root / ".gitattributes").write_text("many/*.py linguist-generated\n" * 501)
    progress = update_index(Repository.open(repo.root), jobs=1)
    assert (progress.edits, len(progress.problems)) == (8, 1)
    assert ".gitattributes names generated files with more than 500 patterns; it is passed over" in progress.problems[0]


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
