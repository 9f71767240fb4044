"""initialize, initialized and workspace/didChangeConfiguration: what the client is and what it wants."""

from __future__ import annotations

import logging

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codewm_lsp.server.convert import encoding_named
from codewm_lsp.server.session import Session

_log = logging.getLogger(__name__)

SECTION = "codewm"


def initialize(server: LanguageServer, session: Session, params: types.InitializeParams) -> None:
    """Note what the client can do. Nothing slow may happen here: its user is waiting for the answer."""
    session.encoding = encoding_named(str(server.workspace.position_encoding or ""))
    text = params.capabilities.text_document
    action, hover = (text.code_action, text.hover) if text else (None, None)
    session.action_literals = action is not None and action.code_action_literal_support is not None
    formats = hover.content_format if hover else None
    session.markdown_hover = not formats or types.MarkupKind.Markdown in formats
    session.configure(params.initialization_options)


async def initialized(server: LanguageServer, session: Session, params: types.InitializedParams) -> None:
    """Ask for the settings where the client keeps them; report those of `initialize`, which was too early."""
    session.report_settings()
    await _pull(server, session)


async def workspace_did_change_configuration(
    server: LanguageServer, session: Session, params: types.DidChangeConfigurationParams
) -> None:
    """Take over changed settings: asked for where that is possible, otherwise as they were sent."""
    if not await _pull(server, session) and params.settings is not None:
        session.configure(params.settings)
        session.report_settings()


async def _pull(server: LanguageServer, session: Session) -> bool:
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return False
    item = types.ConfigurationItem(section=SECTION)
    try:
        answer = await server.workspace_configuration_async(types.ConfigurationParams(items=[item]))
    except JsonRpcException as error:
        _log.warning("the client did not give its settings: %s", error)
        return True
    if answer and answer[0] is not None:
        session.configure(answer[0])
        session.report_settings()
    return True
