"""The whole way, as an editor goes it: open, edit, hover, code action, command; real server, real index."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_lsp
from cattrs import Converter
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient
from repositories import ADA, Repo
from shop import CALL, FIXED, Shop, module
from wire import SERVER

TITLE = "Similar past edits"
CAPABILITIES = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        code_action=types.CodeActionClientCapabilities(
            code_action_literal_support=types.ClientCodeActionLiteralOptions(
                types.ClientCodeActionKindOptions(["codewm.similar"])
            )
        ),
        hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
    )
)


@pytest_lsp.fixture(config=ClientServerConfig(server_command=list(SERVER)))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:  # type: ignore[misc]
    converter = lsp_client.protocol._converter
    converter.register_structure_hook(types.Command | types.CodeAction, lambda given, _: _action(given, converter))
    await lsp_client.initialize_session(types.InitializeParams(capabilities=CAPABILITIES))
    yield
    await lsp_client.shutdown_session()


def _action(given: dict[str, Any], converter: Converter) -> types.Command | types.CodeAction:
    """lsprotocol takes every code action that has a command for a command."""
    kind = types.Command if isinstance(given["command"], str) else types.CodeAction
    return converter.structure(given, kind)


def open_file(client: LanguageClient, uri: str, text: str, version: int = 1) -> None:
    item = types.TextDocumentItem(uri=uri, language_id="python", version=version, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))


def close_file(client: LanguageClient, uri: str) -> None:
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))


def span(line: int, character: int, end_line: int, end: int) -> types.Range:
    return types.Range(types.Position(line, character), types.Position(end_line, end))


def edit(client: LanguageClient, uri: str, version: int, place: types.Range, text: str) -> None:
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version, uri),
            [types.TextDocumentContentChangePartial(range=place, text=text)],
        )
    )


def add_timeout(client: LanguageClient, place: Shop) -> None:
    """Open the file and type what the history has done to its neighbours."""
    open_file(client, place.uri, place.text)
    column = place.text.splitlines()[CALL].index("url") + len("url")
    edit(client, place.uri, 2, span(CALL, column, CALL, column), ", timeout=60")


async def actions(
    client: LanguageClient, uri: str, place: types.Range, only: list[str] | None = None
) -> list[types.CodeAction]:
    context = types.CodeActionContext(diagnostics=[], only=only)
    found = await client.text_document_code_action_async(
        types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
    )
    assert all(isinstance(action, types.CodeAction) for action in found or [])
    return [action for action in found or [] if isinstance(action, types.CodeAction)]


async def hover(client: LanguageClient, uri: str, line: int) -> types.Hover | None:
    at = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, 4))
    return await client.text_document_hover_async(at)


async def test_the_code_action_leads_to_the_edits_of_the_neighbours(client: LanguageClient, indexed: Shop) -> None:
    add_timeout(client, indexed)
    (action,) = await actions(client, indexed.uri, span(CALL, 0, CALL, 0))
    assert (action.title, action.kind) == (TITLE, "codewm.similar")
    assert action.command is not None
    assert action.command.command == "codewm.showSimilarEdits"
    assert action.command.arguments == (indexed.uri, CALL, 2)
    result = await client.workspace_execute_command_async(
        types.ExecuteCommandParams(action.command.command, action.command.arguments)
    )
    assert isinstance(result, dict)
    assert (result["schema"], result["status"], result["version"]) == ("codewm.similar/1", "ok", 2)
    (answer,) = result["edits"]
    assert (answer["path"], answer["lines"]) == ("services/orders.py", [CALL + 1, CALL + 1])
    best = answer["hits"][:3]
    assert {hit["subject"] for hit in best} == {f"Give the {name} request a timeout" for name in FIXED}
    for hit in best:
        assert hit["author"] == ADA[0]
        assert hit["date"].startswith("2023-11-1")
        assert "+    response = session.get(url, timeout=30)" in hit["diff"].splitlines()


async def test_hover_says_who_when_and_how(client: LanguageClient, indexed: Shop) -> None:
    add_timeout(client, indexed)
    shown = await hover(client, indexed.uri, CALL)
    assert shown is not None and isinstance(shown.contents, types.MarkupContent)
    assert shown.contents.kind == types.MarkupKind.Markdown
    text = shown.contents.value
    assert re.match(r"\*\*Give the (users|invoices|carts) request a timeout\*\*\n\n`[0-9a-f]{10}` ", text)
    assert ADA[0] in text and "2023-11-1" in text and "`services/" in text
    assert re.search(r"similarity \d\.\d\d · ", text)
    assert "\n-    response = session.get(url)\n+    response = session.get(url, timeout=30)\n" in text
    assert text.endswith("\n```") and len(text.splitlines()) < 40
    line = indexed.text.splitlines()[CALL] + ", timeout=60"
    assert shown.range == span(CALL, 0, CALL, len(line))


async def test_unchanged_lines_offer_nothing(client: LanguageClient, indexed: Shop) -> None:
    add_timeout(client, indexed)
    for line in (0, CALL - 2, CALL + 2, len(indexed.text.splitlines())):
        assert await actions(client, indexed.uri, span(line, 0, line, 0)) == []
        assert await hover(client, indexed.uri, line) is None
    assert len(await actions(client, indexed.uri, span(0, 0, CALL, 1))) == 1
    assert await actions(client, indexed.uri, span(0, 0, CALL, 0)) == []


async def test_an_unchanged_file_offers_nothing(client: LanguageClient, indexed: Shop) -> None:
    open_file(client, indexed.uri, indexed.text)
    whole = span(0, 0, 99, 0)
    assert await actions(client, indexed.uri, whole) == []
    edit(client, indexed.uri, 2, span(CALL, 0, CALL, 0), "#")
    assert len(await actions(client, indexed.uri, whole)) == 1
    edit(client, indexed.uri, 3, span(CALL, 0, CALL, 1), "")
    assert await actions(client, indexed.uri, whole) == []


async def test_line_ends_and_a_byte_order_mark_are_no_edits(client: LanguageClient, indexed: Shop) -> None:
    for version, text in enumerate((indexed.text.replace("\n", "\r\n"), "\ufeff" + indexed.text), start=1):
        open_file(client, indexed.uri, text, version)
        assert await actions(client, indexed.uri, span(0, 0, 99, 0)) == []


async def test_a_deletion_is_offered_on_both_its_sides(client: LanguageClient, indexed: Shop) -> None:
    open_file(client, indexed.uri, indexed.text)
    edit(client, indexed.uri, 2, span(CALL + 1, 0, CALL + 2, 0), "")
    offered = [line for line in range(15) if await actions(client, indexed.uri, span(line, 0, line, 0))]
    assert offered == [CALL, CALL + 1]


async def test_kinds_that_were_not_asked_for_are_not_offered(client: LanguageClient, indexed: Shop) -> None:
    add_timeout(client, indexed)
    at = span(CALL, 0, CALL, 0)
    for only, count in ((["quickfix"], 0), (["codewm"], 1), (["codewm.similar"], 1), (["codewm.sim"], 0)):
        assert len(await actions(client, indexed.uri, at, only)) == count


async def test_a_closed_document_is_answered_empty(client: LanguageClient, indexed: Shop) -> None:
    add_timeout(client, indexed)
    close_file(client, indexed.uri)
    assert await actions(client, indexed.uri, span(CALL, 0, CALL, 0)) == []
    assert await hover(client, indexed.uri, CALL) is None


async def test_without_an_index_it_says_so_once(client: LanguageClient, unindexed: Shop) -> None:
    add_timeout(client, unindexed)
    for _ in range(3):
        assert await actions(client, unindexed.uri, span(CALL, 0, CALL, 0)) == []
        assert await hover(client, unindexed.uri, CALL) is None
    other = (unindexed.root / "services" / "users.py").as_uri()
    open_file(client, other, "x = 1\n")
    assert await actions(client, other, span(0, 0, 0, 0)) == []
    (message,) = client.messages
    assert "codewm-lsp index" in message.message


async def test_a_file_outside_of_git_is_answered_empty(client: LanguageClient, tmp_path: Path) -> None:
    file = tmp_path / "lone.py"
    file.write_text("x = 1\n")
    open_file(client, file.as_uri(), "x = 2\n")
    edit(client, file.as_uri(), 2, span(0, 0, 0, 1), "y")
    assert await actions(client, file.as_uri(), span(0, 0, 0, 0)) == []
    assert await hover(client, file.as_uri(), 0) is None
    assert client.messages == []


async def test_secrets_are_answered_empty(client: LanguageClient, indexed: Shop) -> None:
    uri = (indexed.root / ".env").as_uri()
    open_file(client, uri, "KEY=1\n")
    edit(client, uri, 2, span(0, 4, 0, 5), "2")
    assert await actions(client, uri, span(0, 0, 0, 0)) == []
    assert await hover(client, uri, 0) is None


async def test_an_untracked_file_is_compared_with_its_text_at_open(client: LanguageClient, indexed: Shop) -> None:
    uri = (indexed.root / "services" / "new.py").as_uri()
    text = module("news")
    open_file(client, uri, text)
    assert await actions(client, uri, span(0, 0, 99, 0)) == []
    line = text.splitlines()[CALL]
    edit(client, uri, 2, span(CALL, len(line) - 1, CALL, len(line) - 1), ", timeout=5")
    (action,) = await actions(client, uri, span(0, 0, 99, 0))
    assert action.command is not None and action.command.arguments == (uri, CALL, 2)


async def test_a_commit_moves_the_base(client: LanguageClient, own: Shop, tmp_path: Path) -> None:
    root = tmp_path / "worktree"
    own.repo.git("worktree", "add", "--quiet", "-b", "moving", str(root))
    place = Shop(Repo(root, own.repo.clock))
    add_timeout(client, place)
    assert len(await actions(client, place.uri, span(CALL, 0, CALL, 0))) == 1
    place.repo.commit("Give the orders request a timeout", {"services/orders.py": place.with_timeout})
    await _until_nothing_is_offered(client, place.uri)


async def _until_nothing_is_offered(client: LanguageClient, uri: str) -> None:
    """HEAD is looked at once a second."""
    for _ in range(30):
        if not await actions(client, uri, span(CALL, 0, CALL, 0)):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the base did not follow HEAD")
