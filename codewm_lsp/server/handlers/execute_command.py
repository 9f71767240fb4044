"""workspace/executeCommand: `codewm.showSimilarEdits` and `codewm.showPredictedEdits`; their arguments are an offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lsprotocol import types

from codewm_lsp.server.offer import read_offer
from codewm_lsp.server.predicted_edits import predicted_edits
from codewm_lsp.server.protocol import invalid_params
from codewm_lsp.server.session import Session
from codewm_lsp.server.similar_edits import similar_edits

Command = Callable[[object], Awaitable[dict[str, Any]]]


async def workspace_execute_command(
    commands: Mapping[str, Command], params: types.ExecuteCommandParams
) -> dict[str, Any]:
    """Run one of our commands. Raises an invalid-params error for any other."""
    command = commands.get(params.command)
    if command is None:
        raise invalid_params(f"there is no command {params.command!r}")
    return await command(params.arguments)


async def codewm_show_similar_edits(session: Session, arguments: object) -> dict[str, Any]:
    """Past edits similar to the live edits that are meant, as `codewm/similarEdits` answers them."""
    offer = read_offer(arguments)
    return await similar_edits(session, offer.uri, offer.selection, offer.version, None, diffs=True)


async def codewm_show_predicted_edits(session: Session, arguments: object) -> dict[str, Any]:
    """The likeliest edits of the region around the line that is meant, as `codewm/predictEdits` answers them."""
    offer = read_offer(arguments)
    return await predicted_edits(session, offer.uri, offer.first - 1, offer.version, None, diffs=True)
