"""JSON-RPC as the specification has it, where pygls 2.1 leaves the client waiting.

pygls gives no answer to a request whose params are malformed, none after `shutdown`, the wrong code before
`initialize`, exit code 0 without `shutdown`, and Python tracebacks in `data`. It also keeps its own copy
of every document, splits its lines wrongly and fails on a change to one it does not know; here it keeps none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

from cattrs import Converter
from cattrs.errors import ClassValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from codewm_lsp.server.convert import SCHEME
from codewm_lsp.server.messages import STATUS_VERSION, message_type

_log = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
NOT_INITIALIZED = -32002
REQUEST_FAILED = -32803

# pygls' own handlers of these keep documents, folders and tokens, or hide the inner task so that a cancel misses it.
_OURS = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
    types.WORKSPACE_EXECUTE_COMMAND,
    types.SHUTDOWN,
    types.EXIT,
)


class Protocol(LanguageServerProtocol):
    """The life of one connection: which messages are allowed when, and what a bad one is answered."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        for method in _OURS:
            self.fm.builtin_features.pop(method, None)
        self.fm.add_builtin_feature(types.SHUTDOWN, self._on_shutdown)
        self.fm.add_builtin_feature(types.EXIT, self._on_exit)
        self._initialize_seen = False
        self._asked: dict[int | str, tuple[str, float]] = {}
        self.on_exit: Callable[[], None] = lambda: None
        """Called once when the client says `exit`; set by who runs the connection."""
        self.on_client: Callable[[int], None] = lambda pid: None
        """Called with the process that `initialize` names as the client's."""
        self.on_unreadable: Callable[[str, object], None] = lambda method, params: None
        """Called with a notification that was not understood, since a lost change spoils a document."""

    @property
    def exit_code(self) -> int:
        """0 after `shutdown`, 1 without (LSP 3.17, Exit Notification)."""
        return 0 if self._shutdown else 1

    def get_message_type(  # type: ignore[override]  # pygls' is wrapped in a cache, and typed as one
        self, method: str
    ) -> type[Any] | None:
        """Our own messages, then the specification's."""
        return message_type(method) or super().get_message_type(method)

    def unparsable(self) -> None:
        """Answer bytes that were no JSON; there is no id to answer to."""
        self._refuse(None, PARSE_ERROR, "Parse error: the message is not valid JSON")

    def receive(self, message: object) -> None:
        """Take one decoded message; every request gets exactly one answer, whatever is in it."""
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._refuse(_id_of(message), INVALID_REQUEST, "Invalid request: not a JSON-RPC 2.0 message")
            return
        if "method" not in message:
            self._take_response(message)
            return
        method = message["method"]
        is_request = "id" in message
        if not isinstance(method, str) or (is_request and _id_of(message) is None):
            self._refuse(_id_of(message), INVALID_REQUEST, "Invalid request: bad method or id")
            return
        if is_request:
            refusal = self._refusal(method)
            if refusal is not None:
                self._refuse(message["id"], *refusal)
                return
        elif method != types.EXIT and (not self._initialize_seen or self._shutdown):
            return
        kind = self._kind_of(method)
        if kind is None:
            if is_request:
                self._refuse(message["id"], METHOD_NOT_FOUND, f"Method not found: {method}")
            return
        try:
            typed = self._converter.structure(message, kind)
        except Exception as error:
            # cattrs raises what a value's own checks raise, so nothing narrower is safe here.
            _log.warning("%s was not understood: %s", method, _reason(error))
            if is_request:
                self._refuse(message["id"], INVALID_PARAMS, f"Invalid params: {_reason(error)}")
            else:
                self.on_unreadable(method, message.get("params"))
            return
        if method == types.INITIALIZE:
            self._initialize_seen = True
        if is_request:
            self._asked[message["id"]] = method, time.monotonic()
        elif method != types.SET_TRACE:
            self._trace(f"{method} taken")
        self.handle_message(typed)

    def _kind_of(self, method: str) -> type[Any] | None:
        """The message type of a method that we handle, None for all others."""
        handled = method == types.CANCEL_REQUEST or method in {**self.fm.builtin_features, **self.fm.features}
        return self.get_message_type(method) if handled else None

    def _refusal(self, method: str) -> tuple[int, str] | None:
        if self._shutdown:
            return INVALID_REQUEST, "Invalid request: the server has been shut down"
        if method == types.INITIALIZE and self._initialize_seen:
            return INVALID_REQUEST, "Invalid request: already initialized"
        if method != types.INITIALIZE and not self._initialize_seen:
            return NOT_INITIALIZED, "The server is not initialized yet"
        return None

    def _take_response(self, message: dict[str, Any]) -> None:
        """pygls keeps what it asked and what it was asked in one table; an answer to the latter would break it."""
        msg_id = _id_of(message)
        if msg_id is None or msg_id not in self._result_types:
            _log.warning("the client answered something that was not asked")
            return
        try:
            self.handle_message(self.structure_message(message))
        except JsonRpcException as error:
            _log.warning("an answer of the client was not understood")
            if (future := self._request_futures.pop(msg_id, None)) is not None and not future.done():
                future.set_exception(error)

    def _refuse(self, msg_id: int | str | None, code: int, message: str) -> None:
        self._send_data({"jsonrpc": "2.0", "id": msg_id, "error": {"code": code, "message": message}})
        self._trace(f"request {msg_id} refused", message)

    def _handle_cancel_notification(self, msg_id: object) -> None:
        """As pygls does it, but only for what the client has asked and still waits for, whatever the id looks like."""
        if isinstance(msg_id, int | str) and msg_id in self._asked:
            super()._handle_cancel_notification(msg_id)

    def _send_handler_result(self, future: Future[Any], *, msg_id: str | int) -> None:
        """As pygls does it, but a refusal is no fault of ours and needs no traceback in the log."""
        refusal = None if future.cancelled() else future.exception()
        if not isinstance(refusal, JsonRpcException):
            super()._send_handler_result(future, msg_id=msg_id)
            return
        self._request_futures.pop(msg_id, None)
        self._send_response(msg_id, error=refusal.to_response_error())

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """As pygls does it, and what its builder of capabilities does not know."""
        self.trace = params.trace or types.TraceValue.Off
        if params.process_id is not None:
            self.on_client(params.process_id)
        result = yield from super().lsp_initialize(params)
        assert result.capabilities.workspace is not None
        result.capabilities.workspace.text_document_content = types.TextDocumentContentOptions([SCHEME])
        result.capabilities.experimental = {"codewm": {"status": STATUS_VERSION}}
        return result

    def _send_response(
        self, msg_id: str | int, result: Any | None = None, error: types.ResponseError | None = None
    ) -> None:
        """As pygls does it, but a traceback is for the log and not for the wire."""
        if error is not None:
            error = types.ResponseError(code=error.code, message=error.message)
        super()._send_response(msg_id, result, error)
        method, asked = self._asked.pop(msg_id, ("", 0.0))
        took = f"{1000 * (time.monotonic() - asked):.1f} ms"
        self._trace(f"{method} ({msg_id}) answered", f"{took}, {'ok' if error is None else error.message}")

    def _trace(self, message: str, verbose: str | None = None) -> None:
        """Tell a client that asked for it what happens; never anything of the code."""
        if self.trace != types.TraceValue.Off:
            more = verbose if self.trace == types.TraceValue.Verbose else None
            self._server.log_trace(types.LogTraceParams(message, more))

    def _on_shutdown(self, params: object) -> None:
        """Answer null; what is still being computed is answered as cancelled."""
        self._shutdown = True
        for future in list(self._request_futures.values()):
            future.cancel()

    def _on_exit(self, params: object) -> None:
        self.on_exit()


def invalid_params(reason: str) -> JsonRpcException:
    """The error for params that have the right types and make no sense."""
    return JsonRpcInvalidParams(f"Invalid params: {reason}")


def request_failed(reason: str) -> JsonRpcException:
    """The error for a request that was understood and cannot be answered."""
    return JsonRpcException(reason, REQUEST_FAILED)


def _id_of(message: object) -> int | str | None:
    value = message.get("id") if isinstance(message, dict) else None
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _reason(error: BaseException) -> str:
    """The innermost cause in one line: cattrs nests one group per level of the message."""
    while isinstance(error, ClassValidationError) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, KeyError):
        return f"{error} is missing"
    text = str(error).partition("\n")[0] or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
