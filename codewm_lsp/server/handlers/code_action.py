"""textDocument/codeAction: "Similar past edits", only where the selection touches a changed line.

What it costs to offer is a diff of the buffer. The search waits for codeAction/resolve, which clients ask for the one
action that is looked at; clients that cannot ask get the command at once, and the search waits until it is run.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from codewm_lsp.server.convert import touched_lines
from codewm_lsp.server.document import StaleError
from codewm_lsp.server.offer import Offer, count_close, read_offer
from codewm_lsp.server.session import Session

KIND = "codewm.similar"
TITLE = "Similar past edits"


def options() -> types.CodeActionOptions:
    """A kind of its own: it is no fix, and "fix all" must never run it."""
    return types.CodeActionOptions(code_action_kinds=[KIND], resolve_provider=True)


async def text_document_code_action(
    session: Session, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """Offer the first edit touched."""
    snapshot = session.snapshot(params.text_document.uri)
    if snapshot is None or not _is_wanted(params.context.only):
        return None
    try:
        live = await session.live_edits(snapshot)
        if live is None or not live.settings.code_action:
            return None
        first, last = touched_lines(params.range)
        touched = live.touching(first, last)
        if not touched or not await session.has_index(live.checkout):
            return None
        snapshot.check()
    except StaleError:
        return None
    line = min(max(first, touched[0].lines[0]), len(live.lines))
    offer = Offer(params.text_document.uri, line, None, snapshot.version)
    if not session.action_literals:
        return [offer.command(TITLE)]
    if session.resolves_commands:
        return [types.CodeAction(TITLE, KIND, data=offer.to_json())]
    return [types.CodeAction(TITLE, KIND, command=offer.command(TITLE))]


async def code_action_resolve(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Search, and give the action its command; one that lost its document in the meantime still gets it."""
    offer = read_offer(action.data)
    count = await count_close(session, offer)
    title = TITLE if count is None else f"{TITLE}: {count} close"
    return types.CodeAction(action.title, action.kind, command=offer.command(title), data=action.data)


def _is_wanted(only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Kinds are a hierarchy: asking for `codewm` asks for `codewm.similar` too."""
    if only is None:
        return True
    wanted = [str(kind.value) if isinstance(kind, types.CodeActionKind) else kind for kind in only]
    return any(kind == "" or f"{KIND}.".startswith(f"{kind}.") for kind in wanted)
