"""A dismissed thing stays dismissed, wherever hits are shown, for every client, until it is brought back."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from command import run
from repositories import ADA, GRACE
from schema import check, methods
from shop import CALL, Shop
from wire import Wire

from codewm_lsp.engine.dismissed import FILE, Dismissal, Dismissals, Dismissed
from codewm_lsp.engine.index import Hit
from codewm_model.errors import DismissalError
from codewm_model.git import Repository

COMMIT = "a" * 40


def opened(wire: Wire, place: Shop, **options: object) -> dict[str, Any]:
    wire.initialize(**options)
    item = {"uri": place.uri, "languageId": "python", "version": 1, "text": place.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": place.uri}}


def hits(wire: Wire, document: dict[str, Any]) -> list[dict[str, Any]]:
    answer = wire.result("codewm/similarEdits", {**document, "k": 3})
    check(answer, "SimilarEditsResult")
    (edit,) = answer["edits"]
    found: list[dict[str, Any]] = edit["hits"]
    return found


def sent(wire: Wire, method: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """What is dismissed after a request."""
    of_params, of_result = methods()[f"codewm/{method}"]
    check(params, of_params)
    answer = wire.result(f"codewm/{method}", params)
    check(answer, of_result)
    dismissed: list[dict[str, Any]] = answer["dismissed"]
    return dismissed


def test_a_dismissed_hit_is_seen_nowhere_until_it_is_restored(wire: Wire, own: Shop) -> None:
    document = opened(wire, own, initializationOptions={"codeLens": True})
    at = {**document, "position": {"line": CALL, "character": 0}}
    before = hits(wire, document)
    (lens,) = wire.result("textDocument/codeLens", document)
    assert wire.result("codeLens/resolve", lens)["command"]["title"] == "3 close past edits"
    best = before[0]
    hit = {"hit": {name: best[name] for name in ("commit", "path", "lines")}}
    assert sent(wire, "dismiss", {**document, **hit}) == [hit]
    after = hits(wire, document)
    assert [found["commit"] for found in after[:2]] == [found["commit"] for found in before[1:]]
    assert len(after) == 3 and best["commit"] not in {found["commit"] for found in after}
    assert best["subject"] not in wire.result("textDocument/hover", at)["contents"]["value"]
    assert wire.result("codeLens/resolve", lens)["command"]["title"] == "2 close past edits"
    shown = wire.result(
        "workspace/executeCommand", {"command": "codewm.showSimilarEdits", "arguments": [own.uri, CALL, 1]}
    )
    assert best["commit"] not in {found["commit"] for found in shown["edits"][0]["hits"]}
    assert sent(wire, "restore", {**document, **hit}) == []
    assert hits(wire, document) == before
    assert wire.end() == 0


@pytest.mark.parametrize("name", ["commit", "path", "author"])
def test_all_of_a_commit_path_or_author_can_be_dismissed(wire: Wire, own: Shop, name: str) -> None:
    document = opened(wire, own)
    best = hits(wire, document)[0]
    thing = {name: best[name]}
    assert sent(wire, "dismiss", {**document, **thing}) == [thing]
    assert best[name] not in {found[name] for found in hits(wire, document)}
    assert sent(wire, "dismissed", document) == [thing]
    assert wire.end() == 0


def test_another_client_and_a_later_one_honour_it(wire: Wire, own: Shop) -> None:
    document = opened(wire, own)
    best = hits(wire, document)[0]["commit"]
    with Wire() as other:
        opened(other, own)
        assert best in {found["commit"] for found in hits(other, document)}
        assert sent(wire, "dismiss", {**document, "commit": best}) == [{"commit": best}]
        assert best not in {found["commit"] for found in hits(other, document)}
        assert other.end() == 0
    assert wire.end() == 0


def test_outside_of_git_nothing_can_be_dismissed(wire: Wire, tmp_path: Path) -> None:
    wire.initialize()
    for uri in (tmp_path.as_uri(), "untitled:x"):
        answer = wire.result("codewm/dismiss", {"textDocument": {"uri": uri}, "commit": COMMIT})
        check(answer, "DismissedResult")
        assert answer["status"] == "unsupported"
    assert wire.end() == 0


def test_exactly_one_thing_is_dismissed(wire: Wire, own: Shop) -> None:
    document = opened(wire, own)
    hit = {"commit": COMMIT, "path": "a.py", "lines": [1, 2]}
    for params in (
        {}, {"commit": ""}, {"commit": COMMIT, "path": "a.py"}, {"path": "/"}, {"hit": {**hit, "lines": [1]}},
        {"hit": {**hit, "path": ""}}, {"hit": hit, "author": "A"}, {"hit": "a"},
    ):  # fmt: skip
        for method in ("codewm/dismiss", "codewm/restore"):
            assert wire.error(method, {**document, **params})["code"] == -32602, params
    assert wire.end() == 0


def test_what_cannot_be_stored_is_an_error_and_hides_nothing(wire: Wire, own: Shop) -> None:
    document = opened(wire, own)
    before = hits(wire, document)
    (own.root / ".git" / "codewm" / FILE).write_bytes(b"no database at all" * 100)
    error = wire.error("codewm/dismiss", {**document, "commit": before[0]["commit"]})
    assert error["code"] == -32803 and FILE in error["message"]
    assert hits(wire, document) == before
    assert wire.end() == 0


def hit(commit: str = COMMIT, path: str = "a/b/c.py", author: str = ADA[0]) -> Hit:
    return Hit(commit, author, 0, "subject", path, (3, 4), 0.5, 0.5, "add", ())


@pytest.mark.parametrize(
    ("entry", "hidden"),
    [
        (Dismissal(COMMIT, "a/b/c.py", 3, 4), True),
        (Dismissal(COMMIT, "a/b/c.py", 3, 5), False),
        (Dismissal(COMMIT), True),
        (Dismissal("b" * 40), False),
        (Dismissal(path="a/b/c.py"), True),
        (Dismissal(path="a/b"), True),
        (Dismissal(path="a/b/c"), False),
        (Dismissal(path="b"), False),
        (Dismissal(author=ADA[0]), True),
        (Dismissal(author=GRACE[0]), False),
    ],
)
def test_a_dismissal_hides_what_it_names_and_nothing_else(entry: Dismissal, hidden: bool) -> None:
    assert Dismissed([entry]).hides(hit()) is hidden


def test_dismissals_are_kept_in_order_and_once(unindexed: Shop, tmp_path: Path) -> None:
    repository = Repository.open(unindexed.clone(tmp_path / "shop").root)
    dismissals = Dismissals(repository)
    assert dismissals.load().entries == ()
    dismissals.remove(Dismissal(COMMIT))
    entries = (Dismissal(path="z"), Dismissal(author="Ä\u2028 'quoted'"), Dismissal(COMMIT, "p", 1, 2))
    for entry in (*entries, entries[0]):
        dismissals.add(entry)
    assert dismissals.load().entries == Dismissals(repository).load().entries == entries
    dismissals.remove(entries[1])
    assert dismissals.load().entries == (entries[0], entries[2])


def test_numbers_and_texts_that_no_file_holds_are_refused(unindexed: Shop, tmp_path: Path) -> None:
    dismissals = Dismissals(Repository.open(unindexed.clone(tmp_path / "shop").root))
    for entry in (Dismissal(COMMIT, "p", 2**70, 1), Dismissal(author="\ud800")):
        with pytest.raises(DismissalError):
            dismissals.add(entry)


@pytest.mark.parametrize("change", ["path = X'00'", "author = NULL", "first = 'one'", "last = 0.5"])
def test_entries_that_nobody_wrote_are_an_error_with_its_remedy(unindexed: Shop, tmp_path: Path, change: str) -> None:
    shop = unindexed.clone(tmp_path / "shop")
    dismissals = Dismissals(Repository.open(shop.root))
    dismissals.add(Dismissal(COMMIT))
    (file,) = shop.root.rglob(f".git/codewm/{FILE}")
    with sqlite3.connect(file) as db:
        db.execute(f"UPDATE dismissed SET {change}")
    db.close()
    with pytest.raises(DismissalError, match="delete it if it is damaged"):
        Dismissals(Repository.open(shop.root)).load()


def test_the_file_of_a_repository_that_is_read_only_lies_with_the_users_data(
    unindexed: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codewm_lsp.engine.store.is_writable", lambda folder: False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shop = unindexed.clone(tmp_path / "shop")
    dismissals = Dismissals(Repository.open(shop.root))
    dismissals.add(Dismissal(COMMIT))
    (file,) = (tmp_path / "data").rglob(FILE)
    assert not (shop.root / ".git" / "codewm").exists()
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT count(*) FROM dismissed").fetchone() == (1,)


def test_the_command_line_hides_what_was_dismissed_unless_it_is_asked(own: Shop) -> None:
    own.file.write_text(own.with_timeout)

    def paths(*options: str) -> list[str]:
        (edit,) = run("similar", own.root, "--json", "-k", "3", *options).json["edits"]
        return [hit["path"] for hit in edit["hits"]]

    before = paths()
    Dismissals(Repository.open(own.root)).add(Dismissal(path=before[0]))
    assert before[0] not in paths()
    assert len(paths()) == 3, "others take the place of what is hidden"
    assert paths("--with-dismissed") == before
