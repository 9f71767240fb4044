"""workspace/didChangeConfiguration and didChangeWorkspaceFolders: what the person wants, and where."""

from __future__ import annotations

import logging

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codewm_lsp.server.session import Session

_log = logging.getLogger(__name__)

SECTION = "codewm"


async def workspace_did_change_configuration(
    server: LanguageServer, session: Session, params: types.DidChangeConfigurationParams
) -> None:
    """Take over changed settings: asked for where that is possible, otherwise as they were sent."""
    if not await pull_settings(server, session) and params.settings is not None:
        session.configure(params.settings)
        session.report_settings()
    refresh_lenses(server)


async def workspace_did_change_workspace_folders(
    server: LanguageServer, session: Session, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Folders came or went while the server runs: ask for the new ones' settings, let go of the others."""
    session.change_folders(
        [folder.uri for folder in params.event.added], [folder.uri for folder in params.event.removed]
    )
    if session.shows_status:
        await session.follow()
    await pull_settings(server, session)


async def pull_settings(server: LanguageServer, session: Session) -> bool:
    """Ask the client for the section, in general and for each folder; False where it cannot be asked."""
    if not get_capability(server.client_capabilities, "workspace.configuration"):
        return False
    folders = session.folders.uris
    items = [types.ConfigurationItem(section=SECTION)]
    items += (types.ConfigurationItem(scope_uri=uri, section=SECTION) for uri in folders)
    try:
        answer = await server.workspace_configuration_async(types.ConfigurationParams(items))
    except JsonRpcException as error:
        _log.warning("the client did not give its settings: %s", error)
        return True
    for uri, given in zip((None, *folders), answer or (), strict=False):
        if given is not None or uri is not None:
            session.configure(given, uri)
    session.report_settings()
    return True


def watch_settings(server: LanguageServer) -> None:
    """Ask to be told of changes, which some clients do only then."""
    if get_capability(server.client_capabilities, "workspace.did_change_configuration.dynamic_registration"):
        options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        registration = types.Registration(id=method, method=method, register_options=options)
        server.client_register_capability(types.RegistrationParams([registration]))


def refresh_lenses(server: LanguageServer) -> None:
    """Ask the client to ask for its lenses again, where it can."""
    if get_capability(server.client_capabilities, "workspace.code_lens.refresh_support"):
        server.workspace_code_lens_refresh(None)
