"""URIs and spans, in the spellings that editors really use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lsprotocol import types

from codewm_lsp.server.convert import document_key, encoding_named, lsp_range, path_of, touched_lines


def selection(start: tuple[int, int], end: tuple[int, int]) -> types.Range:
    return types.Range(types.Position(*start), types.Position(*end))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX paths")
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("file:///a/b%20c.py", "/a/b c.py"),
        ("file:///a;b/c;d.py", "/a;b/c;d.py"),
        ("file:///a/%23%3F%25.py", "/a/#?%.py"),
        ("file:///a/%C3%A4.py", "/a/ä.py"),
        ("file:///a/%FF.py", "/a/\udcff.py"),
    ],
)
def test_a_file_uri_names_its_file(uri: str, path: str) -> None:
    assert path_of(uri) == Path(path)


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "git:/a/b.py", "", "file://", "file:///a%00b", "http://[", "b.py"]
)
def test_other_uris_name_no_file(uri: str) -> None:
    assert path_of(uri) is None


def test_documents_are_found_under_any_percent_encoding() -> None:
    assert document_key("file:///c%3A/a%20b.py") == document_key("file:///c:/a b.py")


def test_an_unknown_encoding_is_utf_16() -> None:
    assert [encoding_named(name) for name in ("utf-8", "utf-32", "utf-7", "")] == [
        "utf-8",
        "utf-32",
        "utf-16",
        "utf-16",
    ]


@pytest.mark.parametrize(
    ("start", "end", "lines"),
    [((3, 0), (3, 0), (4, 4)), ((3, 2), (5, 1), (4, 6)), ((3, 0), (5, 0), (4, 5)), ((5, 1), (3, 2), (4, 6))],
)
def test_a_selection_of_whole_lines_ends_before_the_next(
    start: tuple[int, int], end: tuple[int, int], lines: tuple[int, int]
) -> None:
    assert touched_lines(selection(start, end)) == lines


def test_a_span_becomes_a_range_without_the_last_line_end() -> None:
    buffer = ("a\n", "b😀\r\n", "c")
    assert lsp_range(buffer, 1, 2, "utf-16") == selection((0, 0), (1, 3))
    assert lsp_range(buffer, 1, 2, "utf-8") == selection((0, 0), (1, 5))


def test_a_span_past_the_end_is_the_last_line() -> None:
    assert lsp_range(("a\n", ""), 3, 3, "utf-16") == selection((1, 0), (1, 0))
    assert lsp_range(("",), 1, 1, "utf-16") == selection((0, 0), (0, 0))
