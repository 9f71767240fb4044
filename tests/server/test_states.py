"""The worker behind the states: the newest version wins, and what lies between costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from codewm_lsp.engine.buffer import Splice
from codewm_lsp.engine.states import LiveStates
from codewm_lsp.server.document import Change, Document, StaleError
from codewm_lsp.server.session import Snapshot
from codewm_lsp.server.settings import Settings
from codewm_lsp.server.states import States

TEXT = "def first(a):\n    return a\n\n\ndef second(b):\n    return b\n"


def document(name: str = "/f.py") -> Document:
    return Document(f"file://{name}", Path(name), 1, TEXT, "utf-16")


def snapshot(of: Document) -> Snapshot:
    return Snapshot(of, of.version, of.revision, Settings())


@pytest.fixture
def changes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many splices each change had that a text was brought up to date with."""
    counts: list[int] = []
    change = LiveStates.change

    def counted(self: LiveStates, splices: Sequence[Splice]) -> None:
        counts.append(len(splices))
        change(self, splices)

    monkeypatch.setattr(LiveStates, "change", counted)
    return counts


async def test_a_burst_of_keys_is_one_step(changes: list[int]) -> None:
    states, typed, gate = States(), document(), threading.Event()
    states.follow(typed)
    before = await states.at(snapshot(typed), 1)
    states._worker.submit(gate.wait)
    for version in range(2, 202):
        typed.record(version, [Change("x", (1, 11, 1, 11))])
        states.follow(typed)
    gate.set()
    after = await states.at(snapshot(typed), 1)
    assert changes == [200]
    assert after.lines[1] == "    return " + "x" * 200 + "a\n"
    assert before.regions[0][0] == after.regions[0][0]
    assert states.close(10)


async def test_an_old_version_is_not_answered(changes: list[int]) -> None:
    states, typed = States(), document()
    old = snapshot(typed)
    typed.record(2, [Change("")])
    with pytest.raises(StaleError):
        await states.at(old, 0)
    assert states.close(10)


async def test_a_document_that_failed_once_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    states, typed = States(), document()
    await states.at(snapshot(typed), 0)
    with monkeypatch.context() as patch:
        patch.setattr(LiveStates, "change", None)
        typed.record(2, [Change("import os\n", (0, 0, 0, 0))])
        with pytest.raises(TypeError):
            await states.at(snapshot(typed), 0)
    view = await states.at(snapshot(typed), 1)
    assert view.regions[0][0].symbol == "first"
    assert states.close(10)


async def test_documents_without_states_cost_nothing(changes: list[int]) -> None:
    states, secret, text = States(), document("/id_rsa.py"), document("/notes.txt")
    for other in (secret, text):
        states.follow(other)
        other.record(2, [Change("x")])
        states.follow(other)
    typed = document()
    await states.between(snapshot(typed), 0, None)
    assert changes == [] and set(states._followed) == {typed}
    assert states.close(10)
