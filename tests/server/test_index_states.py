"""The index comes, goes and changes while the server runs; its user only ever sees an answer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from networks import reweighed
from repositories import Repo
from schema import check
from shop import CALL, Shop
from wire import Wire

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle


@pytest.fixture
def place(unindexed: Shop, tmp_path: Path) -> Shop:
    """A repository of this test's own."""
    return unindexed.clone(tmp_path / "shop")


def index(place: Shop, *options: str) -> None:
    command = [sys.executable, "-m", "codewm_lsp", "index", "-q", *options, str(place.root)]
    subprocess.run(command, check=True, capture_output=True)


def opened(wire: Wire, place: Shop) -> dict[str, Any]:
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": place.uri}}


def status(wire: Wire, params: dict[str, Any]) -> tuple[str, list[str]]:
    """What is answered, and what the person is told before it."""
    msg_id, told = wire.ask("codewm/similarEdits", params), []
    while (message := wire.message()).get("id") != msg_id:
        assert message["method"] == "window/showMessage"
        told.append(message["params"]["message"])
    check(message["result"], "SimilarEditsResult")
    return message["result"]["status"], told


def wait_until_ok(wire: Wire, params: dict[str, Any]) -> None:
    """A missing index is looked for once a second."""
    for _ in range(50):
        found, told = status(wire, params)
        assert told == []
        if found == "ok":
            return
        time.sleep(0.1)
    raise AssertionError("the index was not found")


def test_an_index_that_is_built_later_is_found(wire: Wire, place: Shop) -> None:
    wire.initialize()
    params = opened(wire, place)
    found, told = status(wire, params)
    assert (found, len(told)) == ("no-index", 1)
    index(place)
    wait_until_ok(wire, params)
    assert wire.end() == 0


@pytest.mark.parametrize("options", [(), ("--rebuild",)])
def test_commits_that_are_indexed_later_are_found(wire: Wire, place: Shop, options: tuple[str, ...]) -> None:
    wire.initialize()
    index(place)
    params = opened(wire, place)
    assert status(wire, params) == ("ok", [])
    place.repo.commit("A late one", {"late.py": "response = session.get(url, timeout=60)\n"})
    index(place, *options)
    answer = wire.result("codewm/similarEdits", params)
    assert "A late one" in [hit["subject"] for hit in answer["edits"][0]["hits"]]
    assert wire.end() == 0


def test_a_damaged_index_is_said_once(wire: Wire, place: Shop) -> None:
    wire.initialize()
    index(place)
    for file in (place.root / ".git" / "codewm").iterdir():
        file.write_bytes(b"no database at all" * 1000)
    params = opened(wire, place)
    found, told = status(wire, params)
    assert (found, len(told)) == ("no-index", 1)
    assert "codewm-lsp index" in told[0]
    assert status(wire, params) == ("no-index", [])
    assert wire.end() == 0


def test_without_a_model_the_server_starts_and_says_so_once(
    place: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index(place)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with Wire() as wire:
        wire.initialize()
        params = opened(wire, place)
        found, told = status(wire, params)
        assert (found, len(told)) == ("no-index", 1)
        assert f"no model in {tmp_path / 'nowhere'}" in told[0]
        assert status(wire, params) == ("no-index", [])
        assert wire.end() == 0


def test_an_index_of_another_model_is_said_once_until_it_is_rebuilt(
    place: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, random_bundle: Bundle
) -> None:
    index(place)
    bundle = reweighed(random_bundle, tmp_path / "bundle", key=0.2, score=0.2)
    monkeypatch.setenv(VARIABLE, str(bundle.folder))
    with Wire() as wire:
        wire.initialize()
        params = opened(wire, place)
        found, told = status(wire, params)
        assert (found, len(told)) == ("no-index", 1)
        assert "run `codewm-lsp index`" in told[0]
        index(place)
        wait_until_ok(wire, params)
        at = {**params, "position": {"line": CALL, "character": 0}}
        (edit,) = wire.result("codewm/similarEdits", at)["edits"]
        assert any("near in the model" in hit["reasons"] for hit in edit["hits"])
        assert wire.end() == 0


def test_without_git_files_are_answered_empty(place: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with Wire() as wire:
        wire.initialize()
        params = opened(wire, place)
        assert status(wire, params) == ("unsupported", [])
        assert wire.end() == 0


def test_a_repository_without_commits_has_no_base(wire: Wire, tmp_path: Path) -> None:
    file = Repo.init(tmp_path / "empty").root / "new.py"
    file.write_text("x = 1\n")
    wire.initialize()
    item = {"uri": file.as_uri(), "languageId": "python", "version": 1, "text": "x = 1\n"}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    assert status(wire, {"textDocument": {"uri": file.as_uri()}}) == ("no-edit", [])
    assert wire.end() == 0


def test_commits_from_impossible_times_are_shown(wire: Wire, place: Shop) -> None:
    """git keeps any number as a date."""
    repo = place.repo
    repo.write({"strange.py": "response = session.get(url, timeout=60)\n"})
    repo.git("add", "--all")
    tree, parent = repo.git("write-tree"), repo.git("rev-parse", "HEAD")
    who = "A <a@example.com> 99999999999999 +0000"
    repo.commit_object(f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nFrom the far future\n".encode())
    index(place)
    wire.initialize()
    at = {**opened(wire, place), "position": {"line": CALL, "character": 0}}
    answer = wire.result("codewm/similarEdits", at)
    check(answer, "SimilarEditsResult")
    assert "From the far future" in [hit["subject"] for hit in answer["edits"][0]["hits"]]
    assert wire.end() == 0
