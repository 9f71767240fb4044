"""`codewm/predictEdits` on the wire: its answers are what docs/protocol.md says, in every state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from schema import check
from shop import CALL, Shop
from wire import Wire

NOTHING = {"schema": "codewm.predict/1", "region": None, "predictions": []}


def opened(wire: Wire, uri: str, text: str, version: int = 5) -> dict[str, Any]:
    item = {"uri": uri, "languageId": "python", "version": version, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": uri}, "position": at(CALL)}


def at(line: int) -> dict[str, int]:
    return {"line": line, "character": 0}


def ask(wire: Wire, params: dict[str, Any]) -> dict[str, Any]:
    check(params, "PredictEditsParams")
    answer: dict[str, Any] = wire.result("codewm/predictEdits", params)
    check(answer, "PredictEditsResult")
    return answer


def action(wire: Wire, params: dict[str, Any], only: list[str] | None = None) -> Any:
    context = {"diagnostics": []} if only is None else {"diagnostics": [], "only": only}
    return wire.result(
        "textDocument/codeAction",
        {**params, "range": {"start": params["position"], "end": params["position"]}, "context": context},
    )


def test_an_unchanged_buffer_has_predictions_with_the_past_edits_that_show_them(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, indexed.text)
    answer = ask(wire, {**params, "version": 5, "diffs": True})
    assert (answer["status"], answer["version"]) == ("ok", 5)
    assert (answer["region"]["symbol"], answer["region"]["range"]["start"]["line"]) == ("fetch_orders", 5)
    scores = [one["score"] for one in answer["predictions"]]
    assert scores == sorted(scores, reverse=True) and 0 < len(scores) <= 5
    timeouts = [one for one in answer["predictions"] if any("timeout" in hit["subject"] for hit in one["edits"])]
    assert any("timeout=30" in hit["diff"] for one in timeouts for hit in one["edits"])
    assert wire.end() == 0


def test_diffs_are_there_only_if_they_are_asked_for_and_k_limits(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, indexed.text)
    answer = ask(wire, {**params, "k": 1, "version": None, "diffs": None})
    assert len(answer["predictions"]) == 1
    assert not any("diff" in hit for hit in answer["predictions"][0]["edits"])
    assert len(ask(wire, {**params, "k": 1000})["predictions"]) <= 20
    assert wire.end() == 0


def test_the_command_answers_the_same(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, indexed.text)
    arguments = [indexed.uri, CALL, 5]
    check(arguments, "ShowPredictedEditsArguments")
    command = {"command": "codewm.showPredictedEdits", "arguments": arguments}
    assert wire.result("workspace/executeCommand", command) == ask(wire, {**params, "diffs": True})
    for bad in ([], [indexed.uri], [indexed.uri, -1], [3, 4], [indexed.uri, 1, "new"]):
        error = wire.error("workspace/executeCommand", {**command, "arguments": bad})
        assert error["code"] == -32602
    assert wire.end() == 0


def test_what_is_typed_is_what_is_asked_about(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, indexed.text)
    before = ask(wire, params)
    change = {"range": {"start": at(CALL), "end": at(CALL)}, "text": "    del session  # (((\n"}
    wire.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": indexed.uri, "version": 6}, "contentChanges": [change]},
    )
    after = ask(wire, {**params, "version": 6})
    assert (after["status"], after["version"]) == ("ok", 6)
    assert [one["moved"] for one in after["predictions"]] != [one["moved"] for one in before["predictions"]]
    assert wire.end() == 0


@pytest.mark.parametrize("text", ["", "\n", "def broken(:\n  (((", "\0\f\u2028😀\r\rx", "class"])
def test_any_text_has_an_answer_at_any_line(wire: Wire, indexed: Shop, text: str) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, text)
    for line in (0, 1, 1_000_000):
        assert ask(wire, {**params, "position": at(line)})["status"] == "ok"
    assert wire.end() == 0


def test_every_other_state_is_named(wire: Wire, indexed: Shop, unindexed: Shop, tmp_path: Path) -> None:
    wire.initialize()
    closed = {"textDocument": {"uri": "file:///not/open.py"}, "position": at(0)}
    assert ask(wire, closed) == {**NOTHING, "version": None, "status": "unsupported"}
    for uri in (
        "untitled:Untitled-1", (tmp_path / "lone.py").as_uri(), (indexed.root / ".env").as_uri(),
        (indexed.root / "notes.txt").as_uri(),
    ):  # fmt: skip
        assert ask(wire, opened(wire, uri, "x = 1\n", 1)) == {**NOTHING, "version": 1, "status": "unsupported"}
    params = opened(wire, indexed.uri, indexed.text)
    assert ask(wire, {**params, "version": 4}) == {**NOTHING, "version": 5, "status": "stale"}
    wire.notify("textDocument/didClose", {"textDocument": {"uri": indexed.uri}})
    assert ask(wire, params) == {**NOTHING, "version": None, "status": "unsupported"}
    params = opened(wire, unindexed.uri, unindexed.text)
    msg_id = wire.ask("codewm/predictEdits", params)
    first, second = wire.message(), wire.message()
    assert first["method"] == "window/showMessage" and "codewm-lsp index" in first["params"]["message"]
    assert (second["id"], second["result"]) == (msg_id, {**NOTHING, "version": 5, "status": "no-index"})
    assert wire.end() == 0


def test_without_a_model_it_says_so(indexed: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEWM_BUNDLE", str(tmp_path / "none"))
    with Wire() as wire:
        wire.initialize()
        params = opened(wire, indexed.uri, indexed.text)
        assert ask(wire, params) == {**NOTHING, "version": 5, "status": "no-model"}
        assert wire.end() == 0


def test_a_change_in_between_makes_the_answer_stale(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    msg_id = wire.ask("codewm/predictEdits", opened(wire, indexed.uri, indexed.text))
    wire.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": indexed.uri, "version": 6}, "contentChanges": [{"text": "x = 1\n"}]},
    )
    reply = wire.message()
    assert (reply["id"], reply["result"]) == (msg_id, {**NOTHING, "version": 5, "status": "stale"})
    assert wire.end() == 0


def test_a_cancelled_request_is_answered_as_cancelled(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, indexed.text)
    msg_id = wire.ask("codewm/predictEdits", params)
    wire.notify("$/cancelRequest", {"id": msg_id})
    reply = wire.message()
    assert (reply["id"], reply["error"]["code"]) == (msg_id, -32800)
    assert ask(wire, params)["status"] == "ok"
    assert wire.end() == 0


def test_malformed_params_are_answered(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed.uri, indexed.text)
    document = {"textDocument": params["textDocument"]}
    for bad in (None, {}, document, {**document, "position": None}, {**params, "k": 0}, {**params, "version": "new"}):
        assert wire.error("codewm/predictEdits", bad)["code"] == -32602
    assert wire.end() == 0


def test_what_is_dismissed_is_no_proof_any_more(wire: Wire, own: Shop) -> None:
    wire.initialize()
    params = opened(wire, own.uri, own.text)
    shown = {hit["commit"] for one in ask(wire, params)["predictions"] for hit in one["edits"]}
    gone = min(shown)
    wire.result("codewm/dismiss", {"textDocument": {"uri": own.uri}, "commit": gone})
    left = {hit["commit"] for one in ask(wire, params)["predictions"] for hit in one["edits"]}
    assert left and gone not in left
    assert wire.end() == 0


def test_the_code_action_is_offered_only_where_it_is_wanted(wire: Wire, indexed: Shop) -> None:
    literals = {"codeActionKind": {"valueSet": [""]}}
    wire.initialize(capabilities={"textDocument": {"codeAction": {"codeActionLiteralSupport": literals}}})
    params = opened(wire, indexed.uri, indexed.text)
    assert action(wire, params) is None
    assert action(wire, params, ["codewm"]) is None
    assert action(wire, params, ["quickfix"]) is None
    (offered,) = action(wire, params, ["codewm.predict"])
    assert (offered["title"], offered["kind"]) == ("Predicted edits", "codewm.predict")
    wire.notify("workspace/didChangeConfiguration", {"settings": {"codewm": {"predictedEdits": True}}})
    assert action(wire, params) == [offered]
    assert action(wire, params, ["codewm.similar"]) is None
    answer = wire.result("workspace/executeCommand", {k: offered["command"][k] for k in ("command", "arguments")})
    assert answer == ask(wire, {**params, "diffs": True})
    changed = opened(wire, indexed.uri, indexed.with_timeout, 6)
    assert [one["kind"] for one in action(wire, changed)] == ["codewm.similar", "codewm.predict"]
    wire.notify("workspace/didChangeConfiguration", {"settings": {"codewm": {"predictedEdits": "yes"}}})
    problem = wire.message()
    assert "codewm.predictedEdits must be true or false" in problem["params"]["message"]
    assert wire.end() == 0
