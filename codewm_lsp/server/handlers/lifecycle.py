"""initialize and initialized: what the client is."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from codewm_lsp.server.convert import encoding_named
from codewm_lsp.server.handlers.configuration import pull_settings, watch_settings
from codewm_lsp.server.handlers.status import wants_status
from codewm_lsp.server.session import Session


def initialize(server: LanguageServer, session: Session, params: types.InitializeParams) -> None:
    """Note what the client can do. Nothing slow may happen here: its user is waiting for the answer."""
    session.encoding = encoding_named(str(server.workspace.position_encoding or ""))
    text = params.capabilities.text_document
    action, hover = (text.code_action, text.hover) if text else (None, None)
    session.action_literals = action is not None and action.code_action_literal_support is not None
    resolves = action.resolve_support if action and action.data_support else None
    session.resolves_commands = resolves is not None and "command" in resolves.properties
    formats = hover.content_format if hover else None
    session.markdown_hover = not formats or types.MarkupKind.Markdown in formats
    session.shows_status = wants_status(params.capabilities)
    session.folders.add(_folders(params))
    session.configure(params.initialization_options)


async def initialized(server: LanguageServer, session: Session, params: types.InitializedParams) -> None:
    """Ask for the settings where the client keeps them; report those of `initialize`, which was too early."""
    session.report_settings()
    watch_settings(server)
    if session.shows_status:
        await session.follow()
    await pull_settings(server, session)


def _folders(params: types.InitializeParams) -> list[str]:
    if params.workspace_folders is not None:
        return [folder.uri for folder in params.workspace_folders]
    return [params.root_uri] if params.root_uri else []
