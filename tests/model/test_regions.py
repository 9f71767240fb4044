"""Regions: the enclosing definition around a change, within a budget, marked alike on both sides."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from sources import replacements

from codewm_model.changes import Change, Side, change_of
from codewm_model.edit import edit_between
from codewm_model.languages import LANGUAGES
from codewm_model.regions import BUDGET, CHANGED, ON_CHANGED_LINE, UNCHANGED, Region, region_at, region_pair, view
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


def test_a_method_put_at_the_end_of_a_class_has_what_stood_before_it_on_both_sides() -> None:
    more = CODE + "\n    def clear(self):\n        self.things = []\n"
    before, after = region_pair(change_of(edit_between(CODE, more)))
    assert texts(before)[-3:] == ["pop", "(", ")"] and before.center == len(before.leaves)
    assert texts(after)[after.center :][:2] == ["def", "clear"]
    assert texts(after)[: after.center] == texts(before)


@given(st.integers(0, 18), st.integers(0, 4), st.integers(0, 3), st.integers(2, 60))
def test_both_sides_begin_at_the_same_leaf_and_show_the_same_until_the_change(
    first: int, removed: int, added: int, budget: int
) -> None:
    lines = CODE.split("\n")
    changed = [*lines[:first], *[f"        call({i})" for i in range(added)], *lines[first + removed :]]
    before, after = region_pair(change_of(edit_between(CODE, "\n".join(changed))), budget)
    assert before.center == after.center <= budget // 2
    assert texts(before)[: before.center] == texts(after)[: after.center]


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
def test_a_view_is_within_budget_and_begins_at_the_same_item_whatever_follows_the_center(
    center: int, rest: int, other: int, budget: int
) -> None:
    start, stop = view(center, center + rest, budget)
    assert 0 <= start <= center and stop == min(center + rest, start + budget)
    assert center - start == min(center, budget // 2)
    assert view(center, center + other, budget)[0] == start


@given(replacements(), st.integers(1, 80))
@example((["x = 1 + \\", "    2 + \\", "    3"], 1, 1, ["    4 + \\"]), 8)
@example((["f(", "'''a", *["b"] * 300, "c''', 1, 2,", *["    3,"] * 10, ")"], 310, 1, ["    4,"]), 40)
def test_a_region_is_what_a_walk_over_all_lines_around_it_would_give(
    case: tuple[list[str], int, int, list[str]], budget: int
) -> None:
    lines, first, count, added = case
    after = [*lines[:first], *added, *lines[first + count :]]
    change = change_of(edit_between("\n".join(lines), "\n".join(after)))
    assert region_pair(change, budget) == plain_pair(change, budget)
    source = Source.parse(LANGUAGES[0], [*after, ""])
    nothing = Side((), (), ())
    expected = plain_region(source, nothing, (first, 0), plain_surroundings(source, first, 0), budget)
    assert region_at(source, first, budget) == expected


def plain_pair(change: Change, budget: int) -> tuple[Region, Region]:
    assert change.sources is not None
    edit = change.edit
    counts = len(edit.removed), len(edit.added)
    ranges = [plain_surroundings(source, edit.first, n) for source, n in zip(change.sources, counts, strict=True)]
    around = max(above for above, _ in ranges), max(below for _, below in ranges)
    before, after = (
        plain_region(source, side, (edit.first, n), around, budget)
        for source, side, n in zip(change.sources, (change.before, change.after), counts, strict=True)
    )
    return before, after


def plain_surroundings(source: Source, first: int, count: int) -> tuple[int, int]:
    low, high = 0, source.line_count
    if around := source.definitions(first, first + count):
        low, high = around[-1].start_point.row, around[-1].end_point.row + 1
    return max(0, first - low), max(0, high - first - count)


def plain_region(source: Source, side: Side, lines: tuple[int, int], around: tuple[int, int], budget: int) -> Region:
    """The definition of a region, written down without a thought of what it costs."""
    (first, count), (above, below) = lines, (min(most, max(budget, BUDGET)) for most in around)
    leaves = list(source.leaves(first - above, min(first + count + below, source.line_count)))
    focus = [i for i, leaf in enumerate(leaves) if leaf.line < first + count and leaf.last >= first]
    changed = side.changed_leaves()
    marks = [
        (CHANGED if focus.index(i) in changed else ON_CHANGED_LINE) if i in focus else UNCHANGED
        for i in range(len(leaves))
    ]
    begin = sum(leaf.last < first for leaf in leaves)
    start, stop = view(begin, len(leaves), budget)
    kept, marks = tuple(leaves[start:stop]), marks[start:stop]
    if not kept:
        return Region((), (), first, first)
    return Region(kept, tuple(marks), kept[0].line, kept[-1].last + 1, begin - start)
