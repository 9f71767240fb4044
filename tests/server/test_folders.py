"""Settings by folder, from the client and from pyproject.toml, and folders that come and go while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shop import CALL, Shop
from wire import Wire

from codewm_lsp.server.folders import Folders
from codewm_lsp.server.settings import Settings

ASKS = {"workspace": {"configuration": True, "workspaceFolders": True}}


def folder(path: Path) -> dict[str, str]:
    return {"uri": path.as_uri(), "name": path.name}


def answered(wire: Wire, settings: dict[str | None, object]) -> None:
    """Take the server's question for the settings, and answer by folder."""
    question = wire.message()
    assert question["method"] == "workspace/configuration"
    items = question["params"]["items"]
    assert [item.get("scopeUri") for item in items] == list(settings)
    wire.send({"jsonrpc": "2.0", "id": question["id"], "result": list(settings.values())})


def hits(wire: Wire, place: Shop) -> int:
    """How many hits the settings let a request have."""
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    answer = wire.result("codewm/similarEdits", {"textDocument": {"uri": place.uri}})
    return len(answer["edits"][0]["hits"])


def test_the_innermost_folder_with_settings_decides() -> None:
    folders = Folders()
    folders.add(["file:///a", "file:///a/b", "file:///a/b/c", "untitled:x"])
    folders.configure("file:///a", Settings(hits=1))
    folders.configure("file:///a/b", Settings(hits=2))
    folders.configure("file:///elsewhere", Settings(hits=3))
    expected = {"/a/f.py": 1, "/a/b/f.py": 2, "/a/b/c/f.py": 2, "/ab/f.py": 10, "/elsewhere/f.py": 10}
    assert {path: folders.settings_for(Path(path)).hits for path in expected} == expected
    assert folders.settings_for(None).hits == 10
    folders.remove(["file:///a/b", "file:///never/there"])
    assert folders.settings_for(Path("/a/b/f.py")).hits == 1
    folders.configure("file:///a", None)
    assert folders.settings_for(Path("/a/f.py")) == Settings()


def test_each_folder_has_its_own_settings(wire: Wire, indexed: Shop, unindexed: Shop) -> None:
    ours, other = indexed.root.as_uri(), unindexed.root.as_uri()
    wire.initialize(capabilities=ASKS, workspaceFolders=[folder(indexed.root), folder(unindexed.root)])
    answered(wire, {None: {"hits": 4}, ours: {"hits": 2}, other: None})
    assert hits(wire, indexed) == 2
    wire.notify("workspace/didChangeConfiguration", {"settings": None})
    answered(wire, {None: {"hits": 4}, ours: None, other: {"hits": 1}})
    assert hits(wire, indexed) == 4
    assert wire.end() == 0


def test_folders_come_and_go(wire: Wire, indexed: Shop, tmp_path: Path) -> None:
    wire.initialize(capabilities=ASKS, rootUri=tmp_path.as_uri())
    answered(wire, {None: None, tmp_path.as_uri(): None})
    ours = indexed.root.as_uri()
    event = {"added": [folder(indexed.root)], "removed": [folder(tmp_path), folder(tmp_path / "unknown")]}
    wire.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    answered(wire, {None: None, ours: {"hits": 3}})
    assert hits(wire, indexed) == 3
    wire.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder(indexed.root)]}})
    answered(wire, {None: {"hits": 1}})
    assert hits(wire, indexed) == 1
    assert wire.end() == 0


def test_clients_that_only_tell_when_asked_are_asked_to(wire: Wire) -> None:
    able = {"workspace": {"didChangeConfiguration": {"dynamicRegistration": True}}}
    wire.initialize(capabilities=able)
    request = wire.message()
    assert request["method"] == "client/registerCapability"
    (registration,) = request["params"]["registrations"]
    assert registration["method"] == "workspace/didChangeConfiguration"
    assert registration["registerOptions"] == {"section": "codewm"}
    wire.send({"jsonrpc": "2.0", "id": request["id"], "result": None})
    assert wire.end() == 0


def test_an_answer_without_settings_is_no_error(wire: Wire, tmp_path: Path) -> None:
    for answer in ({"result": None}, {"result": []}, {"result": [3, 4, 5, 6]}, {"error": {"code": 1, "message": "no"}}):
        with Wire() as client:
            client.initialize(capabilities=ASKS, workspaceFolders=[folder(tmp_path)])
            question = client.message()
            client.send({"jsonrpc": "2.0", "id": question["id"], **answer})
            msg_id = client.ask("shutdown")
            while (message := client.message()).get("id") != msg_id:
                assert message["method"] == "window/showMessage"
            client.notify("exit")
            assert client.wait() == 0
    wire.initialize()
    assert wire.end() == 0


@pytest.fixture
def place(indexed: Shop, tmp_path: Path) -> Shop:
    """A work tree of this test's own; it shares the index."""
    indexed.repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    return Shop(type(indexed.repo)(tmp_path / "tree", indexed.repo.clock))


def told(wire: Wire, method: str, params: object) -> tuple[Any, list[str]]:
    """The result, and what the person is told before it."""
    msg_id, messages = wire.ask(method, params), []
    while (message := wire.message()).get("id") != msg_id:
        messages.append(message["params"]["message"])
    return message["result"], messages


def test_the_project_decides_before_the_client(wire: Wire, place: Shop) -> None:
    table = '[tool.codewm]\nhits = 2\nhover = false\nexclude = ["*.lock"]\nspeed = 3\n'
    (place.root / "pyproject.toml").write_text(table)
    wire.initialize(initializationOptions={"hits": 1})
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    document = {"textDocument": {"uri": place.uri}}
    answer, messages = told(wire, "codewm/similarEdits", document)
    assert len(answer["edits"][0]["hits"]) == 2
    assert messages == ["tree: tool.codewm.speed is not a setting of codewm-lsp."]
    hover = {**document, "position": {"line": CALL, "character": 0}}
    assert told(wire, "textDocument/hover", hover) == (None, [])
    assert wire.end() == 0


@pytest.mark.parametrize("content", [b"[tool", b"\xff\xfe", b"tool = 3", b"[tool]\ncodewm = 3", b"a = " + b"[" * 5000])
def test_an_unreadable_project_file_is_said_once(wire: Wire, place: Shop, content: bytes) -> None:
    (place.root / "pyproject.toml").write_bytes(content)
    wire.initialize()
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    answer, messages = told(wire, "codewm/similarEdits", {"textDocument": {"uri": place.uri}})
    assert answer["status"] == "ok"
    (message,) = messages
    assert "pyproject.toml" in message
    assert told(wire, "codewm/similarEdits", {"textDocument": {"uri": place.uri}})[1] == []
    assert wire.end() == 0
