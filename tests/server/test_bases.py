"""What a live edit is counted from, through a real server: HEAD wherever it goes, and the file wherever it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shop import CALL, Shop
from wire import SECONDS, Wire

CHANGED = [[CALL + 1, CALL + 1]]


@pytest.fixture
def place(own: Shop) -> Shop:
    """A repository and index of one's own: what is committed is indexed while the server runs."""
    return own


def opened(wire: Wire, path: Path, text: str) -> None:
    item = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})


def replaced(wire: Wire, path: Path, text: str) -> None:
    """The editor reads the file again, or the person types all of it."""
    document = {"uri": path.as_uri(), "version": 2}
    wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


def closed(wire: Wire, path: Path) -> None:
    wire.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})


def edits(wire: Wire, path: Path) -> Any:
    """The lines of the live edits of a document."""
    answer = wire.result("codewm/similarEdits", {"textDocument": {"uri": path.as_uri()}, "k": 1})
    assert answer["status"] in ("ok", "no-edit")
    return [edit["lines"] for edit in answer["edits"]]


def comes_to_have(wire: Wire, path: Path, wanted: list[list[int]]) -> None:
    """HEAD is looked at once a second."""
    end = time.monotonic() + SECONDS
    while (found := edits(wire, path)) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.2)


def test_a_commit_makes_the_edits_history(wire: Wire, place: Shop) -> None:
    wire.initialize()
    opened(wire, place.file, place.with_timeout)
    assert edits(wire, place.file) == CHANGED
    place.repo.commit("Give the orders request a timeout", {"services/orders.py": place.with_timeout})
    comes_to_have(wire, place.file, [])
    replaced(wire, place.file, place.text.replace("60", "90"))
    assert edits(wire, place.file) == CHANGED
    assert wire.end() == 0


def test_a_checkout_brings_its_own_base(wire: Wire, place: Shop) -> None:
    wire.initialize()
    text, other = place.text, place.with_timeout
    place.repo.commit("Give the orders request a timeout", {"services/orders.py": other})
    opened(wire, place.file, other)
    assert edits(wire, place.file) == []
    place.repo.git("checkout", "--quiet", "--detach", "HEAD~1")
    comes_to_have(wire, place.file, CHANGED)
    replaced(wire, place.file, text)
    assert edits(wire, place.file) == []
    assert wire.end() == 0


def test_a_stash_takes_the_edits_away_and_brings_them_back(wire: Wire, place: Shop) -> None:
    wire.initialize()
    text = place.text
    place.repo.write({"services/orders.py": place.with_timeout})
    opened(wire, place.file, place.text)
    assert edits(wire, place.file) == CHANGED
    place.repo.git("stash")
    assert place.text == text
    replaced(wire, place.file, place.text)
    assert edits(wire, place.file) == []
    place.repo.git("stash", "pop")
    replaced(wire, place.file, place.text)
    assert edits(wire, place.file) == CHANGED
    assert wire.end() == 0


def staged(place: Shop, to: Path) -> None:
    place.repo.git("mv", str(place.file), str(to))


def unstaged(place: Shop, to: Path) -> None:
    place.file.rename(to)


@pytest.mark.parametrize("move", [staged, unstaged])
@pytest.mark.parametrize("to", ["services/purchases.py", "orders.py"])
def test_a_renamed_file_keeps_its_edits(wire: Wire, place: Shop, move: Callable[[Shop, Path], None], to: str) -> None:
    """Renamed outside of the editor, and then opened."""
    wire.initialize()
    text, new = place.with_timeout, place.root / to
    move(place, new)
    opened(wire, new, text)
    assert edits(wire, new) == CHANGED
    place.repo.commit("Move the orders", {to: text})
    comes_to_have(wire, new, [])
    assert wire.end() == 0


@pytest.mark.parametrize("opened_first", [True, False])
def test_a_file_renamed_in_the_editor_keeps_edits_that_were_never_saved(
    wire: Wire, place: Shop, opened_first: bool
) -> None:
    wire.initialize()
    text, new = place.with_timeout, place.root / "elsewhere" / "purchases.txt"
    opened(wire, place.file, place.text)
    replaced(wire, place.file, text)
    if opened_first:
        opened(wire, new, text)
    closed(wire, place.file)
    if not opened_first:
        opened(wire, new, text)
    assert edits(wire, new) == CHANGED
    assert wire.end() == 0


def test_a_file_saved_under_another_name_keeps_its_edits_and_the_old_one_its_own(wire: Wire, place: Shop) -> None:
    wire.initialize()
    text, new = place.with_timeout, place.root / "services" / "purchases.py"
    opened(wire, place.file, place.text)
    replaced(wire, place.file, text)
    new.write_text(text)
    opened(wire, new, text)
    assert edits(wire, new) == CHANGED
    replaced(wire, place.file, place.text)
    assert edits(wire, place.file) == []
    replaced(wire, new, place.text)
    assert edits(wire, new) == []
    assert wire.end() == 0


def test_a_new_file_begins_at_its_text_at_open(wire: Wire, place: Shop) -> None:
    """Also where another file is gone that has little in common with it, or was called by a secret's name."""
    wire.initialize()
    text = place.with_timeout
    place.repo.commit("Add secrets", {"services/secrets.py": text})
    users = place.root / "services" / "users.py"
    users.rename(place.root / "away")
    new = place.root / "services" / "purchases.py"
    opened(wire, new, text.replace("orders", "x").replace("response", "y").replace("return", "yield"))
    assert edits(wire, new) == []
    (place.root / "away").rename(users)
    (place.root / "services" / "secrets.py").unlink()
    other = place.root / "services" / "config.py"
    opened(wire, other, text + "KEY = 1\n")
    assert edits(wire, other) == []
    assert wire.end() == 0
