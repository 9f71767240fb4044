"""Makes the server and runs it. There is no module-level server object: a test can have several."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer

from codewm_lsp import __version__
from codewm_lsp.server.following import Following
from codewm_lsp.server.handlers import (
    code_action,
    code_lens,
    configuration,
    content,
    custom,
    dismiss,
    execute_command,
    hover,
    lifecycle,
    state,
    status,
    text_sync,
)
from codewm_lsp.server.logs import logs_on_stderr
from codewm_lsp.server.messages import (
    DISMISS,
    DISMISSED,
    EDIT_CONTENT,
    INDEX,
    PREDICT_EDITS,
    RESTORE,
    SHOW_PREDICTED_EDITS,
    SHOW_SIMILAR_EDITS,
    SIMILAR_EDITS,
    STATE,
    STATUS,
    STATUS_CHANGED,
    converter,
)
from codewm_lsp.server.progress import WorkDone
from codewm_lsp.server.protocol import Protocol
from codewm_lsp.server.session import Session
from codewm_lsp.server.transport import serve_stdio, serve_tcp

if TYPE_CHECKING:
    from codewm_lsp.engine.index_state import IndexState

_log = logging.getLogger(__name__)

_SECONDS_A_THREAD_KEEPS_PYTHON = 0.001
"""Python's own is 0.005: what the event loop waits while a worker computes, however little it has to do itself."""


class _Server(LanguageServer):
    """pygls' server with a session, and without its pop-up for every failure."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__("codewm-lsp", __version__, protocol_cls=Protocol, converter_factory=converter)
        self.work_done = WorkDone(self)
        self.session = Session(self._tell, Following(self.work_done, self._status_changed))

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log it, for nobody can act on a pop-up. A request's error has been answered and logged already."""
        if source is not FeatureRequestError:
            _log.error("%s: %s", getattr(source, "__name__", source), error)

    def _tell(self, text: str) -> None:
        self.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))

    def _status_changed(self, work_tree: Path, state: IndexState) -> None:
        if self.session.shows_status:
            self.protocol.notify(STATUS_CHANGED, status.work_tree(work_tree, state))


def create_server() -> _Server:
    """A server with all its handlers, not yet connected to a client."""
    server = _Server()
    session = server.session
    serve = server.feature
    serve(types.INITIALIZE)(partial(lifecycle.initialize, server, session))
    serve(types.INITIALIZED)(partial(lifecycle.initialized, server, session))
    serve(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(
        partial(configuration.workspace_did_change_configuration, server, session)
    )
    serve(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(
        partial(configuration.workspace_did_change_workspace_folders, server, session)
    )
    serve(types.TEXT_DOCUMENT_DID_OPEN)(partial(text_sync.text_document_did_open, session))
    serve(types.TEXT_DOCUMENT_DID_CHANGE)(partial(text_sync.text_document_did_change, session))
    serve(types.TEXT_DOCUMENT_DID_CLOSE)(partial(text_sync.text_document_did_close, session))
    serve(types.TEXT_DOCUMENT_CODE_ACTION, code_action.options())(
        partial(code_action.text_document_code_action, session)
    )
    serve(types.CODE_ACTION_RESOLVE)(partial(code_action.code_action_resolve, session))
    serve(types.TEXT_DOCUMENT_CODE_LENS, code_lens.options())(partial(code_lens.text_document_code_lens, session))
    serve(types.CODE_LENS_RESOLVE)(partial(code_lens.code_lens_resolve, session))
    serve(types.TEXT_DOCUMENT_HOVER)(partial(hover.text_document_hover, session))
    server.command(SHOW_SIMILAR_EDITS)(partial(execute_command.codewm_show_similar_edits, session))
    server.command(SHOW_PREDICTED_EDITS)(partial(execute_command.codewm_show_predicted_edits, session))
    serve(types.WORKSPACE_EXECUTE_COMMAND)(
        partial(execute_command.workspace_execute_command, server.protocol.fm.commands)
    )
    serve(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)(partial(content.workspace_text_document_content, session))
    serve(EDIT_CONTENT)(partial(content.codewm_edit_content, session))
    serve(DISMISS)(partial(dismiss.codewm_dismiss, server, session))
    serve(RESTORE)(partial(dismiss.codewm_restore, server, session))
    serve(DISMISSED)(partial(dismiss.codewm_dismissed, session))
    serve(SIMILAR_EDITS)(partial(custom.codewm_similar_edits, session))
    serve(PREDICT_EDITS)(partial(custom.codewm_predict_edits, session))
    serve(STATE)(partial(state.codewm_state, session))
    serve(STATUS)(partial(status.codewm_status, session))
    serve(INDEX)(partial(status.codewm_index, session))
    serve(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)(partial(server.work_done.cancel))
    server.protocol.on_unreadable = partial(text_sync.unreadable_notification, session)
    return server


def run(tcp: tuple[str, int] | None = None) -> int:
    """Serve one client on stdio, or on a loopback address for debugging, and return the exit code.

    Raises ValueError where `tcp` names another machine's address.
    """
    sys.setswitchinterval(_SECONDS_A_THREAD_KEEPS_PYTHON)
    with logs_on_stderr():
        server = create_server()
        try:
            code = serve_stdio(server.protocol) if tcp is None else serve_tcp(server.protocol, *tcp)
        finally:
            ended = server.session.end()
    if not ended:
        # A thread that is still loading the model would meet Python's end inside of C++, and abort the process.
        sys.stderr.flush()
        os._exit(code)
    return code
