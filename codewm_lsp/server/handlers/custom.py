"""codewm/similarEdits: the same answer as the command, for clients that show it in their own way."""

from __future__ import annotations

from typing import Any

from codewm_lsp.server.convert import touched_lines
from codewm_lsp.server.messages import SimilarEditsParams
from codewm_lsp.server.session import Session
from codewm_lsp.server.similar_edits import Selection, similar_edits


async def codewm_similar_edits(session: Session, params: SimilarEditsParams) -> dict[str, Any]:
    """Past edits for the edits in `range`, for the one nearest to `position`, or for all of the document."""
    selection = None
    if params.range is not None:
        selection = Selection(*touched_lines(params.range), is_cursor=False)
    elif params.position is not None:
        line = params.position.line + 1
        selection = Selection(line, line, is_cursor=True)
    uri, version, k = params.text_document.uri, params.version, params.k
    return await similar_edits(session, uri, selection, version, k, diffs=bool(params.diffs))
