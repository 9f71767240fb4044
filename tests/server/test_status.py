"""`codewm/status`, `codewm/index` and `codewm/statusChanged`: how indexes stand, as a client that shows it is told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from networks import reweighed
from repositories import Repo, habits
from schema import check, methods
from shop import Shop
from wire import SECONDS, Wire

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.bundle import Bundle

LONG = 3000  # commits
SHOWS = {"experimental": {"codewm": {"status": True}}, "window": {"workDoneProgress": True}}


class Panel:
    """A client that shows how the indexes stand: what it was told, each with its time, and what popped up."""

    def __init__(self, wire: Wire, *roots: Path) -> None:
        self._wire = wire
        self.told: list[tuple[float, dict[str, Any]]] = []
        self.popups: list[dict[str, Any]] = []
        wire.initialize(capabilities=SHOWS, workspaceFolders=[{"uri": root.as_uri(), "name": "x"} for root in roots])

    def take(self) -> dict[str, Any]:
        """The next message; what it says is noted, and a question for a line of progress is answered."""
        message = self._wire.message()
        if message.get("method") == "window/workDoneProgress/create":
            self._wire.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        elif message.get("method") == "codewm/statusChanged":
            check(message["params"], "WorkTree")
            self.told.append((time.monotonic(), message["params"]))
        elif message.get("method") == "window/showMessage":
            self.popups.append(message)
        return message

    def ask(self, method: str, params: object = None) -> Any:
        """A request's result."""
        msg_id = self._wire.ask(method, params)
        while (message := self.take()).get("id") != msg_id or "method" in message:
            pass
        assert "result" in message, message
        return message["result"]

    def trees(self, method: str, **params: Any) -> list[dict[str, Any]]:
        """The work trees that one of the two requests answers."""
        of_params, of_result = methods()[method]
        check(params, of_params)
        answer = self.ask(method, params)
        check(answer, of_result)
        trees: list[dict[str, Any]] = answer["workTrees"]
        return trees

    def index(self, root: Path, **params: Any) -> dict[str, Any]:
        """Ask for an index; what is answered at once."""
        (tree,) = self.trees("codewm/index", textDocument={"uri": root.as_uri()}, **params)
        return tree

    def next(self, state: str, holds: Callable[[dict[str, Any]], bool] = lambda tree: True) -> dict[str, Any]:
        """The next that is told with this state; what comes before it is passed over."""
        while True:
            message = self.take()
            if message.get("method") == "codewm/statusChanged":
                tree: dict[str, Any] = message["params"]
                if tree["state"] == state and holds(tree):
                    return tree

    def subjects(self, place: Shop) -> tuple[str, list[str]]:
        """The status and the hits that similar edits are answered with."""
        answer = self.ask("codewm/similarEdits", {"textDocument": {"uri": place.uri}, "k": 50})
        return answer["status"], [hit["subject"] for edit in answer["edits"] for hit in edit["hits"]]

    def end(self) -> int:
        """Say goodbye and return the exit code; a line of progress may still be ending."""
        assert self.ask("shutdown") is None
        self._wire.notify("exit")
        return self._wire.process.wait(SECONDS)

    def states(self) -> list[str]:
        """Which states were told, one after the other."""
        told = [tree["state"] for _, tree in self.told]
        return [state for number, state in enumerate(told) if number == 0 or told[number - 1] != state]


@pytest.fixture
def place(unindexed: Shop, tmp_path: Path) -> Shop:
    """A repository of this test's own, without an index."""
    return unindexed.clone(tmp_path / "place")


@pytest.fixture(scope="module")
def long_repository(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    """A history that takes seconds to index on any machine, longer than progress waits. Shared: tests clone it."""
    repo = Repo.init(tmp_path_factory.mktemp("long") / "repository")
    repo.history(habits(LONG))
    return repo


@pytest.fixture
def long_copy(long_repository: Repo, tmp_path: Path) -> Repo:
    """A clone of one's own."""
    long_repository.git("clone", "--quiet", ".", str(tmp_path / "copy"))
    return Repo(tmp_path / "copy")


def opened(wire: Wire, place: Shop) -> None:
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})


def commits_of(place: Repo) -> int:
    return int(place.git("rev-list", "--count", "--no-merges", "HEAD"))


def none_at(root: Path) -> dict[str, Any]:
    empty = dict.fromkeys(("commits", "commitsTotal", "edits", "message"))
    return {"uri": root.as_uri(), "name": root.name, "state": "none", **empty}


def test_a_work_tree_without_an_index_says_none_and_nothing_pops_up(wire: Wire, place: Shop) -> None:
    panel = Panel(wire, place.root)
    assert panel.next("none") == none_at(place.root)
    opened(wire, place)
    assert panel.subjects(place) == ("no-index", [])
    assert panel.trees("codewm/status") == [none_at(place.root)]
    assert panel.popups == []
    assert not (place.repo.git_dir / "codewm").exists()
    assert panel.end() == 0


def test_an_index_that_is_asked_for_is_made_and_answers_without_a_restart(wire: Wire, place: Shop) -> None:
    panel = Panel(wire, place.root)
    opened(wire, place)
    assert panel.subjects(place)[0] == "no-index"
    assert panel.index(place.root)["state"] == "indexing"
    tree = panel.next("ready")
    assert tree["commits"] == tree["commitsTotal"] == commits_of(place.repo)
    assert panel.trees("codewm/status", textDocument={"uri": place.uri}) == [tree]
    status, subjects = panel.subjects(place)
    assert status == "ok" and "Give the users request a timeout" in subjects
    assert panel.states() == ["none", "indexing", "ready"]
    assert panel.end() == 0


def test_a_first_index_answers_from_what_is_stored_so_far(wire: Wire, long_copy: Repo) -> None:
    panel = Panel(wire, long_copy.root)
    file = long_copy.root / "app" / "part_0.py"
    text = file.read_text() + "\n\ndef late(session, key):\n    return session.get(key, timeout=9)\n"
    item = {"uri": file.as_uri(), "languageId": "python", "version": 1, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    document = {"textDocument": {"uri": file.as_uri()}}
    assert panel.ask("codewm/similarEdits", document)["status"] == "no-index"
    panel.index(long_copy.root)
    panel.next("indexing", lambda tree: bool(tree["commits"]))
    answer = panel.ask("codewm/similarEdits", document)
    (tree,) = panel.trees("codewm/status", **document)
    assert tree["state"] == "indexing" and tree["commits"] < tree["commitsTotal"]
    assert answer["status"] == "ok" and answer["edits"][0]["hits"]
    assert all(int(hit["subject"].split()[-1]) > LONG / 2 for hit in answer["edits"][0]["hits"])  # the newest
    panel.next("indexing", lambda tree: tree["commits"] > 500)
    times = [when for when, tree in panel.told if tree["state"] == "indexing" and tree["commits"]]
    assert len(times) <= 5 * (times[-1] - times[0]) + 2


def test_a_cancelled_index_is_stale_until_it_is_gone_on_with(wire: Wire, long_copy: Repo) -> None:
    panel = Panel(wire, long_copy.root)
    panel.index(long_copy.root)
    while (message := panel.take()).get("method") != "$/progress" or message["params"]["value"]["kind"] != "begin":
        pass
    assert message["params"]["value"]["cancellable"]
    panel.next("indexing", lambda tree: bool(tree["commits"]))
    wire.notify("window/workDoneProgress/cancel", {"token": message["params"]["token"]})
    tree = panel.next("stale")
    assert 0 < tree["commits"] < tree["commitsTotal"] == LONG
    assert panel.trees("codewm/status") == [tree]
    assert panel.index(long_copy.root)["state"] == "indexing"
    rest = panel.next("indexing", lambda tree: bool(tree["commits"]))
    assert rest["commitsTotal"] == LONG - tree["commits"]


def test_a_damaged_index_says_what_mends_it_and_a_rebuild_does(wire: Wire, own: Shop) -> None:
    (own.repo.git_dir / "codewm" / "edits.sqlite3").write_bytes(b"no database at all" * 1000)
    panel = Panel(wire, own.root)
    assert "`codewm-lsp index --rebuild`" in panel.next("error")["message"]
    opened(wire, own)
    assert panel.subjects(own)[0] == "no-index"
    panel.index(own.root)
    assert "`codewm-lsp index --rebuild`" in panel.next("error")["message"]
    panel.index(own.root, rebuild=True)
    assert panel.next("ready")["commits"] == commits_of(own.repo)
    assert panel.subjects(own)[0] == "ok"
    assert panel.popups == []
    assert panel.end() == 0


def test_an_index_of_another_model_is_an_error_until_it_is_made_anew(
    own: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, random_bundle: Bundle
) -> None:
    bundle = reweighed(random_bundle, tmp_path / "bundle", key=0.2, score=0.2)
    monkeypatch.setenv(VARIABLE, str(bundle.folder))
    with Wire() as wire:
        panel = Panel(wire, own.root)
        assert "another version or model" in panel.next("error")["message"]
        panel.index(own.root)
        assert panel.next("ready")["commits"] == commits_of(own.repo)
        assert panel.end() == 0


def test_a_run_that_fails_is_an_error_until_one_succeeds(wire: Wire, own: Shop) -> None:
    panel = Panel(wire, own.root)
    panel.next("ready")
    database = own.repo.git_dir / "codewm" / "edits.sqlite3"
    sound = database.read_bytes()
    database.write_bytes(b"?" * len(sound))
    own.repo.commit("One more", {"late.py": "LATE = 1\n"})
    assert panel.next("error")["commits"] is None
    database.write_bytes(sound)
    own.repo.commit("And another", {"late.py": "LATE = 2\n"})
    assert panel.next("ready")["commits"] == commits_of(own.repo)
    assert panel.end() == 0


def test_when_head_moves_the_index_is_made_ready_again(wire: Wire, own: Shop) -> None:
    panel = Panel(wire, own.root)
    opened(wire, own)
    before = panel.next("ready")
    own.repo.commit(
        "Made just now", {"services/late.py": "def late(session):\n    return session.get(URL, timeout=5)\n"}
    )
    step = panel.next("indexing", lambda tree: bool(tree["commitsTotal"]))
    assert step["commitsTotal"] == 1
    after = panel.next("ready")
    assert (after["commits"], after["edits"]) == (before["commits"] + 1, before["edits"] + 1)
    assert "Made just now" in panel.subjects(own)[1]
    assert panel.end() == 0


def test_an_index_that_somebody_else_makes_is_seen(wire: Wire, place: Shop) -> None:
    panel = Panel(wire, place.root)
    opened(wire, place)
    panel.next("none")
    subprocess.run([sys.executable, "-m", "codewm_lsp", "index", "-q", str(place.root)], check=True)
    assert panel.next("ready")["commits"] == commits_of(place.repo)
    assert panel.subjects(place)[0] == "ok"
    assert panel.end() == 0


def test_each_work_tree_of_a_workspace_has_its_own_state(wire: Wire, own: Shop, place: Shop, tmp_path: Path) -> None:
    second = place.clone(tmp_path / "second")
    folder = tmp_path / "no repository"
    folder.mkdir()
    panel = Panel(wire, own.root, second.root, folder)
    panel.next("ready")
    found = {tree["name"]: tree["state"] for tree in panel.trees("codewm/status")}
    assert found == {"shop": "ready", "second": "none"}
    panel.index(second.root)
    assert panel.next("ready")["uri"] == second.root.as_uri()
    opened(wire, place)
    assert [tree["name"] for tree in panel.trees("codewm/status")] == ["shop", "second", "place"]
    assert [tree["state"] for tree in panel.trees("codewm/status", textDocument={"uri": second.uri})] == ["ready"]
    assert panel.end() == 0


@pytest.mark.parametrize("uri", ["", "untitled:Untitled-1", "file:///nowhere/at/all.py"])
def test_outside_of_git_there_is_no_work_tree(wire: Wire, uri: str) -> None:
    panel = Panel(wire)
    assert panel.trees("codewm/status", textDocument={"uri": uri}) == []
    assert panel.trees("codewm/index", textDocument={"uri": uri}) == []
    assert panel.trees("codewm/status") == []
    assert panel.end() == 0


def test_a_client_that_did_not_ask_for_it_is_told_nothing(wire: Wire, own: Shop) -> None:
    capabilities = wire.initialize(capabilities={"experimental": {"codewm": {"status": "yes"}}})
    assert capabilities["experimental"] == {"codewm": {"status": 1}}
    opened(wire, own)
    assert wire.result("codewm/status", {"textDocument": {"uri": own.uri}})["workTrees"][0]["state"] == "ready"
    own.repo.commit("One more", {"late.py": "LATE = 1\n"})
    time.sleep(2)
    assert wire.end() == 0


def test_a_folder_that_is_added_is_told_of(wire: Wire, own: Shop) -> None:
    panel = Panel(wire)
    event = {"added": [{"uri": own.root.as_uri(), "name": "x"}], "removed": []}
    wire.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert panel.next("ready")["uri"] == own.root.as_uri()
    assert panel.end() == 0
