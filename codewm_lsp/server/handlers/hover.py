"""textDocument/hover: on a changed line, the most similar past edit, who made it, when and why."""

from __future__ import annotations

from lsprotocol import types

from codewm_lsp.server.convert import lsp_range
from codewm_lsp.server.document import StaleError
from codewm_lsp.server.markdown import hover_markdown, hover_plain
from codewm_lsp.server.session import Session
from codewm_lsp.server.similar_edits import find_similar


async def text_document_hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """The best hit for the edit under the cursor, None on lines that did not change."""
    snapshot = session.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    line = params.position.line + 1
    try:
        live = await session.live_edits(snapshot)
        if live is None or not live.settings.hover or not (touched := live.touching(line, line)):
            return None
        found = await find_similar(session, snapshot, live, touched[:1], 1, diffs=True)
    except StaleError:
        return None
    if not found or not found[0]:
        return None
    hit, diff = found[0][0]
    if session.markdown_hover:
        contents = types.MarkupContent(types.MarkupKind.Markdown, hover_markdown(hit, diff or ""))
    else:
        contents = types.MarkupContent(types.MarkupKind.PlainText, hover_plain(hit, diff or ""))
    first, last = touched[0].lines
    return types.Hover(contents, lsp_range(live.lines, first, last, snapshot.document.encoding))
