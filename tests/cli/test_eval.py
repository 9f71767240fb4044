"""`codewm-lsp eval` as a person runs it: figures and their bounds, nothing written, and short histories told of."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import run
from pairs import FEATURES, pairs
from repositories import Repo

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_lsp.engine.replay import BM25, CHANCE, HIT, LOG_S, OURS, SAME_FILE


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory, _model: None) -> Repo:
    """An indexed history whose files belong together. Shared: tests read it only."""
    repo = Repo.init(tmp_path_factory.mktemp("paired") / "repository")
    repo.history(pairs(3 * FEATURES))
    assert run("index", repo.root).code == 0
    return repo


def test_eval_json_has_its_keys_and_values(paired: Repo) -> None:
    done = run("eval", paired.root, "--json", "--split", "30", "-k", "20", "--quiet")
    assert (done.code, done.err) == (0, "")
    answer = done.json
    assert set(answer) == {
        "schema", "hit", "earlier", "later", "questions", "k", "seed", "scores", "gain_in_mrr",
    }  # fmt: skip
    assert (answer["schema"], answer["hit"], answer["k"], answer["seed"]) == ("codewm.eval/1", HIT, 20, 0)
    assert (answer["earlier"], answer["later"], answer["questions"]) == (
        {"commits": 63, "edits": 126}, {"commits": 27}, 27,
    )  # fmt: skip
    assert list(answer["scores"]) == [OURS, BM25, LOG_S, SAME_FILE, CHANCE]
    for scores in answer["scores"].values():
        assert set(scores) == {"hit@1", "hit@5", "hit@10", "hit@20", "mrr"}
        assert 0 <= scores["hit@1"] <= scores["hit@5"] <= scores["hit@10"] <= scores["hit@20"] <= 1
        mean, low, high = scores["mrr"]
        assert low <= mean <= high
    assert answer["gain_in_mrr"]["over"] == BM25


def test_eval_prints_the_rule_the_number_of_questions_and_whether_it_is_enough(paired: Repo) -> None:
    done = run("eval", paired.root, "--split", "30")
    words = " ".join(done.out.split())
    assert done.code == 0
    assert HIT in words
    assert "27 questions to 126 edits of 63 earlier commits" in words
    assert [name in words for name in (OURS, BM25, LOG_S, SAME_FILE, CHANCE)] == [True] * 5
    assert "(95 % " in words
    assert "only 27 questions: the figures say little (the history is short)" in done.err


def test_eval_changes_nothing_in_the_repository(paired: Repo, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        files = [path for path in paired.root.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))]
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}

    before = state()
    (tmp_path / "temporary").mkdir()
    assert run("eval", paired.root, "--json", env={"TMPDIR": str(tmp_path / "temporary")}).code == 0
    assert state() == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_queries_and_seed_choose_the_questions(paired: Repo) -> None:
    one, again, other = (
        run("eval", paired.root, "--json", "--split", "60", "--queries", "9", "--seed", seed).json for seed in "112"
    )
    assert (one["questions"], one["seed"], other["seed"]) == (9, 1, 2)
    assert one == again != other


def test_since_says_who_asks(paired: Repo) -> None:
    answer = run("eval", paired.root, "--json", "--since", f"@{paired.clock - 9 * 3600}").json
    assert answer["later"] == {"commits": 10}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_130_for_an_interruption_which_leaves_nothing_behind(paired: Repo, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "codewm_lsp", "eval", str(paired.root), "--split", "60"]
    with subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs us may have taken it away
    ) as process:  # fmt: skip
        while process.poll() is None and not list(temporary.glob("codewm-eval-*/*")):  # it is being written
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors.strip()) == (130, b"codewm-lsp: interrupted")
    assert list(temporary.iterdir()) == []


def test_a_history_too_short_to_ask_is_a_note(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    assert run("index", repo.root).code == 0
    done = run("eval", repo.root)
    assert (done.code, done.out) == (0, "")
    assert "nothing to ask: no later commit has an answer among the earlier ones (the history is short)" in done.err
    repo.commit("one", {"a.py": "a = 1\n", "b.py": "b = 1\n"})
    run("index", repo.root)
    answer = run("eval", repo.root, "--json").json
    assert (answer["questions"], answer["scores"][OURS]["hit@1"]) == (0, 0)


def test_a_shallow_clone_is_told_of(paired: Repo, tmp_path: Path) -> None:
    paired.git("clone", "--quiet", "--depth=5", paired.root.as_uri(), str(tmp_path / "shallow"))
    assert run("index", tmp_path / "shallow").code == 0
    done = run("eval", tmp_path / "shallow")
    assert done.code == 0
    assert "this is a shallow clone: `git fetch --unshallow` gets the rest" in done.err


def test_failures_have_the_exit_codes_of_every_reader(paired: Repo, tmp_path: Path) -> None:
    shutil.copytree(paired.root, tmp_path / "copy")
    folder = tmp_path / "copy" / ".git" / "codewm"
    (tmp_path / "plain").mkdir()

    def ended(path: Path, **env: str) -> tuple[int, str]:
        done = run("eval", path, env=env)
        assert "Traceback" not in done.err and done.out == ""
        return done.code, done.err

    assert ended(tmp_path / "plain")[0] == 4
    assert ended(tmp_path / "copy", PATH=str(tmp_path / "plain"))[0] == 5
    assert ended(tmp_path / "copy", **{VARIABLE: str(tmp_path / "plain")})[0] == 6
    with sqlite3.connect(folder / "edits.sqlite3") as db:
        db.execute("UPDATE meta SET value = 'older' WHERE key = 'representation'")
    db.close()
    assert ended(tmp_path / "copy") == (6, ended(tmp_path / "copy")[1])
    (folder / "edits.sqlite3").write_bytes(b"?" * 9000)
    assert ended(tmp_path / "copy")[0] == 3
    shutil.rmtree(folder)
    assert ended(tmp_path / "copy") == (3, "codewm-lsp: this repository has no index yet: run `codewm-lsp index`\n")


@pytest.mark.parametrize(
    "arguments", [["--queries", "0"], ["-k", "101"], ["--split", "100"], ["--seed", "x"]], ids=" ".join
)
def test_2_for_wrong_usage(paired: Repo, arguments: list[str]) -> None:
    assert run("eval", paired.root, *arguments).code == 2
