"""`codewm/state` on the wire: what the model makes of the buffer, in every state that a document can be in."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from schema import check
from wire import Wire

from codewm_lsp.engine import Encoder

URI = "file:///nowhere/box.py"
DOCUMENT = {"textDocument": {"uri": URI}}
TEXT = """\
import os


def first(a):
    return a


class Box:
    size = 3

    def put(self, thing):
        self.things.append(thing)
"""
NOTHING = {"schema": "codewm.state/1", "model": None, "regions": [], "timings": None}


def opened(wire: Wire, uri: str = URI, text: str = TEXT) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})


def changed(wire: Wire, version: int, line: int, start: int, end: int, text: str) -> None:
    place = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    document = {"uri": URI, "version": version}
    wire.notify(
        "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": place, "text": text}]}
    )


def ask(wire: Wire, params: dict[str, Any]) -> dict[str, Any]:
    check(params, "StateParams")
    answer: dict[str, Any] = wire.result("codewm/state", params)
    check(answer, "StateResult")
    return answer


def at(line: int) -> dict[str, dict[str, int]]:
    return {"position": {"line": line, "character": 0}}


def vector(region: dict[str, Any]) -> Any:
    return np.frombuffer(base64.b64decode(region["embedding"]), "<f4")


def expected(text: str, line: int) -> Any:
    """The state as other programs get it, which count lines from 1."""
    return Encoder.default().encode_states([(text, line + 1)])[0]


def test_all_places_of_a_document_have_a_state(wire: Wire) -> None:
    wire.initialize()
    opened(wire)
    answer = ask(wire, {**DOCUMENT, "embeddings": True})
    assert (answer["status"], answer["version"], answer["model"]) == ("ok", 1, Encoder.default().bundle.id)
    found = [(region["symbol"], region["kind"], region["range"]["start"]["line"]) for region in answer["regions"]]
    assert found == [
        ("", "module", 0), ("first", "function", 3), ("Box", "class", 7), ("Box.put", "function", 10),
    ]  # fmt: skip
    for region in answer["regions"]:
        assert region["fresh"]
        assert vector(region) == pytest.approx(expected(TEXT, region["range"]["start"]["line"]), abs=1e-5)
    assert wire.end() == 0


def test_the_state_is_of_the_text_that_was_typed(wire: Wire) -> None:
    wire.initialize()
    opened(wire)
    before = ask(wire, {**DOCUMENT, **at(4), "embeddings": True})
    changed(wire, 2, 4, 11, 12, "[a, (")
    after = ask(wire, {**DOCUMENT, **at(4), "embeddings": True, "version": 2})
    (old,), (new,) = before["regions"], after["regions"]
    assert (after["version"], new["symbol"], new["range"]["end"]) == (2, "first", {"line": 4, "character": 16})
    assert vector(new) == pytest.approx(expected(TEXT.replace("return a", "return [a, ("), 4), abs=1e-5)
    assert np.abs(vector(new) - vector(old)).max() > 1e-3
    assert all(answer["timings"][name] >= 0 for answer in (before, after) for name in answer["timings"])
    assert wire.end() == 0


def test_a_range_has_the_places_that_it_touches(wire: Wire) -> None:
    wire.initialize()
    opened(wire)
    whole_lines = {"start": {"line": 4, "character": 0}, "end": {"line": 10, "character": 0}}
    answer = ask(wire, {**DOCUMENT, "range": whole_lines, **at(0)})
    assert [region["symbol"] for region in answer["regions"]] == ["first", "Box"]
    assert not any("embedding" in region for region in answer["regions"])
    assert wire.end() == 0


def test_null_is_the_same_as_missing(wire: Wire) -> None:
    wire.initialize()
    opened(wire)
    nothing = {"position": None, "range": None, "version": None, "embeddings": None}
    assert ask(wire, {**DOCUMENT, **nothing})["regions"] == ask(wire, DOCUMENT)["regions"]
    assert wire.end() == 0


def test_a_long_file_is_answered_in_parts(wire: Wire) -> None:
    """No answer runs the model without end; what it left out is there when it is asked for again."""
    wire.initialize()
    opened(wire, text="".join(f"def f{i}():\n    return {i}\n\n\n" for i in range(150)))
    counts = []
    while not counts or counts[-1] < 150:
        regions = ask(wire, {**DOCUMENT, "embeddings": True})["regions"]
        assert all(("embedding" in region) == region["fresh"] for region in regions)
        counts.append(sum(region["fresh"] for region in regions if region["symbol"]))
        assert len(counts) < 10
    assert counts[0] < 150
    assert wire.end() == 0


def test_every_other_state_is_named(wire: Wire, tmp_path: Path) -> None:
    wire.initialize()
    assert ask(wire, DOCUMENT) == {**NOTHING, "version": None, "status": "unsupported"}
    for uri in ("untitled:Untitled-1", (tmp_path / ".env").as_uri(), "file:///id_rsa.py", "file:///notes.txt"):
        opened(wire, uri)
        answer = ask(wire, {"textDocument": {"uri": uri}, **at(0)})
        assert answer == {**NOTHING, "version": 1, "status": "unsupported"}
    opened(wire)
    assert ask(wire, {**DOCUMENT, "version": 0}) == {**NOTHING, "version": 1, "status": "stale"}
    wire.notify("textDocument/didClose", DOCUMENT)
    assert ask(wire, DOCUMENT) == {**NOTHING, "version": None, "status": "unsupported"}
    assert wire.end() == 0


def test_a_change_in_between_makes_the_answer_stale(wire: Wire) -> None:
    wire.initialize()
    opened(wire)
    msg_id = wire.ask("codewm/state", DOCUMENT)
    changed(wire, 2, 0, 0, 0, "x")
    reply = wire.message()
    assert (reply["id"], reply["result"]) == (msg_id, {**NOTHING, "version": 1, "status": "stale"})
    assert wire.end() == 0


def test_a_cancelled_question_is_answered_as_cancelled(wire: Wire) -> None:
    wire.initialize()
    opened(wire)
    msg_id = wire.ask("codewm/state", DOCUMENT)
    wire.notify("$/cancelRequest", {"id": msg_id})
    reply = wire.message()
    assert (reply["id"], reply["error"]["code"]) == (msg_id, -32800)
    assert ask(wire, DOCUMENT)["status"] == "ok"
    assert wire.end() == 0


def test_malformed_params_are_answered(wire: Wire) -> None:
    wire.initialize()
    for params in (None, {}, {**DOCUMENT, "position": 4}, {**DOCUMENT, "range": {}}, {**DOCUMENT, "version": "new"}):
        assert wire.error("codewm/state", params)["code"] == -32602
    assert wire.end() == 0


def test_without_a_model_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEWM_BUNDLE", str(tmp_path / "none"))
    with Wire() as wire:
        wire.initialize()
        opened(wire)
        assert ask(wire, DOCUMENT) == {**NOTHING, "version": 1, "status": "no-model"}
        assert wire.end() == 0
