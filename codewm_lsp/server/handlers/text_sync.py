"""textDocument/didOpen, didChange and didClose: record what the editor says, compute nothing."""

from __future__ import annotations

from lsprotocol import types

from codewm_lsp.server.document import Change
from codewm_lsp.server.session import Session


def text_document_did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Take over the document; its text is the editor's from now on, whatever is on the disk."""
    document = params.text_document
    session.open(document.uri, document.version, document.text)


def text_document_did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Note the changes. They are applied in the given order, each to what the one before it left."""
    changes = [_change(change) for change in params.content_changes]
    session.change(params.text_document.uri, params.text_document.version, changes)


def text_document_did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget the document; questions about it are answered empty."""
    session.close(params.text_document.uri)


def unreadable_notification(session: Session, method: str, params: object) -> None:
    """A change that was not understood is a change that was lost: such a document is let go.

    Edits counted from a wrong text would point at wrong lines until it is opened again.
    """
    if method in (types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_OPEN) and isinstance(params, dict):
        document = params.get("textDocument")
        if isinstance(document, dict) and isinstance(uri := document.get("uri"), str):
            session.close(uri)


def _change(change: types.TextDocumentContentChangeEvent) -> Change:
    if isinstance(change, types.TextDocumentContentChangePartial):
        start, end = change.range.start, change.range.end
        return Change(change.text, (start.line, start.character, end.line, end.character))
    return Change(change.text)
