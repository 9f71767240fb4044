"""`codewm/similarEdits` on the wire: its answers are what docs/protocol.md says, in every state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from schema import DOCUMENT, check, methods, schemas
from shop import CALL, Shop
from wire import Wire

from codewm_lsp.server.app import create_server
from codewm_model.left_alone import SECRET_GLOBS


def opened(wire: Wire, place: Shop, text: str, version: int = 5) -> dict[str, Any]:
    item = {"uri": place.uri, "languageId": "python", "version": version, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": place.uri}}


def ask(wire: Wire, params: dict[str, Any]) -> dict[str, Any]:
    check(params, "SimilarEditsParams")
    answer: dict[str, Any] = wire.result("codewm/similarEdits", params)
    check(answer, "SimilarEditsResult")
    return answer


def at(line: int) -> dict[str, int]:
    return {"line": line, "character": 0}


def test_the_answer_has_diffs_where_they_are_asked_for(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed, indexed.with_timeout)
    answer = ask(wire, {**params, "position": at(CALL), "version": 5, "k": 3, "diffs": True})
    assert (answer["status"], answer["version"]) == ("ok", 5)
    (edit,) = answer["edits"]
    assert (edit["path"], edit["lines"]) == ("services/orders.py", [8, 8])
    assert len(edit["hits"]) == 3
    assert [hit["score"] for hit in edit["hits"]] == sorted((hit["score"] for hit in edit["hits"]), reverse=True)
    assert all("timeout=30" in hit["diff"] for hit in edit["hits"])
    assert wire.end() == 0


def test_a_cursor_elsewhere_means_the_nearest_edit_and_a_range_does_not(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed, indexed.with_timeout)
    assert ask(wire, {**params, "position": at(0)})["edits"][0]["lines"] == [8, 8]
    assert ask(wire, {**params, "range": {"start": at(0), "end": at(3)}})["status"] == "no-edit"
    touching = {"start": at(0), "end": at(CALL + 1)}
    assert ask(wire, {**params, "range": touching, "position": at(0)})["edits"][0]["lines"] == [8, 8]
    assert wire.end() == 0


def test_without_a_selection_all_edits_are_answered(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    text = indexed.with_timeout.replace("count = len(", "count = sum(")
    answer = ask(wire, opened(wire, indexed, text))
    assert [edit["lines"] for edit in answer["edits"]] == [[8, 8], [15, 15]]
    assert not any("diff" in hit for edit in answer["edits"] for hit in edit["hits"])
    assert wire.end() == 0


def test_null_is_the_same_as_missing(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed, indexed.with_timeout)
    nothing = {"position": None, "range": None, "version": None, "k": None}
    assert ask(wire, {**params, **nothing}) == ask(wire, params)
    assert wire.end() == 0


def test_the_command_answers_the_same(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed, indexed.with_timeout)
    arguments = [indexed.uri, CALL, 5]
    check(arguments, "ShowSimilarEditsArguments")
    command = {"command": "codewm.showSimilarEdits", "arguments": arguments}
    answer = wire.result("workspace/executeCommand", command)
    check(answer, "SimilarEditsResult")
    assert answer == ask(wire, {**params, "position": at(CALL), "diffs": True})
    assert wire.end() == 0


def test_the_number_of_hits_is_a_setting(wire: Wire, indexed: Shop) -> None:
    wire.initialize(initializationOptions={"hits": 1})
    params = opened(wire, indexed, indexed.with_timeout)
    assert len(ask(wire, params)["edits"][0]["hits"]) == 1
    assert len(ask(wire, {**params, "k": 2})["edits"][0]["hits"]) == 2
    wire.notify("workspace/didChangeConfiguration", {"settings": {"codewm": {"hits": 3}}})
    assert len(ask(wire, params)["edits"][0]["hits"]) == 3
    assert wire.end() == 0


def test_hover_and_code_action_can_be_switched_off(wire: Wire, indexed: Shop) -> None:
    wire.initialize(initializationOptions={"hover": False, "codeAction": False})
    params = opened(wire, indexed, indexed.with_timeout)
    assert wire.result("textDocument/hover", {**params, "position": at(CALL)}) is None
    touching = {"range": {"start": at(CALL), "end": at(CALL)}, "context": {"diagnostics": []}}
    assert wire.result("textDocument/codeAction", {**params, **touching}) is None
    assert wire.end() == 0


def test_clients_without_literals_get_commands_and_without_markdown_text(wire: Wire, indexed: Shop) -> None:
    wire.initialize(capabilities={"textDocument": {"codeAction": {}, "hover": {"contentFormat": ["plaintext"]}}})
    params = opened(wire, indexed, indexed.with_timeout)
    touching = {"range": {"start": at(CALL), "end": at(CALL)}, "context": {"diagnostics": []}}
    (offered,) = wire.result("textDocument/codeAction", {**params, **touching})
    assert offered["command"] == "codewm.showSimilarEdits"
    contents = wire.result("textDocument/hover", {**params, "position": at(CALL)})["contents"]
    assert contents["kind"] == "plaintext"
    assert "```" not in contents["value"]
    assert wire.end() == 0


def test_every_other_state_is_named(wire: Wire, indexed: Shop, unindexed: Shop, tmp_path: Path) -> None:
    wire.initialize()
    unchanged = opened(wire, indexed, indexed.text)
    assert ask(wire, unchanged) == answer(5, "no-edit")
    assert ask(wire, {**unchanged, "position": at(3)}) == answer(5, "no-edit")
    assert ask(wire, {**unchanged, "version": 4}) == answer(5, "stale")
    assert ask(wire, {"textDocument": {"uri": "file:///not/open.py"}}) == answer(None, "unsupported")
    for uri in ("untitled:Untitled-1", (tmp_path / "lone.py").as_uri(), (indexed.root / ".env").as_uri()):
        item = {"uri": uri, "languageId": "python", "version": 1, "text": "x = 1\n"}
        wire.notify("textDocument/didOpen", {"textDocument": item})
        assert ask(wire, {"textDocument": {"uri": uri}}) == answer(1, "unsupported")
    params = opened(wire, unindexed, unindexed.with_timeout)
    msg_id = wire.ask("codewm/similarEdits", params)
    first, second = wire.message(), wire.message()
    assert first["method"] == "window/showMessage"
    assert "codewm-lsp index" in first["params"]["message"]
    assert (second["id"], second["result"]) == (msg_id, answer(5, "no-index"))
    assert ask(wire, params) == answer(5, "no-index")
    assert wire.end() == 0


def answer(version: int | None, status: str) -> dict[str, Any]:
    return {"schema": "codewm.similar/1", "version": version, "status": status, "edits": []}


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 4 + 4), ("utf-16", 4 + 2), ("utf-32", 4 + 1)])
def test_columns_behind_an_astral_character_are_the_encodings(
    wire: Wire, indexed: Shop, encoding: str, column: int
) -> None:
    """Typing behind an emoji hits the right column: the edit is then taken back, and nothing differs."""
    wire.initialize(capabilities={"general": {"positionEncodings": [encoding]}})
    text = indexed.text.replace("    url =", "    😀 url =")
    params = opened(wire, indexed, text)
    place = {"start": {"line": 6, "character": 4}, "end": {"line": 6, "character": column + 1}}
    wire.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": indexed.uri, "version": 6},
            "contentChanges": [{"range": place, "text": ""}],
        },
    )
    assert ask(wire, params) == answer(6, "no-edit")
    assert wire.end() == 0


def test_form_feeds_and_other_false_line_ends_do_not_move_edits(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed, indexed.text.replace('"""\n', '\f\v\x1c\x85\u2028"""\n', 1))
    place = {"start": at(CALL), "end": at(CALL)}
    wire.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": indexed.uri, "version": 6},
            "contentChanges": [{"range": place, "text": "# "}],
        },
    )
    assert [edit["lines"] for edit in ask(wire, params)["edits"]] == [[1, 1], [8, 8]]
    assert wire.end() == 0


@pytest.mark.parametrize("method", ["codewm/similarEdits", "textDocument/hover", "workspace/executeCommand"])
def test_a_cancelled_request_is_answered_as_cancelled(wire: Wire, indexed: Shop, method: str) -> None:
    wire.initialize()
    document = opened(wire, indexed, indexed.with_timeout)
    command = {"command": "codewm.showSimilarEdits", "arguments": [indexed.uri, CALL]}
    msg_id = wire.ask(method, {**document, "position": at(CALL), **command})
    wire.notify("$/cancelRequest", {"id": msg_id})
    reply = wire.message()
    assert (reply["id"], reply["error"]["code"]) == (msg_id, -32800)
    assert ask(wire, document)["status"] == "ok"
    assert wire.end() == 0


def test_busy_workers_do_not_keep_others_waiting(wire: Wire, indexed: Shop) -> None:
    """What needs no work is answered at once, and a cancel is read while eight searches wait."""
    wire.initialize()
    document = opened(wire, indexed, indexed.with_timeout)
    busy = [wire.ask("codewm/similarEdits", {**document, "position": at(CALL)}) for _ in range(8)]
    other = wire.ask("textDocument/hover", {"textDocument": {"uri": "file:///not/open.py"}, "position": at(0)})
    wire.notify("$/cancelRequest", {"id": busy[-1]})
    first, second = wire.message(), wire.message()
    assert [first["id"], second["id"]] == [other, busy[-1]]
    assert second["error"]["code"] == -32800
    assert [wire.message()["id"] for _ in busy[:-1]] == busy[:-1]
    assert wire.end() == 0


def test_a_change_in_between_makes_the_answer_stale(wire: Wire, indexed: Shop) -> None:
    wire.initialize()
    params = opened(wire, indexed, indexed.with_timeout)
    msg_id = wire.ask("codewm/similarEdits", params)
    wire.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": indexed.uri, "version": 6}, "contentChanges": [{"text": indexed.text}]},
    )
    reply = wire.message()
    assert (reply["id"], reply["result"]["status"]) == (msg_id, "stale")
    assert wire.end() == 0


def test_the_documented_globs_are_the_ones_in_use() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Files that are left alone")[2].partition("## ")[0]
    named = text.partition("answered empty:")[2].replace("`", "").replace("\n", " ").strip().removesuffix(".")
    assert tuple(name.strip() for name in named.split(",")) == SECRET_GLOBS


def test_the_schemas_refuse_what_is_wrong() -> None:
    good: dict[str, Any] = answer(1, "ok")
    check(good, "SimilarEditsResult")
    for bad in ({**good, "more": 1}, {**good, "status": "fine"}, {**good, "version": "1"}, {"schema": 1}):
        with pytest.raises(AssertionError):
            check(bad, "SimilarEditsResult")


def test_every_method_of_our_own_is_documented_with_its_schemas() -> None:
    features = create_server().protocol.fm.features
    assert set(methods()) == {method for method in features if method.startswith("codewm/")}
    titles = {title for pair in methods().values() for title in pair}
    arguments = {"ShowSimilarEditsArguments", "ShowPredictedEditsArguments"}
    assert set(schemas()) == titles | arguments | {"WorkTree"}  # the last one is the notification's
