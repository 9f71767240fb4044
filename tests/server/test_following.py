"""The index of an open file's repository follows its commits, without anybody asking for it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from shop import Shop
from wire import Wire

PATIENCE = 60.0  # seconds; how soon it really is, the benchmarks say


@pytest.fixture
def place(unindexed: Shop, tmp_path: Path) -> Shop:
    """A repository of this test's own."""
    return unindexed.clone(tmp_path / "shop")


def opened(wire: Wire, place: Shop) -> dict[str, Any]:
    wire.initialize()
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": place.uri}, "k": 50}


def subjects(wire: Wire, params: dict[str, Any]) -> set[str]:
    found = wire.result("codewm/similarEdits", params)
    return {hit["subject"] for edit in found["edits"] for hit in edit["hits"]}


def test_a_commit_made_while_the_server_runs_is_found(wire: Wire, own: Shop) -> None:
    params = opened(wire, own)
    assert "Made just now" not in subjects(wire, params)
    repo = own.repo
    repo.commit("Something to change", {"services/late.py": "def late(session):\n    return session.get(URL)\n"})
    repo.commit("Made just now", {"services/late.py": "def late(session):\n    return session.get(URL, timeout=5)\n"})
    deadline = time.monotonic() + PATIENCE
    while "Made just now" not in subjects(wire, params):
        assert time.monotonic() < deadline, "the commit was not indexed"
        time.sleep(0.2)


def test_an_index_is_never_made_unasked(wire: Wire, place: Shop) -> None:
    opened(wire, place)
    place.repo.commit("One more", {"services/late.py": "LATE = 1\n"})
    time.sleep(2)
    assert not (place.repo.git_dir / "codewm").exists()
