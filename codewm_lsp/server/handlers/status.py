"""codewm/status, codewm/index and codewm/statusChanged: how the work trees' indexes stand, for clients that show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from codewm_lsp.server.messages import IndexParams, StatusParams
from codewm_lsp.server.session import Session

if TYPE_CHECKING:
    from codewm_lsp.engine.index_state import IndexState

SCHEMA = "codewm.status/1"


def wants_status(capabilities: types.ClientCapabilities) -> bool:
    """Whether a client shows by itself how the indexes stand, and is told when that changes."""
    match capabilities.experimental:
        case {"codewm": {"status": True}}:
            return True
    return False


async def codewm_status(session: Session, params: StatusParams) -> dict[str, Any]:
    """How the index of one work tree stands, or those of all that are in use."""
    followed = await session.follow(params.text_document.uri if params.text_document else None)
    return {"schema": SCHEMA, "workTrees": [work_tree(one.work_tree, await one.state()) for one in followed]}


async def codewm_index(session: Session, params: IndexParams) -> dict[str, Any]:
    """Make or update a work tree's index in the background."""
    followed = await session.follow(params.text_document.uri)
    for one in followed:
        one.index(rebuild=bool(params.rebuild))
    return {"schema": SCHEMA, "workTrees": [work_tree(one.work_tree, await one.state()) for one in followed]}


def work_tree(folder: Path, state: IndexState) -> dict[str, Any]:
    """A work tree as `WorkTree` in docs/protocol.md."""
    return {
        "uri": folder.as_uri(),
        "name": folder.name,
        "state": state.kind,
        "commits": state.commits,
        "commitsTotal": state.commits_total,
        "edits": state.edits,
        "message": state.message,
    }
