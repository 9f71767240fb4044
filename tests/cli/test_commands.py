"""What the commands print: stable JSON, results alone on stdout, no terminal escapes from a repository."""

from __future__ import annotations

import datetime
import re
import shutil
from pathlib import Path

import pytest
from command import run
from networks import reweighed
from repositories import Repo, habits, numbered

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle

HIT_KEYS = {
    "commit", "author", "date", "subject", "path", "lines", "score", "similarity", "action", "reasons",
}  # fmt: skip


def test_index_json_has_its_keys_and_types(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.history(habits(12))
    done = run("index", repo.root, "--json")
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    kinds = {key: type(value).__name__ for key, value in done.json.items()}
    assert kinds == {
        "schema": "str", "commits": "int", "edits": "int", "skipped": "dict", "new_commits": "int", "new_edits": "int",
        "seconds": "float", "edits_per_second": "float", "index_bytes": "int",
    }  # fmt: skip
    assert (done.json["schema"], done.json["commits"], done.json["new_commits"]) == ("codewm.index/1", 12, 12)


def test_a_second_index_reports_the_whole_and_nothing_new(shop: Repo) -> None:
    answer = run("index", shop.root, "--json").json
    assert (answer["commits"], answer["new_commits"], answer["new_edits"]) == (41, 0, 0)
    folder = shop.git_dir / "codewm"
    assert answer["index_bytes"] == pytest.approx(sum(file.stat().st_size for file in folder.iterdir()), abs=100_000)


def test_status_json_has_its_keys_and_values(shop: Repo) -> None:
    answer = run("status", shop.root, "--json").json
    assert set(answer) == {
        "schema", "edits", "commits", "head", "fresh", "pending_commits", "skipped", "paths", "representation", "model",
        "index", "index_bytes",
    }  # fmt: skip
    assert (answer["schema"], answer["commits"], answer["head"], answer["fresh"], answer["index"]) == (
        "codewm.status/1", 41, shop.git("rev-parse", "HEAD"), True, str(shop.git_dir / "codewm"),
    )  # fmt: skip


def test_status_names_the_model(shop: Repo, random_bundle: Bundle) -> None:
    config, folder = random_bundle.config, random_bundle.folder
    assert run("status", shop.root, "--json").json["model"] == {
        "name": "random", "id": random_bundle.id, "parameters": config.parameters,
        "learned_weight": {"key": 0.0, "score": 0.0}, "folder": str(folder),
    }  # fmt: skip
    out = run("status", shop.root).out
    assert f"model      random {random_bundle.id}, {config.parameters / 1e6:.2f} M parameters, in {folder}\n" in out
    assert f"version    representation {config.representation}\n" in out


def test_an_index_with_a_share_for_the_model_is_built_and_searched(
    shop: Repo, random_bundle: Bundle, tmp_path: Path
) -> None:
    bundle = reweighed(random_bundle, tmp_path / "bundle", key=0.2, score=0.2)
    model = {VARIABLE: str(bundle.folder)}
    shutil.copytree(shop.root, tmp_path / "repository")
    refused = run("similar", tmp_path / "repository", env=model)
    assert (refused.code, f"model {random_bundle.id}" in refused.err) == (6, True)
    assert run("index", tmp_path / "repository", env=model).code == 0
    answer = run("similar", tmp_path / "repository", "--json", env=model).json
    best = answer["edits"][0]["hits"][0]
    assert (best["subject"], "near in the model" in best["reasons"]) == ("Give the call a timeout", True)
    assert run("status", tmp_path / "repository", "--json", env=model).json["model"]["learned_weight"] == {
        "key": 0.2, "score": 0.2,
    }  # fmt: skip


def test_status_tells_how_far_behind_the_index_is(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.history(habits(3))
    run("index", repo.root)
    repo.commit("new", {"new.py": "x = 1\n"})
    answer = run("status", repo.root, "--json").json
    assert (answer["fresh"], answer["pending_commits"], answer["commits"]) == (False, 1, 3)
    assert "1 commits behind: run `codewm-lsp index`" in run("status", repo.root).out


def test_similar_json_has_its_keys_and_types(shop: Repo) -> None:
    done = run("similar", shop.root, "--json", "-k", "3")
    assert (set(done.json), done.json["schema"], done.err) == ({"schema", "edits"}, "codewm.similar/1", "")
    for edit in done.json["edits"]:
        assert set(edit) == {"path", "lines", "hits"}
        assert len(edit["hits"]) == 3
        for hit in edit["hits"]:
            assert set(hit) == HIT_KEYS
            assert len(hit["commit"]) == 40
            first, last = hit["lines"]
            assert 1 <= first <= last
            assert datetime.datetime.fromisoformat(hit["date"]).tzinfo is not None


def test_similar_shows_the_working_trees_changes(shop: Repo) -> None:
    answer = run("similar", shop.root, "--json").json
    assert [(edit["path"], edit["lines"]) for edit in answer["edits"]] == [
        ("app/call.py", [2, 2]), ("app/staged.py", [1, 2]),
    ]  # fmt: skip
    assert answer["edits"][0]["hits"][0]["subject"] == "Give the call a timeout"


def test_staged_shows_the_git_indexs_changes(shop: Repo) -> None:
    answer = run("similar", shop.root, "--staged", "--json").json
    assert [edit["path"] for edit in answer["edits"]] == ["app/staged.py"]


def test_commit_shows_a_commits_changes_and_never_its_own_edits(shop: Repo) -> None:
    answer = run("similar", shop.root, "--commit", "HEAD", "--json", "-k", "100").json
    assert [(edit["path"], edit["lines"]) for edit in answer["edits"]] == [("app/call.py", [1, 2])]
    found = {hit["commit"] for hit in answer["edits"][0]["hits"]}
    assert len(found) > 10
    assert shop.git("rev-parse", "HEAD") not in found


def test_diff_from_stdin_equals_diff_from_a_file(shop: Repo, tmp_path: Path) -> None:
    diff = shop.git("diff", "HEAD").encode() + b"\n"
    (tmp_path / "change.diff").write_bytes(diff)
    by_file = run("similar", shop.root, "--diff", tmp_path / "change.diff", "--json").json
    assert run("similar", shop.root, "--diff", "-", "--json", stdin=diff).json == by_file
    assert [edit["path"] for edit in by_file["edits"]] == ["app/call.py", "app/staged.py"]


def test_a_diff_works_in_a_bare_repository(shop: Repo, tmp_path: Path) -> None:
    shop.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    indexed = run("index", tmp_path / "bare", "--json")
    assert (indexed.code, indexed.json["commits"]) == (0, 41)
    done = run("similar", tmp_path / "bare", "--diff", "-", "--json", stdin=shop.git("diff").encode() + b"\n")
    assert done.json["edits"][0]["hits"][0]["subject"] == "Give the call a timeout"


@pytest.mark.parametrize(
    ("place", "arguments", "paths"),
    [
        ("", ["app/call.py"], ["app/call.py"]),
        ("app", ["staged.py"], ["app/staged.py"]),
        ("app", ["."], ["app/call.py", "app/staged.py"]),
        ("", ["app"], ["app/call.py", "app/staged.py"]),
        ("", ["app/call.py", "app/staged.py"], ["app/call.py", "app/staged.py"]),
        ("app", [], ["app/call.py", "app/staged.py"]),
        ("", ["app/part_1.py"], []),
    ],
)
def test_paths_limit_the_changes(shop: Repo, place: str, arguments: list[str], paths: list[str]) -> None:
    answer = run("similar", *arguments, "--json", cwd=shop.root / place).json
    assert [edit["path"] for edit in answer["edits"]] == paths


def test_filters_restrict_the_hits(shop: Repo) -> None:
    date = shop.git("show", "-s", "--format=%cI", "HEAD~20")
    done = run(
        "similar", shop.root, "--json", "-k", "50", "--author", "grace", "--since", date, "--path", "app/part_1.py"
    )
    hits = [hit for edit in done.json["edits"] for hit in edit["hits"]]
    assert {(hit["author"], hit["path"]) for hit in hits} == {("Grace Hopper", "app/part_1.py")}
    assert min(hit["date"] for hit in hits) >= datetime.datetime.fromisoformat(date).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_hit_is_printed_with_who_when_why_where_and_its_diff(shop: Repo) -> None:
    out = run("similar", shop.root / "app" / "call.py", "-k", "1").out
    commit = shop.git("rev-parse", "HEAD")[:10]
    date = shop.git("show", "-s", "--format=%as", "HEAD")
    assert f"  1. {commit} Ada Lovelace, {date}: Give the call a timeout\n" in out
    assert "     app/call.py:1-2   add function   score " in out
    assert "     +    return s.get(1, timeout=5)\n" in out


def test_quiet_silences_notes_and_keeps_errors(tmp_path: Path) -> None:
    empty = Repo.init(tmp_path / "empty")
    assert run("index", "-q", empty.root).err == ""
    assert "not a git repository" in run("index", "-q", tmp_path).err


ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"


@pytest.fixture(scope="module")
def escapes(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    """Terminal escapes in every place that a repository has for text."""
    repo = Repo.init(tmp_path_factory.mktemp("escapes") / "repository")
    author = (f"Mallory {ESCAPE}", f"m{ESCAPE}@example.com")
    name = f"a{ESCAPE}\udce9\n.py"
    repo.commit("start", {name: numbered(10), "b.py": numbered(10)}, author=author)
    repo.commit(f"subject {ESCAPE}", {name: numbered(10, {4: f"x = '{ESCAPE}'"})}, author=author)
    assert run("index", repo.root).code == 0
    repo.write({name: numbered(10, {4: f"y = '{ESCAPE}'"})})
    return repo


@pytest.mark.parametrize(
    "arguments",
    [["similar"], ["similar", "--json"], ["similar", "--commit", "HEAD"], ["status"], ["index"]],
    ids=" ".join,
)
def test_nothing_in_a_repository_reaches_the_terminal_as_an_escape(escapes: Repo, arguments: list[str]) -> None:
    done = run(*arguments, cwd=escapes.root, env={"FORCE_COLOR": "", "NO_COLOR": "1"})
    assert done.code == 0, done.err
    printed = done.out + done.err
    assert [c for c in printed if c != "\n" and not c.isprintable()] == []


def test_an_unusual_path_survives_json(escapes: Repo) -> None:
    answer = run("similar", escapes.root, "--json").json
    assert [edit["path"] for edit in answer["edits"]] == [f"a{ESCAPE}\udce9\n.py"]


def test_the_only_escapes_of_a_coloured_answer_are_its_colours(escapes: Repo) -> None:
    out = run("similar", escapes.root, env={"FORCE_COLOR": "1", "TERM": "xterm-256color"}).out
    assert set(re.findall(r"\x1b.?[0-9;]*.?", out)) >= {"\x1b[1;4m", "\x1b[0m"}
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert [c for c in plain if c != "\n" and not c.isprintable()] == []


def test_verbose_logs_what_is_done_to_stderr_and_quiet_says_nothing(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("one", {"a.py": "x = 1\n"})
    loud = run("index", "-v", repo.root)
    assert "git rev-list --date-order" in loud.err
    assert "1 commits to read" in loud.err
    assert loud.out.startswith("1 edits of 1 commits")
    assert run("index", "-q", repo.root).err == ""
