"""A document beyond all measure is not parsed at every key: it is answered so, logged, and read when it shrinks."""

from __future__ import annotations

from typing import Any

import pytest
from schema import check
from shop import Shop
from wire import Wire

from codewm_lsp.server.document import LARGEST_TEXT, LONGEST_LINE, Change, Document, TooLargeError, content_lines

MANY_LINES = "value = 1\n" * (LARGEST_TEXT // 10 + 1)
LONG_LINE = "x = [" + "1, " * (LONGEST_LINE // 3) + "]\n"


def replaced(wire: Wire, shop: Shop, version: int, text: str) -> None:
    """The whole document becomes `text`."""
    document = {"uri": shop.uri, "version": version}
    wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


@pytest.mark.parametrize("large", [MANY_LINES, LONG_LINE], ids=["many lines", "a long line"])
def test_a_large_document_is_answered_so_and_is_read_again_when_it_shrinks(
    wire: Wire, indexed: Shop, large: str
) -> None:
    wire.initialize(rootUri=indexed.root.as_uri())
    document = {"textDocument": {"uri": indexed.uri}}
    here = {**document, "position": {"line": 0, "character": 4}}

    def statuses() -> list[str]:
        answers = [wire.result(f"codewm/{name}", here) for name in ("state", "similarEdits", "predictEdits")]
        for answer, schema in zip(answers, ("StateResult", "SimilarEditsResult", "PredictEditsResult"), strict=True):
            check(answer, schema)
        return [answer["status"] for answer in answers]

    item = {"uri": indexed.uri, "languageId": "python", "version": 1, "text": large}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    for version in range(2, 12):
        change = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "a"}
        params = {"textDocument": {"uri": indexed.uri, "version": version}, "contentChanges": [change]}
        wire.notify("textDocument/didChange", params)
        assert statuses() == ["too-large"] * 3
    assert [wire.result(f"textDocument/{name}", here) for name in ("hover", "codeLens")] == [None, None]
    replaced(wire, indexed, 12, indexed.with_timeout)
    assert statuses() == ["ok"] * 3
    replaced(wire, indexed, 13, large)
    assert statuses() == ["too-large"] * 3
    assert wire.end() == 0
    assert wire.errors.decode().count("is not read while it is longer than") == 2, "once for each time it grew"


def test_a_document_is_measured_by_its_text_however_it_came_there() -> None:
    document = Document("file:///f.py", None, 1, "a\n", "utf-16")

    def is_read(*changes: Any) -> bool:
        document.record(None, [Change(text, span) for text, span in changes])
        try:
            document.lines_at(document.revision)
        except TooLargeError:
            return False
        return True

    assert is_read()
    half = "b" * (LONGEST_LINE // 2)
    assert is_read((half + "\n" + half + "\nc", (1, 0, 1, 0)))
    assert not is_read(("", (1, len(half), 2, 0)), ("x", (1, 0, 1, 0))), "two lines have become one"
    assert is_read(("\n", (1, 5, 1, 5)))
    assert not is_read(*[("y = 1\n" * 5000, (0, 0, 0, 0))] * 40)
    assert is_read(("", (0, 0, 200_000, 0)))
    assert [line[:1] for line in content_lines(document.lines_at(document.revision))] == ["a", "x", "b", "c"]


def test_what_nobody_asks_for_keeps_no_changes() -> None:
    document = Document("untitled:1", None, 1, "", "utf-16")
    for _ in range(100):
        document.record(None, [Change("x", (0, 0, 0, 0))])
        document.settle()
    assert not document._pending
    assert document.lines_at(document.revision) == ("x" * 100,)
