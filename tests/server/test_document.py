"""The document against an oracle that does it the slow way: one string and an offset for each position."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import ENCODINGS, edited, encoded_width, positions, texts

from codewm_lsp.server.convert import Encoding, index_to_units, units_to_index
from codewm_lsp.server.document import (
    Change,
    Document,
    StaleError,
    apply_change,
    content_lines,
    split_keeping_ends,
)
from codewm_model.edit import split_lines

changes = st.lists(st.tuples(positions, positions, texts), min_size=1, max_size=5)


@settings(max_examples=400, deadline=None)
@given(text=texts, edits=changes, encoding=st.sampled_from(ENCODINGS))
@example(text="x\r", edits=[((1, 0), (1, 0), "\ny")], encoding="utf-16")
@example(text="one\fstill one\ntwo", edits=[((1, 0), (1, 3), "zwei")], encoding="utf-16")
@example(text="😀\n", edits=[((0, 1), (0, 2), "")], encoding="utf-16")
@example(text="a\r\nb", edits=[((0, 9), (1, 0), "")], encoding="utf-8")
def test_edits_land_where_a_plain_string_puts_them(
    text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]], encoding: Encoding
) -> None:
    expected, lines = text, split_keeping_ends(text)
    for start, end, new in edits:
        change = Change(new, (*start, *end))
        expected = edited(expected, change, encoding)
        lines = apply_change(lines, change, encoding)
        assert "".join(lines) == expected
        assert lines == split_keeping_ends(expected)


@given(text=texts)
def test_lines_end_where_the_differ_says_they_do(text: str) -> None:
    assert content_lines(split_keeping_ends(text)) == split_lines(text.removeprefix("\ufeff"))


@given(text=texts)
def test_only_the_last_line_has_no_end(text: str) -> None:
    *ended, last = split_keeping_ends(text)
    assert all(line.endswith(("\n", "\r")) for line in ended)
    assert not last.endswith(("\n", "\r"))


@given(line=st.text(max_size=20), encoding=st.sampled_from(ENCODINGS))
def test_every_index_survives_the_way_to_units_and_back(line: str, encoding: Encoding) -> None:
    for index in range(len(line) + 1):
        units = index_to_units(line, index, encoding)
        assert units == encoded_width(line[:index], encoding)
        assert units_to_index(line, units, encoding) == index


def test_half_a_character_is_its_start() -> None:
    assert units_to_index("a😀b", 2, "utf-16") == 1
    assert units_to_index("a😀b", 3, "utf-16") == 2
    assert units_to_index("a€b", 3, "utf-8") == 1


def document(text: str = "one\ntwo\n") -> Document:
    return Document("file:///f.py", Path("/f.py"), 1, text, "utf-16")


def test_recorded_changes_show_when_the_text_is_asked_for() -> None:
    doc = document()
    doc.record(2, [Change("1", (0, 0, 0, 3)), Change("!", (1, 3, 1, 3))])
    doc.record(3, [Change("\n", (0, 0, 0, 0))])
    assert doc.lines_at(2) == ("\n", "1\n", "two!\n", "")
    assert (doc.version, doc.revision) == (3, 2)


def test_an_old_revision_is_refused() -> None:
    doc = document()
    doc.record(2, [Change("x")])
    with pytest.raises(StaleError):
        doc.lines_at(0)
    assert doc.lines_at(1) == ("x",)


def test_a_closed_document_is_refused() -> None:
    doc = document()
    doc.closed = True
    with pytest.raises(StaleError):
        doc.lines_at(0)


def test_the_text_at_open_stays() -> None:
    doc = document("\ufeffone\r\ntwo")
    doc.record(2, [Change("")])
    assert doc.lines_at(1) == ("",)
    assert doc.opened_lines() == ("one", "two")


def test_changes_recorded_while_another_thread_reads_are_not_lost() -> None:
    doc = document("")
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                doc.lines_at(doc.revision)
            except StaleError:
                pass

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2000):
        doc.record(number, [Change("x", (0, 0, 0, 0))])
    ended.set()
    reader.join()
    assert doc.lines_at(2000) == ("x" * 2000,)
