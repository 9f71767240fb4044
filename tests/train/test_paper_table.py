"""The paper's action is what the paper says, and its relevance is a function of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codewm_model.edit import edit_between
from codewm_train import paper_table as module
from codewm_train.paper_action import paper_action, paper_actions
from codewm_train.paper_table import paper_table, relevant
from codewm_train.siblings import PastEdit

BEFORE = ["import os", "", "def one():", "    return 1", "", "def two():", "    return 2"]


def test_a_new_function_with_an_import_is_counted() -> None:
    after = ["import os", "import sys", *BEFORE[1:], "", "@cached", "def three():", "    if two():", "        pass"]
    action = paper_action(BEFORE, after)
    assert action[:6].tolist() == [0, 0, 1, 1, 0, 0]  # a file that changes; functions came
    assert action[6] == pytest.approx(1 / 13)  # the second of 13 lines
    assert action[7] > 0.5  # it grew
    assert action[8:14].tolist() == pytest.approx([0.2, 0, 0, 0.2, 0.1, 0.2])


def test_files_that_come_and_go_are_adds_and_deletes() -> None:
    assert paper_action([], BEFORE)[:3].tolist() == [1, 0, 0]
    assert paper_action(BEFORE, [])[:3].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("line", "text", "scope"),
    [(3, "    return one(1)", 0), (3, "    return 3", 2), (0, "class A: pass", 1), (0, "import sys", 2)],
)
def test_the_scope_is_where_the_tree_changes(line: int, text: str, scope: int) -> None:
    after = [*BEFORE[:line], text, *BEFORE[line + 1 :]]
    assert int(np.argmax(paper_action(BEFORE, after)[3:6])) == scope


def test_what_does_not_parse_has_no_nodes() -> None:
    assert paper_action(["def ("], ["def ((("])[7:14].tolist() == [0.5, 0, 0, 0, 0, 0, 0]


def test_edits_of_one_file_are_compared_with_their_own_change_alone() -> None:
    edit = edit_between("\n".join(BEFORE) + "\n", "\n".join([*BEFORE, "x = 1"]) + "\n")
    assert np.array_equal(paper_actions([edit, edit])[1], paper_action(BEFORE, [*BEFORE, "x = 1"]))


def test_relevance_is_type_and_scope_or_the_cosine_of_actions() -> None:
    rows = np.zeros((4, 15), np.float32)
    rows[:, 2] = 1
    rows[[0, 1, 2], 3] = 1
    rows[3, 5] = 1
    rows[1, 6] = 0.6
    rows[2, 6] = 2.0
    found = {name: answers.tolist() for name, answers in relevant(rows, 0).items()}
    assert found == {
        "joint": [True, True, True, False],
        "cos>0.9": [True, True, False, False],
        "cos>0.95": [True, False, False, False],
    }


def test_the_action_solves_its_own_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "minilm_vectors", lambda edits, cache: np.ones((len(edits), 2), np.float32))
    source = "def f(a):\n    return a\n"
    edits = [edit_between(source, source + f"x = {i}\n" * (1 + i % 3)) for i in range(6)]
    past = [PastEdit("me/box", str(i), i, edit) for i, edit in enumerate(edits)]
    table = paper_table(past, tmp_path, learned=np.ones((6, 2), np.float32))
    assert {"tfidf", "bm25", "minilm", "random", "action", "learned"} <= table.keys()
    assert table["action"]["cos>0.95"] == {"mrr": 1.0, "hit@1": 1.0}
    assert paper_table(past, tmp_path) == {name: row for name, row in table.items() if name != "learned"}
