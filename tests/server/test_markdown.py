"""What strangers wrote stays text: a commit message can be anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from codewm_lsp.engine.index import Hit
from codewm_lsp.server.markdown import code_span, diff_block, hover_markdown, hover_plain, inline, plain

PIECES = (
    "`", "``", "```", "*", "_", "[x](http://e.vil)", "![i](x)",
    "<img src=x>", "<!--", "&lt;", "\\", "~~~", "|",
    "#", "\n", "a", " ", "$(warning)",
    "http://e.vil", "www.e.vil", "a@e.vil", "\u202e", "\x00", "1.", "- ", "😀",
)  # fmt: skip
nasty = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
MARKDOWN = MarkdownIt("commonmark")


def hit(**fields: object) -> Hit:
    values: dict[str, object] = {
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "author": "Ada Lovelace",
        "time": 1_700_000_000,
        "subject": "Give the request a timeout",
        "path": "src/client.py",
        "lines": (3, 4),
        "score": 0.9,
        "similarity": 0.876,
        "action": "adds an argument",
        "reasons": ("the same names",),
    }
    return Hit(**{**values, **fields})  # type: ignore[arg-type]


@given(text=nasty)
def test_text_renders_as_itself(text: str) -> None:
    """Parsed by a markdown parser of its own, it is one paragraph of nothing but text."""
    tokens = MARKDOWN.parse("x " + inline(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == ("x " + plain(text)).rstrip()


@given(text=nasty)
def test_a_code_span_is_one(text: str) -> None:
    children = MARKDOWN.parse("x" + code_span(text) + "y")[1].children or []
    assert [child.type for child in children] == ["text", "code_inline", "text"]


@given(diff=nasty.map(lambda text: "@@ -1 +1 @@\n-" + text + "\n+" + text))
def test_a_diff_never_leaves_its_block(diff: str) -> None:
    tokens = MARKDOWN.parse(diff_block(diff) + "\n\nend")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].info == "diff"


def test_a_hover_says_who_when_why_and_how() -> None:
    diff = "--- a/src/client.py\n+++ b/src/client.py\n@@ -3 +3 @@\n-get(url)\n+get(url, timeout=3)\n"
    assert hover_markdown(hit(), diff) == (
        "**Give the request a timeout**\n\n"
        "`0123456789` Ada Lovelace, 2023-11-14, `src/client.py:3-4`\n\n"
        "similarity 0.88 · adds an argument · the same names\n\n"
        "```diff\n@@ -3 +3 @@\n-get(url)\n+get(url, timeout=3)\n```"
    )
    assert hover_plain(hit(), diff).splitlines()[1] == "0123456789 Ada Lovelace, 2023-11-14, src/client.py:3"


def test_a_hover_is_one_screen() -> None:
    diff = "@@ -1,900 +1,900 @@\n" + "-" + "x" * 5000 + "\n" + "+y\n" * 900
    text = hover_markdown(hit(subject="s" * 5000, author="a\nb" * 3000), diff)
    assert len(text.splitlines()) < 40
    assert max(map(len, text.splitlines())) < 1000
    assert "… 882 more lines" in text


@pytest.mark.parametrize("time", [0, -(2**40), 2**60])
def test_any_date_is_shown(time: int) -> None:
    assert re.search(r"\d{4}-\d\d-\d\d|unknown date", hover_markdown(hit(time=time), ""))
