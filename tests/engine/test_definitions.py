"""Which definitions hold the live edits, whatever the buffer looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_lsp.engine.definitions import changed_definitions
from codewm_model.linediff import diff_edits

CODE = """\
import os


class Shop:
    limit = 3

    @cached
    def open(self):
        key = os.urandom(4)
        return key

    def close(self):
        pass


def main():
    Shop().open()
"""


def found(path: str, before: str, after: str) -> list[tuple[int, int, int]]:
    old, new = before.splitlines(), after.splitlines()
    return changed_definitions(path, new, diff_edits(path, old, new))


@pytest.mark.parametrize(
    ("old", "new", "begin"),
    [
        ("import os", "import sys", 1),
        ("limit = 3", "limit = 4", 4),
        ("urandom(4)", "urandom(8)", 8),
        ("    def open", "    def reopen", 8),
        ("        pass\n", "", 12),
        ("Shop().open()", "Shop().close()", 16),
    ],
)
def test_an_edit_belongs_to_the_innermost_definition_around_it(old: str, new: str, begin: int) -> None:
    ((line, first, last),) = found("shop.py", CODE, CODE.replace(old, new))
    assert line == begin
    assert first <= last


def test_edits_of_one_definition_are_one() -> None:
    code = "def f():\n" + "".join(f"    x{i} = {i}\n" for i in range(10))
    assert found("f.py", code, code.replace("= 1", "= one").replace("= 8", "= eight")) == [(1, 3, 10)]


def test_a_file_without_a_grammar_has_its_edits() -> None:
    assert found("notes.txt", "a\nb\nc\nd\ne\nf\n", "x\nb\nc\nd\ne\ny\n") == [(1, 1, 1), (6, 6, 6)]


@given(before=st.text("ab():\n \t", max_size=60), after=st.text("ab():\n \t", max_size=60))
def test_every_buffer_has_lines_inside_it(before: str, after: str) -> None:
    count = max(1, len(after.splitlines()))
    for path in ("f.py", "f.txt"):
        for line, first, last in found(path, before, after):
            assert 1 <= line <= count and 1 <= first <= last <= count
