"""A live buffer against one that is parsed anew: whatever is typed, both have the same places and regions."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from codewm_lsp.engine.buffer import MOST_PARSES, Buffer, Place, Splice, touched
from codewm_model.languages import LANGUAGES

PYTHON = LANGUAGES[0]
TEXT = '''\
import os


@decorated(1)
def first(a, b=2):
    """Says
    something."""
    return a


class Box(Base):
    size = 3

    def put(self, thing):
        self.things.append(thing)
        return f"{self}: {thing!r}"

    class Lid:
        async def lift(self):
            if self.on:
                def inner(x): return x
                return inner

VALUE = {
    "a": (1,
          2),
}
'''
CODE = TEXT.split("\n")

# What opens, closes and breaks things, and characters that some notion of a line end or of a width knows.
PIECES = (
    "a", " ", "    ", "\t", "(", ")", "[", "]", "{", "}", ":", ",", "=", "@", "#", "\\", "'", '"', '"""', 'f"{',
    "return ", "def g():", "class C:", "if x:", "else:", "\f", "\v", "\x1c", "\x85", "\u2028", "\ufeff", "\0",
    "\ud800", "ä", "€", "漢", "😀",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
typed = st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(0, 3), texts)
replaced = st.tuples(st.integers(0, 40), st.integers(0, 4), st.lists(texts, max_size=3))


def splice_of(lines: list[str], drawn: tuple[object, ...]) -> Splice:
    """What was drawn, put into the bounds of these lines: some text typed into one, or some lines for others."""
    match drawn:
        case (int(line), int(column), int(count), str(text)):
            line = min(line, len(lines) - 1)
            old = lines[line]
            return line, 1, [old[:column] + text + old[column + count :]]
        case (int(line), int(count), list(new)):
            line = min(line, len(lines))
            count = min(count, len(lines) - line)
            return line, count, new or ([""] if count == len(lines) else [])
    raise AssertionError(drawn)


def assert_same(live: Buffer, lines: list[str]) -> None:
    fresh = Buffer.parse(PYTHON, lines)
    assert live.source.data == fresh.source.data
    assert live.line_count == len(lines)
    assert str(live.source.tree.root_node) == str(fresh.source.tree.root_node)
    assert live.places() == fresh.places()
    for line in range(len(lines)):
        assert live.region_at(line) == fresh.region_at(line)


@settings(max_examples=100)
@given(batches=st.lists(st.lists(typed | replaced, min_size=1, max_size=3), min_size=1, max_size=4))
@example(batches=[[(0, 40, [])]])
@example(batches=[[(0, 0, 0, "\ufeff")], [(0, 1, [])]])
def test_an_edited_buffer_is_as_if_it_had_been_parsed_anew(batches: list[list[tuple[object, ...]]]) -> None:
    lines = list(CODE)
    buffer = Buffer.parse(PYTHON, lines)
    for batch in batches:
        splices = []
        for drawn in batch:
            splices.append(splice_of(lines, drawn))
            first, count, new = splices[-1]
            lines[first : first + count] = new
        buffer = buffer.edited(splices)
    assert_same(buffer, lines)


def test_many_places_changed_at_once_are_as_if_parsed_anew() -> None:
    lines = [f"value_{i} = {i}" for i in range(100)]
    buffer = Buffer.parse(PYTHON, lines)
    splices: list[Splice] = [(i, 1, [f"value_{i} = (\ud800"]) for i in range(0, 100, 100 // (MOST_PARSES + 2))]
    for first, count, new in splices:
        lines[first : first + count] = new
    assert_same(buffer.edited(splices), lines)


def test_an_older_buffer_stays_as_it_was() -> None:
    buffer = Buffer.parse(PYTHON, CODE)
    before = buffer.places(), buffer.region_at(7)
    buffer.edited([(7, 1, ["    return b"]), (0, 3, [])])
    assert (buffer.places(), buffer.region_at(7)) == before


def test_the_places_are_the_definitions_and_what_is_between_them() -> None:
    assert Buffer.parse(PYTHON, CODE).places() == [
        Place(0, 4, "", "module"),
        Place(4, 8, "first", "function"),
        Place(10, 22, "Box", "class"),
        Place(13, 16, "Box.put", "function"),
        Place(17, 22, "Box.Lid", "class"),
        Place(18, 22, "Box.Lid.lift", "function"),
        Place(20, 21, "Box.Lid.lift.inner", "function"),
        Place(22, 28, "", "module"),
    ]


def test_some_lines_have_the_places_that_stand_in_them() -> None:
    buffer = Buffer.parse(PYTHON, CODE)
    assert [place.symbol for place in buffer.places(7, 12)] == ["first", "Box"]
    assert [place.symbol for place in buffer.places(20, 21)] == ["Box", "Box.Lid", "Box.Lid.lift", "Box.Lid.lift.inner"]
    assert buffer.places(9, 10) == buffer.places(99, 100) == []


def test_a_line_is_in_its_innermost_definition() -> None:
    buffer = Buffer.parse(PYTHON, CODE)
    symbols = {line: buffer.place_at(line).symbol for line in (0, 3, 5, 11, 15, 18, 20, 24, 27, 1000)}
    assert symbols == {
        0: "", 3: "", 5: "first", 11: "Box", 15: "Box.put", 18: "Box.Lid.lift", 20: "Box.Lid.lift.inner",
        24: "", 27: "", 1000: "",
    }  # fmt: skip


@given(lines=st.lists(texts, min_size=1, max_size=12), line=st.integers(0, 15))
def test_every_line_of_any_text_has_a_place_and_a_region(lines: list[str], line: int) -> None:
    buffer = Buffer.parse(PYTHON, lines)
    place = buffer.place_at(line)
    assert 0 <= place.first <= place.end <= len(lines)
    assert all(leaf.line < len(lines) for leaf in buffer.region_at(line).leaves)


@given(lines=st.lists(texts, min_size=1, max_size=12) | st.permutations(CODE))
def test_a_stretch_of_the_module_is_what_no_definition_holds(lines: list[str]) -> None:
    held: dict[bool, set[int]] = {True: set(), False: set()}
    for place in Buffer.parse(PYTHON, lines).places():
        held[place.kind == "module"].update(range(place.first, place.end))
    written = {i for i, line in enumerate(lines) if line.strip()}
    assert not held[True] & held[False]
    assert written <= held[True] | held[False]


def test_an_empty_text_has_one_line_and_no_place_with_text() -> None:
    buffer = Buffer.parse(PYTHON, [""])
    assert (buffer.line_count, buffer.places(), buffer.place_at(0)) == (1, [], Place(0, 1, "", "module"))
    assert buffer.region_at(0).leaves == ()


def test_what_was_touched_moves_with_the_changes_behind_it() -> None:
    typed: Splice = (10, 1, ["x"])
    assert touched([typed]) == [(10, 11)]
    assert touched([typed, (2, 0, ["new", "new"])]) == [(12, 13), (2, 4)]
    assert touched([typed, (2, 3, [])]) == [(7, 8), (2, 2)]
    assert touched([typed, (20, 1, ["y"])]) == [(10, 11), (20, 21)]
