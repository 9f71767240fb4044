"""workspace/executeCommand: `codewm.showSimilarEdits`, with arguments [uri, line, version].

The arguments are checked by hand: they are `LSPAny`, which the protocol's types let through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lsprotocol import types

from codewm_lsp.server.protocol import invalid_params
from codewm_lsp.server.session import Session
from codewm_lsp.server.similar_edits import Selection, similar_edits

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
    """The past edits similar to the live edit nearest to a line, as `codewm/similarEdits` answers them."""
    uri, line, version = _arguments(arguments)
    return await similar_edits(session, uri, Selection(line + 1, line + 1, is_cursor=True), version, None, diffs=True)


def _arguments(given: object) -> tuple[str, int, int | None]:
    values = list(given) if isinstance(given, list | tuple) else []
    if not 2 <= len(values) <= 3:
        raise invalid_params("the arguments are [uri, line, version]")
    uri, line, version = (*values, None)[:3]
    if not isinstance(uri, str):
        raise invalid_params("the first argument is the document's URI")
    if not _is_number(line) or line < 0:
        raise invalid_params("the second argument is a line, counted from 0")
    if version is not None and not _is_number(version):
        raise invalid_params("the third argument is the document's version, or null")
    return uri, line, version


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
