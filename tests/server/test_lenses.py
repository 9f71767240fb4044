"""Code actions that resolve, and code lenses: what is offered costs no search, what is looked at has its count."""

from __future__ import annotations

from typing import Any

import pytest
from schema import check
from shop import CALL, FIXED, Shop
from wire import Wire

RESOLVES = {
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["codewm.similar"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit", "command"]},
        }
    }
}
ON = {"codeLens": True}


def at(line: int) -> dict[str, int]:
    return {"line": line, "character": 0}


def opened(wire: Wire, place: Shop, text: str, version: int = 5) -> dict[str, Any]:
    item = {"uri": place.uri, "languageId": "python", "version": version, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": place.uri}}


def changed(wire: Wire, place: Shop, text: str, version: int) -> None:
    document = {"uri": place.uri, "version": version}
    wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


def offered(wire: Wire, params: dict[str, Any]) -> dict[str, Any]:
    where = {"range": {"start": at(CALL), "end": at(CALL)}, "context": {"diagnostics": []}}
    (action,) = wire.result("textDocument/codeAction", {**params, **where})
    assert isinstance(action, dict)
    return action


def test_an_action_gets_its_command_when_it_is_looked_at(wire: Wire, indexed: Shop) -> None:
    assert wire.initialize(capabilities=RESOLVES)["codeActionProvider"]["resolveProvider"] is True
    action = offered(wire, opened(wire, indexed, indexed.with_timeout))
    assert "command" not in action
    resolved = wire.result("codeAction/resolve", action)
    command = resolved.pop("command")
    assert resolved == action
    assert command["title"] == f"Similar past edits: {len(FIXED)} close"
    check(command["arguments"], "ShowSimilarEditsArguments")
    answer = wire.result("workspace/executeCommand", command)
    assert answer["status"] == "ok"
    assert wire.end() == 0


def test_an_action_whose_document_moved_on_still_gets_its_command(wire: Wire, indexed: Shop) -> None:
    wire.initialize(capabilities=RESOLVES)
    action = offered(wire, opened(wire, indexed, indexed.with_timeout))
    changed(wire, indexed, indexed.text, 6)
    command = wire.result("codeAction/resolve", action)["command"]
    assert command["title"] == "Similar past edits"
    assert wire.result("workspace/executeCommand", command)["status"] == "stale"
    assert wire.end() == 0


@pytest.mark.parametrize("missing", ["resolveSupport", "dataSupport"])
def test_clients_that_cannot_resolve_get_the_command_at_once(wire: Wire, indexed: Shop, missing: str) -> None:
    able = RESOLVES["textDocument"]["codeAction"]
    capabilities = {"textDocument": {"codeAction": {name: able[name] for name in able if name != missing}}}
    wire.initialize(capabilities=capabilities)
    action = offered(wire, opened(wire, indexed, indexed.with_timeout))
    assert action["command"]["arguments"] == [indexed.uri, CALL, 5]
    assert "data" not in action
    assert wire.end() == 0


def test_lenses_are_off_until_they_are_asked_for(wire: Wire, indexed: Shop) -> None:
    assert wire.initialize()["codeLensProvider"] == {"resolveProvider": True}
    params = opened(wire, indexed, indexed.with_timeout)
    assert wire.result("textDocument/codeLens", params) is None
    wire.notify("workspace/didChangeConfiguration", {"settings": {"codewm": ON}})
    assert len(wire.result("textDocument/codeLens", params)) == 1
    assert wire.end() == 0


def test_a_lens_stands_above_each_changed_definition(wire: Wire, indexed: Shop) -> None:
    """An edit outside of any has a lens of its own; what a lens shows are the edits in its definition."""
    wire.initialize(initializationOptions=ON)
    text = indexed.with_timeout.replace('    label = record["label"]\n', '    label = record["name"]\n')
    text = text.replace("def describe_orders(record):\n", "def describe_orders(record):\n    print(record)\n")
    text = text.replace('return f"{label}: {count}"', 'return f"{label} {count}"')
    params = opened(wire, indexed, text.replace("import requests\n", "import httpx\n"))
    lines = text.splitlines()
    first, fetch, describe = wire.result("textDocument/codeLens", params)
    assert first["range"]["start"] == at(2)
    assert lines[fetch["range"]["start"]["line"]].startswith("def fetch_orders")
    assert lines[describe["range"]["start"]["line"]].startswith("def describe_orders")
    assert all("command" not in lens for lens in (first, fetch, describe))
    resolved = wire.result("codeLens/resolve", fetch)
    assert resolved["range"] == fetch["range"]
    assert resolved["command"]["title"] == f"{len(FIXED)} close past edits"
    shown = wire.result("workspace/executeCommand", resolved["command"])
    check(shown, "SimilarEditsResult")
    assert [edit["lines"] for edit in shown["edits"]] == [[CALL + 1, CALL + 1]]
    command = wire.result("codeLens/resolve", describe)["command"]
    check(command["arguments"], "ShowSimilarEditsArguments")
    (edit,) = wire.result("workspace/executeCommand", command)["edits"]
    assert [edit["lines"][0] - 1, edit["lines"][1] - 1] == [command["arguments"][1], command["arguments"][3]]
    assert wire.end() == 0


def test_broken_code_and_files_without_a_grammar_have_lenses_too(wire: Wire, indexed: Shop) -> None:
    wire.initialize(initializationOptions=ON)
    params = opened(wire, indexed, indexed.with_timeout.replace("response.json()", "response.json(((") + "def (:\n")
    assert wire.result("textDocument/codeLens", params)
    text = {"uri": (indexed.root / "notes.txt").as_uri(), "languageId": "text", "version": 1, "text": "one\n"}
    wire.notify("textDocument/didOpen", {"textDocument": text})
    changed_text = {"textDocument": {"uri": text["uri"], "version": 2}, "contentChanges": [{"text": "two\n"}]}
    wire.notify("textDocument/didChange", changed_text)
    (lens,) = wire.result("textDocument/codeLens", {"textDocument": {"uri": text["uri"]}})
    assert lens["range"]["start"] == at(0)
    changed_text["contentChanges"] = [{"text": ""}]
    wire.notify("textDocument/didChange", changed_text)
    (lens,) = wire.result("textDocument/codeLens", {"textDocument": {"uri": text["uri"]}})
    assert lens["range"] == {"start": at(0), "end": at(0)}
    assert wire.end() == 0


def test_a_lens_whose_document_moved_on_shows_no_count(wire: Wire, indexed: Shop) -> None:
    wire.initialize(initializationOptions=ON)
    (lens,) = wire.result("textDocument/codeLens", opened(wire, indexed, indexed.with_timeout))
    changed(wire, indexed, indexed.text, 6)
    assert wire.result("codeLens/resolve", lens)["command"]["title"] == "similar past edits"
    assert wire.end() == 0


def test_what_nobody_offered_cannot_be_resolved(wire: Wire) -> None:
    wire.initialize()
    span = {"start": at(0), "end": at(0)}
    for data in (None, 3, [], ["file:///f.py"], ["file:///f.py", -1], ["file:///f.py", 3, None, 2], {"a": 1}):
        assert wire.error("codeLens/resolve", {"range": span, "data": data})["code"] == -32602, data
        assert wire.error("codeAction/resolve", {"title": "Similar", "data": data})["code"] == -32602, data
    assert wire.end() == 0
