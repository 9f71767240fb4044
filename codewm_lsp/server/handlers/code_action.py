"""textDocument/codeAction: "Similar past edits" where the selection touches a changed line, and "Predicted edits".

What the first costs to offer is a diff of the buffer. Its search waits for codeAction/resolve, which clients ask for
the one action that is looked at; clients that cannot ask get the command at once, and the search waits until it is run.
The second is offered unasked only where the settings say so, and nothing is predicted before its command is run.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from codewm_lsp.server.convert import touched_lines
from codewm_lsp.server.document import StaleError
from codewm_lsp.server.messages import SHOW_PREDICTED_EDITS
from codewm_lsp.server.offer import Offer, count_close, read_offer
from codewm_lsp.server.session import Session
from codewm_lsp.server.snapshot import LiveEdits, Snapshot
from codewm_lsp.server.states import is_read

KIND = "codewm.similar"
TITLE = "Similar past edits"
PREDICTED_KIND = "codewm.predict"
PREDICTED_TITLE = "Predicted edits"


def options() -> types.CodeActionOptions:
    """Kinds of their own: they are no fixes, and "fix all" must never run them."""
    return types.CodeActionOptions(code_action_kinds=[KIND, PREDICTED_KIND], resolve_provider=True)


async def text_document_code_action(
    session: Session, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """Offer the first edit touched, and what is usually done at the first line of the selection."""
    snapshot = session.snapshot(params.text_document.uri)
    wanted = [kind for kind in (KIND, PREDICTED_KIND) if _is_wanted(kind, params.context.only)]
    if snapshot is None or not wanted:
        return None
    first, last = touched_lines(params.range)
    try:
        live = await session.live_edits(snapshot)
        if live is None:
            return None
        offers = [
            *(_similar(session, snapshot, live, first, last) if KIND in wanted else ()),
            *(_predicted(session, snapshot, live, first, params.context.only) if PREDICTED_KIND in wanted else ()),
        ]
        if not offers or not await session.has_index(live.checkout):
            return None
        snapshot.check()
    except StaleError:
        return None
    return offers


async def code_action_resolve(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Search, and give the action its command; one that lost its document in the meantime still gets it."""
    if action.kind == PREDICTED_KIND:  # which has its command already
        return action
    offer = read_offer(action.data)
    count = await count_close(session, offer)
    title = TITLE if count is None else f"{TITLE}: {count} close"
    return types.CodeAction(action.title, action.kind, command=offer.command(title), data=action.data)


def _similar(
    session: Session, snapshot: Snapshot, live: LiveEdits, first: int, last: int
) -> list[types.CodeAction | types.Command]:
    touched = live.touching(first, last)
    if not live.settings.code_action or not touched:
        return []
    line = min(max(first, touched[0].lines[0]), len(live.lines))
    offer = Offer(snapshot.document.uri, line, None, snapshot.version)
    if session.action_literals and session.resolves_commands:
        return [types.CodeAction(TITLE, KIND, data=offer.to_json())]
    return [_with_command(session, KIND, offer.command(TITLE))]


def _predicted(
    session: Session, snapshot: Snapshot, live: LiveEdits, line: int, only: Sequence[types.CodeActionKind | str] | None
) -> list[types.CodeAction | types.Command]:
    is_asked_for = PREDICTED_KIND in (only or ())
    if not is_read(snapshot.document) or not (live.settings.predicted_edits or is_asked_for):
        return []
    offer = Offer(snapshot.document.uri, line, None, snapshot.version)
    return [_with_command(session, PREDICTED_KIND, offer.command(PREDICTED_TITLE, SHOW_PREDICTED_EDITS))]


def _with_command(session: Session, kind: str, command: types.Command) -> types.CodeAction | types.Command:
    """An action that needs no resolving, for clients without code action literals the command alone."""
    return types.CodeAction(command.title, kind, command=command) if session.action_literals else command


def _is_wanted(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Kinds are a hierarchy: asking for `codewm` asks for `codewm.similar` too."""
    if only is None:
        return True
    wanted = [str(one.value) if isinstance(one, types.CodeActionKind) else one for one in only]
    return any(one == "" or f"{kind}.".startswith(f"{one}.") for one in wanted)
