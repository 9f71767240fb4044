"""What a bug report gets, on healthy and on broken installations: facts, problems, what mends them, and no secrets."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import Done, run, with_stub
from repositories import ADA, Repo

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle


def examined(path: Path, code: int, env: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON of an examination that ended with this code; stderr has at most the log's word on a graph."""
    done = run("doctor", path, "--json", env=env)
    assert done.code == code and all("is not used" in line for line in done.err.splitlines()), done.out
    answer: dict[str, Any] = done.json
    assert (answer["schema"], answer["ok"]) == ("codewm.doctor/1", code == 0)
    return answer


def remedies(answer: dict[str, Any]) -> list[tuple[str, int]]:
    """The commands that mend what was found, and the codes."""
    return [(problem["remedy"], problem["code"]) for problem in answer["problems"]]


def test_a_healthy_installation_has_facts_and_no_problems(small: Repo, random_bundle: Bundle) -> None:
    answer = examined(small.root, 0)
    assert answer["problems"] == []
    assert set(answer["versions"]) >= {"codewm-lsp", "python", "git", "sqlite", "numpy", "onnxruntime", "hnswlib"}
    assert set(answer["repository"]) == {"bare", "worktree", "shallow", "partial", "empty"}
    assert not any(answer["repository"].values())
    assert answer["settings_of_the_project"] == {} and "file" not in answer
    assert (answer["model"]["id"], answer["model"]["representation"]) == (
        random_bundle.id, random_bundle.config.representation,
    )  # fmt: skip
    index = answer["index"]
    assert (index["commits"], index["pending_commits"], index["graph"]["whole"]) == (6, 0, True)
    assert (index["place"], index["writable"], index["writer"]) == ("git directory", True, None)
    assert index["graph"] == {"whole": True, "vectors": index["edits"], "behind": 0}
    test = answer["self_test"]
    assert test["sound"] and test["searched"]["hits"] > 0
    assert min(test["cold_start_ms"], test["encode_ms"], test["searched"]["ms"], answer["server"]["start_ms"]) > 0


def test_the_self_test_reads_model_and_index_writes_nothing_and_calls_nobody(small: Repo) -> None:
    touched = examined(small.root, 0)["touched_by_self_test"]
    assert {Path(path).name for path in touched["read"]["model"]} >= {"config.json", "encoder.onnx"}
    assert "edits.sqlite3" in {Path(path).name for path in touched["read"]["index"]}
    assert (touched["read"]["repository"], touched["written"], touched["network"]) == (0, [], [])
    assert {program.split()[0] for program in touched["programs"]} == {"git"}


def test_a_socket_that_something_opens_is_found(small: Repo, tmp_path: Path) -> None:
    """Else the proof above would prove nothing."""
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "platformdirs.py").write_text(
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()\n"
        "def user_cache_dir(name):\n    return name\n"
    )
    done = run("doctor", small.root, "--json", env={"PYTHONPATH": with_stub(tmp_path / "stub")})
    assert (done.code, done.json["touched_by_self_test"]["network"]) == (70, ["socket.__new__"])
    assert "network" in done.json["problems"][0]["symptom"]


def test_nothing_private_is_shown(repo: Repo, tmp_path: Path) -> None:
    repo.commit("Very secret subject", {"app/secret_module.py": "password = 'hunter2'\n"})
    home = {"HOME": str(tmp_path), "CODEWM_TEST_TOKEN": "token-of-mine", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    shown: list[Done] = [run("doctor", repo.root, *options, env=home) for options in ((), ("--json",))]
    for done in shown:
        assert done.code == 0
        for word in ("hunter2", "password", "secret", "token-of-mine", "TOKEN", *ADA, "part_1", str(tmp_path) + "/"):
            assert word not in done.out, word
        assert "~/repository/.git/codewm" in done.out


def test_no_git_is_named_first(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = examined(repo.root, 5, {"PATH": str(tmp_path / "empty")})
    assert remedies(answer) == [("apt install git", 5)]
    assert answer["versions"]["git"] is None


def test_outside_of_a_repository_the_installation_is_examined_all_the_same(tmp_path: Path) -> None:
    answer = examined(tmp_path, 4)
    assert remedies(answer) == [("codewm-lsp doctor PATH-OF-A-REPOSITORY", 4)]
    assert answer["self_test"]["sound"] and answer["self_test"]["searched"] is None


def test_without_an_index_the_command_that_makes_one_is_named_and_does(repo: Repo) -> None:
    shutil.rmtree(repo.git_dir / "codewm")
    assert remedies(examined(repo.root, 3)) == [(f"codewm-lsp index {repo.root}", 3)]
    assert run("index", repo.root).code == 0
    assert examined(repo.root, 0)["problems"] == []


def test_a_damaged_index_is_to_be_rebuilt(repo: Repo) -> None:
    path = repo.git_dir / "codewm" / "edits.sqlite3"
    path.write_bytes(path.read_bytes()[:4096] + b"?" * 40_000)
    assert remedies(examined(repo.root, 3)) == [(f"codewm-lsp index --rebuild {repo.root}", 3)]


def test_another_versions_index_is_to_be_indexed_again(repo: Repo) -> None:
    with sqlite3.connect(repo.git_dir / "codewm" / "edits.sqlite3") as db:
        db.execute("UPDATE meta SET value = 'older' WHERE key = 'representation'")
    db.close()
    assert remedies(examined(repo.root, 6)) == [(f"codewm-lsp index {repo.root}", 6)]


def test_a_damaged_graph_is_made_again_by_the_command_that_is_named(repo: Repo) -> None:
    (graph,) = (repo.git_dir / "codewm").glob("vectors-*.hnsw")
    graph.write_bytes(b"no graph")
    answer = examined(repo.root, 3)
    assert (remedies(answer), answer["index"]["graph"]["whole"]) == ([(f"codewm-lsp index {repo.root}", 3)], False)
    assert run("index", repo.root).code == 0
    assert examined(repo.root, 0)["index"]["graph"]["whole"]


def test_a_missing_model_is_named_and_the_variable_that_names_it(repo: Repo, tmp_path: Path) -> None:
    answer = examined(repo.root, 6, {VARIABLE: str(tmp_path / "nowhere")})
    assert remedies(answer) == [(f"unset {VARIABLE}", 6)]
    assert "self_test" not in answer


@pytest.mark.parametrize("package", ["hnswlib", "onnxruntime"])
def test_a_missing_dependency_is_to_be_installed(repo: Repo, tmp_path: Path, package: str) -> None:
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / f"{package}.py").write_text("raise ImportError('no wheel here')\n")
    env = {"PYTHONPATH": with_stub(tmp_path / "stub")}
    answer = examined(repo.root, 7, env)
    assert "pip install" in answer["problems"][0]["remedy"]
    assert "no wheel here" in answer["problems"][0]["cause"]
    done = run("doctor", repo.root, env=env)
    assert (done.code, done.err, "no wheel here" in done.out) == (7, "", True)


def test_the_command_line_starts_without_the_engine() -> None:
    """Else `serve` answers late, and `doctor` dies of what it should tell of."""
    code = "import sys, codewm_lsp.cli; sys.exit(any(name.startswith('codewm_lsp.engine') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_crash_of_a_library_is_a_finding(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "onnxruntime.py").write_text("import os\nos.abort()\n")
    answer = examined(repo.root, 70, {"PYTHONPATH": with_stub(tmp_path / "stub")})
    assert [problem["symptom"] for problem in answer["problems"]] == ["the model cannot be run"]


def test_an_index_that_is_behind_is_a_note_and_no_failure(repo: Repo) -> None:
    repo.commit("new", {"new.py": "x = 1\n"})
    answer = examined(repo.root, 0)
    assert remedies(answer) == [(f"codewm-lsp index {repo.root}", 0)]
    assert "1 commits are not indexed yet" in run("doctor", repo.root).out


def test_empty_and_shallow_repositories_are_well_and_told_of(repo: Repo, tmp_path: Path) -> None:
    empty = Repo.init(tmp_path / "empty")
    assert run("index", empty.root).code == 0
    assert examined(empty.root, 0)["repository"]["empty"]
    repo.git("clone", "--quiet", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    assert run("index", tmp_path / "shallow").code == 0
    answer = examined(tmp_path / "shallow", 0)
    assert answer["repository"]["shallow"]
    assert (f"git -C {tmp_path / 'shallow'} fetch --unshallow", 0) in remedies(answer)


def test_odd_names_are_examined_and_reach_no_terminal(repo: Repo, tmp_path: Path) -> None:
    repo.commit("odd", {"caf\udce9.py": "x = 1\n"})
    assert run("index", repo.root).code == 0
    odd = tmp_path / "café \x1b[31m"
    repo.root.rename(odd)
    done = run("doctor", odd)
    assert (done.code, done.err, "\x1b" in done.out) == (0, "", False)
    assert examined(odd, 0)["index"]["commits"] == 7


def test_a_path_that_is_not_utf_8_ends_no_examination(repo: Repo, tmp_path: Path) -> None:
    odd = tmp_path / "caf\udce9"
    repo.root.rename(odd)
    done = run("doctor", odd, "--json")
    assert (done.err, done.json["repository"]["bare"]) == ("", False)
