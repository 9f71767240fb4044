"""The answer to "how was this done before": one JSON object for the request and for the command.

Its schema is in docs/protocol.md and is checked against real answers by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codewm_lsp.server.document import StaleError
from codewm_lsp.server.hits import hit_json, with_diffs
from codewm_lsp.server.session import Session
from codewm_lsp.server.settings import MOST_HITS
from codewm_lsp.server.snapshot import LiveEdits, Refusal, Snapshot

if TYPE_CHECKING:
    from codewm_lsp.engine.index import Hit
    from codewm_model.edit import Edit

SCHEMA = "codewm.similar/1"
MOST_EDITS = 50


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines of the buffer, 1-based and inclusive; a cursor means the edit nearest to it."""

    first: int
    last: int
    is_cursor: bool

    def edits_of(self, live: LiveEdits) -> Sequence[Edit]:
        """Which live edits are meant."""
        if not self.is_cursor:
            return live.touching(self.first, self.last)
        nearest = live.nearest(self.first)
        return () if nearest is None else (nearest,)


async def similar_edits(
    session: Session, uri: str, selection: Selection | None, version: int | None, k: int | None, *, diffs: bool
) -> dict[str, Any]:
    """Past edits similar to the buffer's, to all of them where nothing is selected; `diffs` reads git for each hit.

    A document that is not open, is left alone or lies outside of git is answered, and so is an old version.
    """
    snapshot = session.asked(uri, version)
    if isinstance(snapshot, Refusal):
        return _answer(snapshot.version, snapshot.status)
    try:
        live = await session.live_edits(snapshot)
        if live is None:
            return _answer(snapshot.version, "too-large" if snapshot.document.is_too_large else "unsupported")
        edits = (live.edits if selection is None else selection.edits_of(live))[:MOST_EDITS]
        if not edits:
            return _answer(snapshot.version, "no-edit")
        wanted = min(k or live.settings.hits, MOST_HITS)
        found = await find_similar(session, snapshot, live, edits, wanted, diffs=diffs)
    except StaleError:
        return _answer(snapshot.version, "stale")
    if found is None:
        return _answer(snapshot.version, "no-index")
    return _answer(
        snapshot.version,
        "ok",
        [
            {"path": edit.path, "lines": list(edit.lines), "hits": [hit_json(*pair) for pair in pairs]}
            for edit, pairs in zip(edits, found, strict=True)
        ],
    )


async def find_similar(
    session: Session, snapshot: Snapshot, live: LiveEdits, edits: Sequence[Edit], k: int, *, diffs: bool
) -> list[list[tuple[Hit, str | None]]] | None:
    """Up to `k` past edits with their diffs for each of `edits`, None without an index.

    Raises StaleError.
    """

    def ask(check: Callable[[], None]) -> list[list[tuple[Hit, str | None]]] | None:
        hits = live.checkout.similar(edits, k, check)
        return None if hits is None else with_diffs(live.checkout, hits, diffs, check)

    return await session.ask_history(snapshot, live.checkout, ask)


def _answer(version: int | None, status: str, edits: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"schema": SCHEMA, "version": version, "status": status, "edits": list(edits)}
