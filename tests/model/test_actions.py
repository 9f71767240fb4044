"""The action of an edit: its size, its fields, its words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_model.actions import ACTION_FIELDS, ACTION_SIZE, action_vector, label_of
from codewm_model.changes import change_of
from codewm_model.edit import edit_between

F = "def f(x):\n    a = x\n    return a\n"
LABELS = [
    ("get(url)\n", "get(url, timeout=5)\n", "add keyword argument"),
    ("get(url, timeout=5)\n", "get(url)\n", "remove keyword argument"),
    ("run()\n", "try:\n    run()\nexcept OSError:\n    pass\n", "wrap in try"),
    ("try:\n    run()\nexcept OSError:\n    pass\n", "run()\n", "unwrap try"),
    ("run()\n", "if ready:\n    run()\n", "wrap in if"),
    ("run()\n", "with lock:\n    run()\n", "wrap in with"),
    ("total = price\n", "total = cost\n", "rename"),
    ("import os\n", "import os\nimport sys\n", "add import"),
    ("import os\nimport sys\n", "import os\n", "remove import"),
    ("from a import b\n", "from a import b, c\n", "add import"),
    ("x = 1\n" + F, "x = 1\n", "remove function"),
    ("x = 1\n", "x = 1\n" + F, "add function"),
    ("x = 1\n", "x = 1\nclass A:\n    pass\n", "add class"),
    ('x = "one"\n', 'x = "two"\n', "change string"),
    ("x = 1\n", "x = 2\n", "change value"),
    ("# one\n", "# two\n", "change comment"),
    (F, F.replace("    a", "    # why\n    a"), "add comment"),
    (F, F.replace("def", "@cached\ndef"), "add decorator"),
    (F, F.replace("(x)", "(x: int)"), "add annotation"),
    (F, F.replace("(x)", "(x, y)"), "add parameter"),
    (F, F.replace("return a", "return a + 1"), "add operator"),
    (F, F.replace("    return a\n", ""), "remove return"),
    ("if x == None:\n    pass\n", "if x is None:\n    pass\n", "change comparison"),
    ("x = a\n", "x = a if ready else b\n", "add if"),
    ("x = [f(i) for i in items]\n", "x = [f(i) for i in items if i]\n", "add comprehension"),
    ("def f(x: t.Optional[int]): pass\n", "def f(x: int | None): pass\n", "change annotation"),
    ("x = f(1,2)\n", "x = f(1, 2)\n", "change layout"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "label"), LABELS, ids=[f"{i}-{row[2]}" for i, row in enumerate(LABELS)])
def test_an_edit_is_named_in_words(before: str, after: str, label: str) -> None:
    assert label_of(change_of(edit_between(before, after))) == label


def test_an_action_has_at_most_64_numbers_and_a_name_for_each() -> None:
    assert len(set(ACTION_FIELDS)) == len(ACTION_FIELDS) == ACTION_SIZE <= 64


def test_an_action_says_what_was_added_where() -> None:
    vector = action_vector(F, F.replace("return a", "return g(a, key=1)"))
    fields = dict(zip(ACTION_FIELDS, vector.tolist(), strict=True))
    one = pytest.approx(np.log(2))
    assert (fields["added keyword argument"], fields["modify"], fields["function"]) == (one, 1.0, 1.0)
    assert (fields["removed lines"], fields["added lines"], fields["position"]) == (one, one, pytest.approx(2 / 3))


def test_an_action_holds_no_names() -> None:
    assert np.array_equal(action_vector("a = f(b)\n", "a = g(b)\n"), action_vector("x = one(y)\n", "x = two(y)\n"))


@pytest.mark.parametrize("fragment", ["", "    return (", "else:\n", "x = [1,\n  2", '"""', ") -> int:", "\x00\ud800"])
def test_fragments_have_a_finite_action(fragment: str) -> None:
    vector = action_vector("x = 1\n", fragment)
    assert (vector.shape, vector.dtype, bool(np.isfinite(vector).all())) == ((ACTION_SIZE,), np.float32, True)


@given(st.text(max_size=100), st.text(max_size=100))
def test_any_two_texts_have_a_label_of_known_words(before: str, after: str) -> None:
    verb = label_of(change_of(edit_between(before, after))).split()[0]
    assert verb in {"add", "remove", "change", "rename", "replace", "wrap", "unwrap"}
