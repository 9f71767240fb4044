"""codewm/similarEdits and codewm/predictEdits: the commands' answers, for clients that show them in their own way."""

from __future__ import annotations

from typing import Any

from codewm_lsp.server.convert import touched_lines
from codewm_lsp.server.messages import PredictEditsParams, SimilarEditsParams
from codewm_lsp.server.predicted_edits import predicted_edits
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


async def codewm_predict_edits(session: Session, params: PredictEditsParams) -> dict[str, Any]:
    """The likeliest edits of the region around `position`."""
    uri, line = params.text_document.uri, params.position.line
    return await predicted_edits(session, uri, line, params.version, params.k, diffs=bool(params.diffs))
