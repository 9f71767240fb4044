"""The text before and after a past edit: what git has, for both protocols, and a clear error for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repo
from schema import check
from shop import Shop, module
from wire import Wire

from codewm_lsp.engine.past_texts import past_text
from codewm_lsp.server.convert import content_of, content_uri
from codewm_model.errors import HistoryError
from codewm_model.git import Repository


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Files that come, change, move and go."""
    repo = Repo.init(tmp_path_factory.mktemp("texts") / "repo")
    text = "".join(f"line {i}\n" for i in range(20))
    repo.commit("add", {"a dir/ä#1?.py": text, "gone.py": "x\r\ny", "data.bin": b"\0\1", ".env": "KEY=1\n"})
    repo.git("mv", "a dir/ä#1?.py", "moved.py")
    repo.commit("move", {"moved.py": text.replace("line 3\n", "line three\n")})
    repo.commit("go", {"gone.py": None, "data.bin": b"\0\2", ".env": "KEY=2\n", "latin.py": "é".encode("latin-1")})
    return repo


def test_both_sides_are_the_files_as_git_has_them(repo: Repo) -> None:
    git, ids = Repository.open(repo.root), repo.ids
    moved = (repo.root / "moved.py").read_text()
    original = moved.replace("line three", "line 3")
    assert past_text(git, ids["add"], "a dir/ä#1?.py", "before") == ""
    assert past_text(git, ids["add"], "a dir/ä#1?.py", "after") == original
    assert past_text(git, ids["move"], "moved.py", "before") == original
    assert past_text(git, ids["move"], "moved.py", "after") == moved
    assert past_text(git, ids["go"], "gone.py", "before") == "x\r\ny"
    assert past_text(git, ids["go"], "gone.py", "after") == ""
    assert past_text(git, ids["go"], "latin.py", "after") == "é"


@pytest.mark.parametrize(
    ("commit", "path", "reason"),
    [
        ("add", "moved.py", "does not change"),
        ("add", "../../etc/passwd", "does not change"),
        ("add", "", "does not change"),
        ("go", "data.bin", "no text"),
        ("go", ".env", "left alone"),
        ("HEAD", "gone.py", "no commit"),
        ("--output=x", "gone.py", "no commit"),
        ("0" * 40, "gone.py", "no commit"),
        ("tree", "gone.py", "no commit"),
    ],
)
def test_everything_else_is_said(repo: Repo, commit: str, path: str, reason: str) -> None:
    commit = repo.git("rev-parse", "HEAD^{tree}") if commit == "tree" else repo.ids.get(commit, commit)
    with pytest.raises(HistoryError, match=reason):
        past_text(Repository.open(repo.root), commit, path, "after")


def test_a_missing_object_is_said(repo: Repo, tmp_path: Path) -> None:
    repo.git("repack", "-adq")
    repo.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    blob = clone.git("rev-parse", f"{repo.ids['move']}:moved.py")
    packs = clone.git_dir / "objects" / "pack"
    (pack,) = packs.glob("*.pack")
    data = pack.read_bytes()
    for file in packs.iterdir():
        file.unlink()
    clone.git("unpack-objects", "-q", stdin=data)
    clone.lose(blob)
    with pytest.raises(HistoryError, match="missing"):
        past_text(Repository.open(clone.root), repo.ids["move"], "moved.py", "after")


@given(path=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_every_path_survives_its_uri(path: str) -> None:
    assert content_of(content_uri("a" * 40, path, "before")) == ("a" * 40, path, "before")


@pytest.mark.parametrize(
    "uri", ["codewm:", "codewm:/a/after", "codewm://h/a/after/p", "file:///a/after/p", "codewm:a/b/c/d", "//["]
)
def test_other_uris_are_none_of_ours(uri: str) -> None:
    assert content_of(uri) is None


def test_a_hits_documents_are_its_texts(wire: Wire, indexed: Shop) -> None:
    assert wire.initialize()["workspace"]["textDocumentContent"] == {"schemes": ["codewm"]}
    item = {"uri": indexed.uri, "languageId": "python", "version": 1, "text": indexed.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    answer = wire.result("codewm/similarEdits", {"textDocument": {"uri": indexed.uri}, "k": 1})
    (hit,) = answer["edits"][0]["hits"]
    name = Path(hit["path"]).stem
    for side, extra in (("before", ""), ("after", ", timeout=30")):
        content = wire.result("workspace/textDocumentContent", {"uri": hit[side]})
        assert content == {"text": module(name, extra)}
        params = {"commit": hit["commit"], "path": hit["path"], "side": side}
        check(params, "EditContentParams")
        assert wire.result("codewm/editContent", params) == content
        check(content, "EditContentResult")
    assert wire.end() == 0


def test_a_restored_editor_has_its_text_from_the_workspace_folder(wire: Wire, indexed: Shop) -> None:
    """No document is open: the folders are where commits are looked for."""
    uri = content_uri(indexed.repo.git("rev-parse", "HEAD~1"), "services/carts.py", "after")
    wire.initialize(workspaceFolders=[{"uri": indexed.root.as_uri(), "name": "shop"}])
    assert wire.result("workspace/textDocumentContent", {"uri": uri}) == {"text": module("carts", ", timeout=30")}
    assert wire.end() == 0


def test_what_git_cannot_give_is_a_failed_request(wire: Wire, indexed: Shop) -> None:
    wire.initialize(rootUri=indexed.root.as_uri())
    head = indexed.repo.git("rev-parse", "HEAD")
    refused: tuple[tuple[str, dict[str, Any], int], ...] = (
        ("workspace/textDocumentContent", {"uri": content_uri("0" * 40, "a.py", "after")}, -32803),
        ("workspace/textDocumentContent", {"uri": content_uri(head, "no/such.py", "after")}, -32803),
        ("workspace/textDocumentContent", {"uri": content_uri(head, "a.py", "middle")}, -32602),
        ("workspace/textDocumentContent", {"uri": "file:///etc/passwd"}, -32602),
        ("codewm/editContent", {"commit": head, "path": "no/such.py", "side": "after"}, -32803),
        ("codewm/editContent", {"commit": "HEAD", "path": "a.py", "side": "before"}, -32803),
        ("codewm/editContent", {"commit": head, "path": "a.py", "side": "middle"}, -32602),
        ("codewm/editContent", {"commit": head}, -32602),
    )
    for method, params, code in refused:
        assert wire.error(method, params)["code"] == code, params
    assert wire.end() == 0
    assert b"Traceback" not in wire.errors
