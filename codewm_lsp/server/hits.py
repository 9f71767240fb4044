"""Hits on the wire, the same in every answer that has some; their schema is in docs/protocol.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from codewm_lsp.server.checkout import Checkout
from codewm_lsp.server.convert import content_uri

if TYPE_CHECKING:
    from codewm_lsp.engine.index import Hit


def hit_json(hit: Hit, diff: str | None) -> dict[str, Any]:
    """A hit with the documents that hold its file before and after it, and its diff if there is one."""
    answer = hit.to_json()
    for side in ("before", "after"):
        answer[side] = content_uri(hit.commit, hit.path, side)
    if diff:
        answer["diff"] = diff
    return answer


def with_diffs(
    checkout: Checkout, groups: Sequence[Sequence[Hit]], wanted: bool, check: Callable[[], None]
) -> list[list[tuple[Hit, str | None]]]:
    """Each hit with its diff, which one reading of git gives for all of them, or None where they are not `wanted`.

    For the engine's thread. `check` is called before git is read, and may raise.
    """
    if not wanted:
        return [[(hit, None) for hit in hits] for hits in groups]
    check()
    diffs = iter(checkout.diffs([hit for hits in groups for hit in hits]))
    return [[(hit, next(diffs)) for hit in hits] for hits in groups]
