"""`codewm-lsp predict`, as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import run
from repositories import Repo


def test_predict_json_has_its_keys(shop: Repo) -> None:
    done = run("predict", f"{shop.root}/app/part_0.py:4", "--json", "-k", "3")
    assert (done.code, done.err) == (0, "")
    answer = done.json
    assert (answer["schema"], answer["line"]) == ("codewm.predict/1", 4)
    assert 0 < len(answer["predictions"]) <= 3
    for one in answer["predictions"]:
        assert set(one) == {"label", "score", "moved", "edits"}
        assert all(hit["commit"] and hit["action"] for hit in one["edits"])


def test_predict_shows_each_kind_with_the_commits_that_did_it(shop: Repo) -> None:
    done = run("predict", f"{shop.root}/app/part_0.py:4")
    assert done.code == 0
    assert "Change number" in done.out and "similarity" in done.out
    assert done.out.lstrip().startswith("1. ")


@pytest.mark.parametrize(
    "place", ["app/part_0.py", "app/part_0.py:0", "app/part_0.py:x", ":3", "app/gone.py:1", "app:1"]
)
def test_a_place_that_is_none_is_a_usage_error(shop: Repo, place: str) -> None:
    done = run("predict", place, cwd=shop.root)
    assert done.code in (2, 4) and "Traceback" not in done.err and done.out == ""


def test_a_file_without_a_grammar_says_so(shop: Repo) -> None:
    path = shop.root / "notes.txt"
    path.write_text("words\n")
    try:
        done = run("predict", f"{path}:1")
    finally:
        path.unlink()
    assert (done.code, done.out) == (1, "") and "no grammar" in done.err


def test_without_an_index_the_command_is_named(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "new")
    repo.commit("one", {"a.py": "x = 1\n"})
    done = run("predict", f"{repo.root}/a.py:1")
    assert done.code == 3 and "codewm-lsp index" in done.err


def test_guesses_without_a_past_edit_are_shown_as_such_and_are_no_find(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "new")
    repo.commit("one", {"notes.txt": "some words\n"})
    assert run("index", "-q", str(repo.root)).code == 0
    (repo.root / "a.py").write_text("x = 1\n")
    done = run("predict", f"{repo.root}/a.py:1", "-k", "2")
    assert done.code == 1
    assert done.out.count("no past edit of code like this") == 2
