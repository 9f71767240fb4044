"""workspace/textDocumentContent (LSP 3.18) and codewm/editContent: the text of a past edit's file, before or after.

A commit never changes, so these documents never need a refresh.
"""

from __future__ import annotations

from typing import Literal

from lsprotocol import types

from codewm_lsp.server.convert import content_of
from codewm_lsp.server.messages import EditContentParams
from codewm_lsp.server.protocol import invalid_params, request_failed
from codewm_lsp.server.session import Session


async def workspace_text_document_content(
    session: Session, params: types.TextDocumentContentParams
) -> types.TextDocumentContentResult:
    """The text of a `codewm:` document, as `before` and `after` of a hit name it."""
    match content_of(params.uri):
        case (commit, path, ("before" | "after") as side):
            return types.TextDocumentContentResult(await _text(session, commit, path, side))
    raise invalid_params(f"{params.uri!r} is not codewm:/COMMIT/before/PATH or codewm:/COMMIT/after/PATH")


async def codewm_edit_content(session: Session, params: EditContentParams) -> dict[str, str]:
    """The same for clients of before LSP 3.18."""
    return {"text": await _text(session, params.commit, params.path, params.side)}


async def _text(session: Session, commit: str, path: str, side: Literal["before", "after"]) -> str:
    from codewm_model.errors import CodewmError

    try:
        return await session.past_text(commit, path, side)
    except CodewmError as error:
        raise request_failed(str(error)) from error
