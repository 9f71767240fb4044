"""textDocument/codeLens: above each changed definition, how many past edits are close to what changed in it.

Off by default. The count is a search, so it waits for codeLens/resolve, which clients ask for the lenses in view.
"""

from __future__ import annotations

from lsprotocol import types

from codewm_lsp.server.convert import lsp_range
from codewm_lsp.server.document import StaleError
from codewm_lsp.server.offer import Offer, count_close, read_offer
from codewm_lsp.server.session import Session


def options() -> types.CodeLensOptions:
    """pygls says `resolveProvider` by what is registered."""
    return types.CodeLensOptions()


async def text_document_code_lens(session: Session, params: types.CodeLensParams) -> list[types.CodeLens] | None:
    """One lens for each definition with edits in it, and for each edit outside of any."""
    snapshot = session.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    try:
        live = await session.live_edits(snapshot)
        if live is None or not live.settings.code_lens or not live.edits or not await session.has_index(live.checkout):
            return None
        changed = await session.changed_definitions(snapshot, live)
    except StaleError:
        return None
    encoding = snapshot.document.encoding
    return [
        types.CodeLens(
            lsp_range(live.lines, line, line, encoding),
            data=Offer(params.text_document.uri, first, last, snapshot.version).to_json(),
        )
        for line, first, last in changed
    ]


async def code_lens_resolve(session: Session, lens: types.CodeLens) -> types.CodeLens:
    """Search, and say what was found; a lens whose document moved on gets a title without a count."""
    offer = read_offer(lens.data)
    count = await count_close(session, offer)
    title = "similar past edits" if count is None else f"{count} close past edit{'' if count == 1 else 's'}"
    return types.CodeLens(lens.range, offer.command(title), lens.data)
