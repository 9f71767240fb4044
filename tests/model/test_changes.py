"""Which tokens of an edit really changed, and where it stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_model.changes import MAX_TOKENS, Change, Side, change_of
from codewm_model.edit import Edit, edit_between
from codewm_model.syntax import Source

BROKEN = ["def f(:", "class", "    return (", '"""', "x = [1,", "@", "é ☃", "if", "\x00", "    pass", "x = 1", "foo(x)"]
_LINES = st.lists(st.sampled_from(BROKEN), max_size=12)


def changed(side: Side) -> list[str]:
    return [side.tokens[i].text for i in side.changed]


def between(before: str, after: str, path: str = "a.py") -> Change:
    return change_of(edit_between(before, after, path))


def test_a_wrap_marks_no_old_token() -> None:
    change = between(
        "def f():\n    a()\n    b()\n",
        "def f():\n    try:\n        a()\n        b()\n    except OSError:\n        pass\n",
    )
    assert changed(change.before) == []
    assert changed(change.after) == ["try", ":", "except", "OSError", ":", "pass"]


def test_only_the_new_argument_is_marked() -> None:
    change = between("x = get(url, data)\n", "x = get(url, data, timeout=5)\n")
    assert (changed(change.before), changed(change.after)) == ([], [",", "timeout", "=", "5"])


def test_a_rename_marks_the_name_on_both_sides() -> None:
    change = between("total = price * count\n", "total = cost * count\n")
    assert (changed(change.before), changed(change.after)) == (["price"], ["cost"])


def test_one_word_of_a_string_is_marked_alone() -> None:
    change = between('raise E("cannot open file")\n', 'raise E("cannot read file")\n')
    assert (changed(change.before), changed(change.after)) == (["open"], ["read"])


def test_a_changed_layout_marks_nothing() -> None:
    change = between("x = f(1, 2)\n", "x = f(\n    1,   2\n)\n")
    assert (changed(change.before), changed(change.after)) == ([], [])


@pytest.mark.parametrize(
    ("line", "scope", "symbol"),
    [(0, "module", ""), (4, "class", "Box"), (6, "function", "Box.open"), (9, "function", "close")],
)
def test_scope_and_symbol_are_those_around_the_edit(line: int, scope: str, symbol: str) -> None:
    text = ("import os\n\n\nclass Box:\n    size = 1\n    def open(self):\n        return 1\n\n"
            "def close():\n    return 2\n")  # fmt: skip
    lines = text.splitlines()
    change = between(text, "\n".join([*lines[:line], lines[line] + "2", *lines[line + 1 :]]) + "\n")
    assert (change.scope, change.symbol) == (scope, symbol)


def test_text_without_a_grammar_is_compared_by_words() -> None:
    change = between("plain old words\n", "plain new words!\n", "notes.txt")
    assert (change.language, changed(change.before), changed(change.after)) == (None, ["old"], ["new", "!"])


def test_a_source_parsed_before_gives_the_same_change() -> None:
    edit = edit_between("def f():\n    return 1\n", "def f():\n    return 2\n", "a.py")
    language = change_of(edit).language
    assert language is not None and edit.before is not None
    given, fresh = change_of(edit, Source.parse(language, edit.before)), change_of(edit)
    assert (given.before, given.after, given.position) == (fresh.before, fresh.after, fresh.position)


@given(_LINES, _LINES)
def test_unmarked_tokens_are_the_same_on_both_sides(old: list[str], new: list[str]) -> None:
    change = between("\n".join(old), "\n".join(new))
    kept = [
        [token.text for i, token in enumerate(side.tokens) if i not in side.changed]
        for side in (change.before, change.after)
    ]
    assert kept[0] == kept[1]


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(["a.py", "a.txt"]))
def test_any_two_texts_have_a_change_with_a_position_in_it(before: str, after: str, path: str) -> None:
    assert 0.0 <= between(before, after, path).position <= 1.0


@pytest.mark.parametrize("line", ["x = " + "(" * 30_000, "x" * 900_000, "a " * 100_000, "'" + "word " * 100_000 + "'"])
@pytest.mark.parametrize("path", ["a.py", "a.txt"])
def test_one_huge_line_is_cut_and_takes_no_time(line: str, path: str) -> None:
    began = time.thread_time()
    change = change_of(Edit(path, ("x = 1",), 0, ("x = 1",), (line,), 0))
    assert len(change.after.tokens) <= MAX_TOKENS
    assert time.thread_time() - began < 10
