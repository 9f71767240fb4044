"""codewm/state: what the model makes of the code, for other tools. Its schema is in docs/protocol.md."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

from codewm_lsp.server.convert import Encoding, region_json, touched_lines
from codewm_lsp.server.document import StaleError, TooLargeError
from codewm_lsp.server.messages import StateParams
from codewm_lsp.server.session import Session
from codewm_lsp.server.snapshot import Refusal, Snapshot
from codewm_lsp.server.states import View, is_read

if TYPE_CHECKING:
    from codewm_lsp.engine.buffer import Place
    from codewm_lsp.engine.encoder import EncodedPlace

_log = logging.getLogger(__name__)

SCHEMA = "codewm.state/1"


async def codewm_state(session: Session, params: StateParams) -> dict[str, Any]:
    """The state at `position`, of the places that `range` touches, or of all places of the document."""
    snapshot = session.asked(params.text_document.uri, params.version)
    if isinstance(snapshot, Refusal):
        return _answer(snapshot.version, snapshot.status)
    if not is_read(snapshot.document):
        return _answer(snapshot.version, "unsupported")
    from codewm_model.errors import CodewmError

    try:
        view = await _view(session, snapshot, params)
    except TooLargeError:
        return _answer(snapshot.version, "too-large")
    except StaleError:
        return _answer(snapshot.version, "stale")
    except CodewmError as error:
        _log.warning("%s", error)
        return _answer(snapshot.version, "no-model")
    encoding, with_embedding = snapshot.document.encoding, bool(params.embeddings)
    answer = _answer(snapshot.version, "ok")
    answer["model"] = view.model
    answer["regions"] = [_region(*region, view.lines, encoding, with_embedding) for region in view.regions]
    answer["timings"] = {
        f"{what}_ms": None if cost is None else round(cost, 3) for what, cost in view.milliseconds.items()
    }
    return answer


async def _view(session: Session, snapshot: Snapshot, params: StateParams) -> View:
    if params.range is not None:
        first, last = touched_lines(params.range)
        return await session.states.between(snapshot, first - 1, last)
    if params.position is not None:
        return await session.states.at(snapshot, params.position.line)
    return await session.states.between(snapshot, 0, None)


def _answer(version: int | None, status: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "version": version, "status": status, "model": None, "regions": [], "timings": None}


def _region(
    place: Place, encoded: EncodedPlace | None, lines: tuple[str, ...], encoding: Encoding, with_embedding: bool
) -> dict[str, Any]:
    answer = {**region_json(place, lines, encoding), "fresh": encoded is not None}
    if with_embedding and encoded is not None:
        answer["embedding"] = base64.b64encode(encoded.state.astype("<f4").tobytes()).decode()
    return answer
