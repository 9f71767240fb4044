"""Regions: the enclosing definition around a change, within a budget, marked alike on both sides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.languages import LANGUAGES
from codewm_model.regions import CHANGED, ON_CHANGED_LINE, UNCHANGED, region_at, region_pair, window
from codewm_model.syntax import Source

CODE = '''\
import os


def first(a):
    return a


class Box:
    """Holds things."""

    def put(self, thing):
        self.things.append(thing)
        return self

    def take(self):
        return self.things.pop()
'''


def texts(region: object) -> list[str]:
    return [leaf.text for leaf in region.leaves]  # type: ignore[attr-defined]


def test_a_region_is_the_enclosing_definition_and_nothing_else() -> None:
    before, after = region_pair(change_of(edit_between(CODE, CODE.replace("return self\n", "return thing\n"))))
    assert texts(before)[:3] == ["def", "put", "("]
    assert texts(before)[-2:] == ["return", "self"]
    assert texts(after)[-2:] == ["return", "thing"]
    assert (before.first, before.end) == (10, 13)


def test_a_change_at_module_level_sees_the_module() -> None:
    before, after = region_pair(change_of(edit_between(CODE, CODE.replace("import os\n", "import os\nimport re\n"))))
    assert texts(after)[:4] == ["import", "os", "import", "re"]
    assert "Box" in texts(before) and "re" not in texts(before)


def test_marks_tell_changed_tokens_from_their_lines_and_from_the_rest() -> None:
    _, after = region_pair(change_of(edit_between(CODE, CODE.replace("append(thing)", "append(copy(thing))"))))
    marked = {
        mark: [leaf.text for leaf, m in zip(after.leaves, after.marks, strict=True) if m == mark] for mark in range(3)
    }
    assert marked[CHANGED] == ["copy", "(", ")"] or marked[CHANGED] == ["(", "copy", ")"]
    assert marked[ON_CHANGED_LINE] == ["self", ".", "things", ".", "append", "(", "thing", ")"]
    assert marked[UNCHANGED][:2] == ["def", "put"]


def test_a_long_definition_is_cut_around_the_change() -> None:
    body = "\n".join(f"    value_{i} = {i}" for i in range(500))
    code = f"def long():\n{body}\n"
    before, after = region_pair(change_of(edit_between(code, code.replace("value_250 = 250", "value_250 = 0"))), 60)
    assert len(before.leaves) == len(after.leaves) == 60
    lines = [leaf.line for leaf, mark in zip(after.leaves, after.marks, strict=True) if mark != UNCHANGED]
    assert set(lines) == {251}
    assert after.leaves[0].line < 251 < after.leaves[-1].line


def test_renaming_the_file_does_not_change_what_is_seen() -> None:
    after = CODE.replace("pop()", "pop(0)")
    one = region_pair(change_of(edit_between(CODE, after, "a.py")))
    two = region_pair(change_of(edit_between(CODE, after, "some/where/else.pyi")))
    assert one == two


def test_a_file_without_a_grammar_has_empty_regions() -> None:
    before, after = region_pair(change_of(edit_between("some words\n", "other words\n", "notes.txt")))
    assert before.leaves == after.leaves == ()


@given(st.integers(0, 20), st.integers(1, 40))
def test_a_line_in_which_nothing_changed_has_a_region_within_the_budget(line: int, budget: int) -> None:
    source = Source.parse(LANGUAGES[0], CODE.splitlines())
    region = region_at(source, min(line, source.line_count - 1), budget)
    assert 0 < len(region.leaves) <= budget
    assert set(region.marks) == {UNCHANGED}


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(1, 60))
def test_a_window_is_within_bounds_and_budget_and_holds_what_fits(
    first: int, width: int, after: int, budget: int
) -> None:
    total = first + width + after
    start, stop = window(first, first + width, total, budget)
    assert 0 <= start <= stop <= total
    assert stop - start == min(budget, total) or width >= budget
    assert start <= first and (stop >= first + width or width >= budget)
