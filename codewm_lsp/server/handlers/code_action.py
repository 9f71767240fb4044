"""textDocument/codeAction: "Similar past edits", only where the selection touches a changed line."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from codewm_lsp.server.convert import touched_lines
from codewm_lsp.server.document import StaleError
from codewm_lsp.server.messages import SHOW_SIMILAR_EDITS
from codewm_lsp.server.session import Session

KIND = "codewm.similar"
TITLE = "Similar past edits"


def options() -> types.CodeActionOptions:
    """A kind of its own: it is no fix, and "fix all" must never run it."""
    return types.CodeActionOptions(code_action_kinds=[KIND])


async def text_document_code_action(
    session: Session, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """Offer the command for the first edit touched. The search itself waits until it is run."""
    snapshot = session.snapshot(params.text_document.uri)
    if snapshot is None or not snapshot.settings.code_action or not _is_wanted(params.context.only):
        return None
    try:
        live = await session.live_edits(snapshot)
        if live is None:
            return None
        first, last = touched_lines(params.range)
        touched = live.touching(first, last)
        if not touched or not await session.has_index(live.checkout):
            return None
        snapshot.check()
    except StaleError:
        return None
    line = min(max(first, touched[0].lines[0]), len(live.lines)) - 1
    command = types.Command(
        title=TITLE,
        command=SHOW_SIMILAR_EDITS,
        arguments=[params.text_document.uri, line, snapshot.version],
    )
    if not session.action_literals:
        return [command]
    return [types.CodeAction(title=TITLE, kind=KIND, command=command)]


def _is_wanted(only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Kinds are a hierarchy: asking for `codewm` asks for `codewm.similar` too."""
    if only is None:
        return True
    wanted = [str(kind.value) if isinstance(kind, types.CodeActionKind) else kind for kind in only]
    return any(kind == "" or f"{KIND}.".startswith(f"{kind}.") for kind in wanted)
