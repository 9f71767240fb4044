"""codewm/dismiss, codewm/restore and codewm/dismissed: what the person never wants to see again as a hit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pygls.lsp.server import LanguageServer

from codewm_lsp.server.handlers.configuration import refresh_lenses
from codewm_lsp.server.messages import DismissedParams, DismissParams
from codewm_lsp.server.protocol import invalid_params, request_failed
from codewm_lsp.server.session import Session

if TYPE_CHECKING:
    from codewm_lsp.engine.dismissed import Dismissal, Dismissals, Dismissed

SCHEMA = "codewm.dismissed/1"


async def codewm_dismiss(server: LanguageServer, session: Session, params: DismissParams) -> dict[str, Any]:
    """Dismiss a hit, or a commit's, a path's or an author's edits; the answer lists all that is dismissed."""
    entry = _entry(params)
    answer = await _changed(session, params.text_document.uri, lambda dismissals: dismissals.add(entry))
    refresh_lenses(server)
    return answer


async def codewm_restore(server: LanguageServer, session: Session, params: DismissParams) -> dict[str, Any]:
    """Take a dismissal back; the answer lists what is left."""
    entry = _entry(params)
    answer = await _changed(session, params.text_document.uri, lambda dismissals: dismissals.remove(entry))
    refresh_lenses(server)
    return answer


async def codewm_dismissed(session: Session, params: DismissedParams) -> dict[str, Any]:
    """List what is dismissed in a repository."""
    return await _changed(session, params.text_document.uri, lambda dismissals: None)


async def _changed(session: Session, uri: str, change: Callable[[Dismissals], None]) -> dict[str, Any]:
    from codewm_model.errors import DismissalError

    def work(dismissals: Dismissals) -> Dismissed:
        change(dismissals)
        return dismissals.load()

    try:
        found = await session.with_checkout(uri, lambda checkout: work(checkout.dismissals))
    except DismissalError as error:
        raise request_failed(str(error)) from error
    if found is None:
        return {"schema": SCHEMA, "status": "unsupported", "dismissed": []}
    return {"schema": SCHEMA, "status": "ok", "dismissed": [_json(entry) for entry in found.entries]}


def _entry(params: DismissParams) -> Dismissal:
    """What is meant. Raises an invalid-params error unless it is exactly one thing."""
    from codewm_lsp.engine.dismissed import Dismissal

    match params:
        case DismissParams(hit=hit, commit=None, path=None, author=None) if hit and hit.commit and hit.path:
            first, last = hit.lines
            return Dismissal(hit.commit, hit.path, first, last)
        case DismissParams(hit=None, commit=str(commit), path=None, author=None) if commit:
            return Dismissal(commit=commit)
        case DismissParams(hit=None, commit=None, path=str(path), author=None) if path.strip("/"):
            return Dismissal(path=path.strip("/"))
        case DismissParams(hit=None, commit=None, path=None, author=str(author)) if author:
            return Dismissal(author=author)
    raise invalid_params("exactly one of hit, commit, path and author is dismissed")


def _json(entry: Dismissal) -> dict[str, Any]:
    """The same thing as the params name it."""
    if entry.commit and entry.path:
        return {"hit": {"commit": entry.commit, "path": entry.path, "lines": [entry.first, entry.last]}}
    name = "commit" if entry.commit else "path" if entry.path else "author"
    return {name: getattr(entry, name)}
