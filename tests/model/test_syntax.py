"""Leaves of a stretch of lines, and incremental parsing: both equal to doing it in full, also on broken code."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sources import REAL, broken_sources, replacements

from codewm_model.languages import language_of
from codewm_model.syntax import Leaf, Source

PYTHON = language_of("a.py")
assert PYTHON is not None


def leaves(source: Source) -> list[Leaf]:
    return list(source.leaves(0, source.line_count))


def starts(data: bytes) -> list[int]:
    return list(itertools.accumulate((len(line) + 1 for line in data.split(b"\n")[:-1]), initial=0))


@given(replacements())
def test_an_incremental_replacement_equals_a_full_parse(case: tuple[list[str], int, int, list[str]]) -> None:
    lines, first, count, added = case
    replaced = Source.parse(PYTHON, lines).replace(first, count, added)
    full = Source.parse(PYTHON, [*lines[:first], *added, *lines[first + count :]])
    assert replaced.data == full.data
    assert [replaced.start(i) for i in range(replaced.line_count + 1)] == starts(full.data)
    assert leaves(replaced) == leaves(full)


@given(broken_sources, st.data())
def test_leaves_of_a_range_are_a_slice_of_all_leaves(lines: list[str], data: st.DataObject) -> None:
    source = Source.parse(PYTHON, lines)
    first = data.draw(st.integers(0, source.line_count))
    end = data.draw(st.integers(first, source.line_count))
    start, stop = source.start(first), source.start(end)
    # Clipping changes text and line of a leaf that reaches beyond the range; its place in the tree stays.
    expected = [place for place, begin, finish in spans(source) if finish > start and begin < stop]
    assert [leaf[1:6] for leaf in source.leaves(first, end)] == expected


def spans(source: Source) -> list[tuple[tuple[object, ...], int, int]]:
    """Kind and place of every leaf with its bytes, found by plain recursion."""
    found = []

    def visit(node: object, parents: tuple[str, ...], field: str) -> None:
        children = node.children  # type: ignore[attr-defined]
        whole = node.type in PYTHON.strings and not any(child.type in PYTHON.holes for child in children)  # type: ignore[attr-defined]
        if children and not whole:
            for i, child in enumerate(children):
                visit(child, (*parents, node.type), node.field_name_for_child(i) or "")  # type: ignore[attr-defined]
        elif node.end_byte > node.start_byte:  # type: ignore[attr-defined]
            kind = source._kind(node.type)  # type: ignore[attr-defined]
            place = (kind, *reversed(("", "", *parents)[-2:]), field, len(parents))
            found.append((place, node.start_byte, node.end_byte))  # type: ignore[attr-defined]

    visit(source.tree.root_node, (), "")
    return found


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=40), max_size=15))
@example(["\x00", "\ud800 = 1", "\u2028"])
def test_any_text_has_leaves_in_order(lines: list[str]) -> None:
    rows = [leaf.line for leaf in leaves(Source.parse(PYTHON, lines))]
    assert rows == sorted(rows)


@given(replacements())
def test_definitions_hold_the_range_and_are_nested(case: tuple[list[str], int, int, list[str]]) -> None:
    lines, first, count, _ = case
    found = Source.parse(PYTHON, lines).definitions(first, first + count)
    assert all(a.start_byte <= b.start_byte and b.end_byte <= a.end_byte for a, b in itertools.pairwise(found))
    assert {node.type for node in found} <= PYTHON.functions | PYTHON.classes


def test_a_string_over_many_lines_is_one_leaf_cut_to_the_range() -> None:
    source = Source.parse(PYTHON, ["x = '''one", "two", "three'''"])
    assert [(leaf.text, leaf.kind, leaf.line) for leaf in source.leaves(1, 2)] == [("two\n", "string", 1)]


def test_code_inside_a_string_has_its_own_leaves() -> None:
    source = Source.parse(PYTHON, ["f'a {name + 1} b'"])
    assert [(leaf.text, leaf.kind) for leaf in leaves(source)] == [
        ("f'", "string"), ("a ", "string"), ("{", "{"), ("name", "name"), ("+", "+"), ("1", "number"), ("}", "}"),
        (" b", "string"), ("'", "string"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "nested",
    [
        lambda depth: "(" * depth,
        lambda depth: "[" * (depth // 2) + "]" * (depth // 2),
        lambda depth: "x = " + "-" * depth + "1",
        lambda depth: "a" + ".b" * (depth * 2 // 3),
        lambda depth: "1" + "+1" * (depth * 2 // 3),
    ],
    ids=["open", "brackets", "signs", "attributes", "sums"],
)
def test_deep_nesting_takes_no_time(nested: Callable[[int], str]) -> None:
    def seconds(depth: int) -> float:
        """Of this thread's own work: the machine may have other work."""
        began = time.thread_time()
        source = Source.parse(PYTHON, ["def f():", "    " + nested(depth), "    return 1"])
        count = sum(1 for _ in source.leaves(1, 2))
        definitions = source.definitions(1, 2)
        assert (count > depth * 2 // 3, len(definitions) <= 1) == (True, True)
        return time.thread_time() - began

    small, large = (min(seconds(depth) for _ in range(3)) for depth in (7_500, 30_000))
    assert large < 10 * small + 0.1, "four times as deep costs four times as much; sixteen times were quadratic"


def test_a_text_that_was_parsed_is_let_go_of() -> None:
    def parse_once(number: int) -> None:
        Source.parse(PYTHON, [f"x = {number}", *REAL * 50])

    parse_once(0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(10):
            parse_once(number)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < len("\n".join(REAL * 50))
