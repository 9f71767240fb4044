"""The answer to "what is usually done next here": one JSON object for the request and for the command.

Its schema is in docs/protocol.md and is checked against real answers by the tests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from codewm_lsp.server.checkout import Checkout
from codewm_lsp.server.convert import region_json
from codewm_lsp.server.document import StaleError, TooLargeError
from codewm_lsp.server.hits import hit_json, with_diffs
from codewm_lsp.server.session import Session
from codewm_lsp.server.snapshot import Refusal, Snapshot
from codewm_lsp.server.states import is_read

if TYPE_CHECKING:
    from codewm_lsp.engine.encoder import EncodedPlace
    from codewm_lsp.engine.index import Hit
    from codewm_lsp.engine.predict import Prediction

    Found = Sequence[tuple[Prediction, Sequence[tuple[Hit, str | None]]]]

_log = logging.getLogger(__name__)

SCHEMA = "codewm.predict/1"
PREDICTIONS = 5  # where a request names no number of its own
MOST_PREDICTIONS = 20


async def predicted_edits(
    session: Session, uri: str, line: int, version: int | None, k: int | None, *, diffs: bool
) -> dict[str, Any]:
    """The likeliest edits of the region around a line, 0-based, with past edits that show each.

    `diffs` reads git for each of those. What the model makes of the line is remembered while the buffer is typed. Where
    nothing can be told the answer says why.
    """
    snapshot = session.asked(uri, version)
    if isinstance(snapshot, Refusal):
        return _answer(snapshot.version, snapshot.status)
    from codewm_model.errors import CodewmError

    try:
        checkout = await session.with_checkout(uri, lambda found: found) if is_read(snapshot.document) else None
        if checkout is None:
            return _answer(snapshot.version, "unsupported")
        try:
            view = await session.states.at(snapshot, line)
        except CodewmError as error:
            _log.warning("%s", error)
            return _answer(snapshot.version, "no-model")
        ((place, encoded),) = view.regions
        assert encoded is not None, "the state at a line is always made"
        found = await _found(session, snapshot, checkout, encoded, min(k or PREDICTIONS, MOST_PREDICTIONS), diffs)
    except TooLargeError:
        return _answer(snapshot.version, "too-large")
    except StaleError:
        return _answer(snapshot.version, "stale")
    if found is None:
        return _answer(snapshot.version, "no-index")
    answer = _answer(snapshot.version, "ok")
    answer["region"] = region_json(place, view.lines, snapshot.document.encoding)
    answer["predictions"] = [
        {**prediction.to_json(), "edits": [hit_json(*pair) for pair in pairs]} for prediction, pairs in found
    ]
    return answer


async def _found(
    session: Session, snapshot: Snapshot, checkout: Checkout, encoded: EncodedPlace, k: int, diffs: bool
) -> Found | None:
    def ask(check: Callable[[], None]) -> Found | None:
        predictions = checkout.predicted(encoded, k)
        if predictions is None:
            return None
        pairs = with_diffs(checkout, [prediction.edits for prediction in predictions], diffs, check)
        return list(zip(predictions, pairs, strict=True))

    return await session.ask_history(snapshot, checkout, ask)


def _answer(version: int | None, status: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "version": version, "status": status, "region": None, "predictions": []}
