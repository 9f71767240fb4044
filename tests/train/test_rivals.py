"""Rivals for judging: real lines at a place where they were not put."""

from __future__ import annotations

import numpy as np

from codewm_model.edit import Edit, edit_between
from codewm_train.next_state import knn
from codewm_train.rivals import RIVALS, rival_proof, rivals_of
from codewm_train.siblings import PastEdit

FILE = "def a():\n    one()\n\n\ndef b():\n    two()\n"


def past(number: int, edit: Edit, repository: str = "me/box") -> PastEdit:
    return PastEdit(repository, f"commit {number}", number, edit)


PAST = [
    *(past(i, edit_between(FILE, FILE.replace("    one()", f"    one({i})"), "a.py")) for i in range(6)),
    *(past(i, edit_between("x = 1\n", f"x = {i + 2}\n", f"{i}.py"), "you/bag") for i in range(3)),
]


def test_rivals_remove_what_the_true_edit_removes_and_add_what_another_of_its_repository_added() -> None:
    made = rivals_of(PAST)
    for rival, i in zip(made.edits, made.of, strict=True):
        true, others = PAST[i].edit, [item for item in PAST if item.repository == PAST[i].repository]
        assert (rival.path, rival.before, rival.first, rival.removed) == (
            true.path,
            true.before,
            true.first,
            true.removed,
        )
        assert rival.added != true.added
        assert rival.added in [item.edit.added for item in others]
    assert np.bincount(made.of).tolist() == [RIVALS] * 6 + [2] * 3  # of three edits, two are others


def test_lines_are_indented_as_the_lines_they_replace() -> None:
    deep = past(0, edit_between("def f():\n    if a:\n        b()\n", "def f():\n    if a:\n        c()\n"))
    flat = past(1, edit_between("x = 1\n", "if y:\n    x = 2\n"))
    made = rivals_of([deep, flat], count=1)
    assert [edit.added for edit in made.edits] == [("        if y:", "            x = 2"), ("c()",)]


def test_rivals_are_the_same_each_time() -> None:
    assert rivals_of(PAST).edits == rivals_of(PAST).edits != rivals_of(PAST, seed=1).edits


def test_who_does_not_know_what_is_done_cannot_be_rival_proof() -> None:
    rng = np.random.default_rng(0)
    before, usual = rng.standard_normal((200, 32)).astype(np.float32), rng.standard_normal(32).astype(np.float32)
    of = np.repeat(np.arange(200), 4)
    after, rivals = (
        base + usual + 0.1 * rng.standard_normal(base.shape).astype(np.float32) for base in (before, before[of])
    )
    same = np.zeros(800, bool)
    guess = before + usual  # what an edit does on average: enough to tell afters from befores
    assert knn(guess, before, after).copy_proof.mean() > 0.95
    for prediction, low, high in ((after, 1.0, 1.0), (guess, 0.1, 0.3), (before, 0.0, 0.0)):
        found = knn(prediction, before, after)
        assert low <= rival_proof(prediction, after, rivals, of, found, same).mean() <= high
    found = knn(after, before, after)
    assert not rival_proof(after, after, after[of], of, found, same).any()  # a tie is a miss
    assert rival_proof(after, after, after[of], of, found, ~same).all()  # unless they read alike
