"""The messages of `codewm/*`, typed.

Left to itself pygls turns unknown params into namedtuples, which rename keys such as `class` and
check nothing. The schemas of these are in docs/protocol.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override
from lsprotocol import types
from pygls.protocol import default_converter

SIMILAR_EDITS = "codewm/similarEdits"
PREDICT_EDITS = "codewm/predictEdits"
STATE = "codewm/state"
EDIT_CONTENT = "codewm/editContent"
STATUS, STATUS_CHANGED, INDEX = "codewm/status", "codewm/statusChanged", "codewm/index"
STATUS_VERSION = 1  # of these three, as the server's capabilities say it
DISMISS, RESTORE, DISMISSED = "codewm/dismiss", "codewm/restore", "codewm/dismissed"
SHOW_SIMILAR_EDITS = "codewm.showSimilarEdits"
SHOW_PREDICTED_EDITS = "codewm.showPredictedEdits"


@attrs.define
class SimilarEditsParams:
    """Which edits of which document are asked about; see docs/protocol.md."""

    text_document: types.TextDocumentIdentifier
    position: types.Position | None = None
    range: types.Range | None = None
    version: int | None = None
    diffs: bool | None = None
    k: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))


@attrs.define
class PredictEditsParams:
    """Which place of which document is asked about; see docs/protocol.md."""

    text_document: types.TextDocumentIdentifier
    position: types.Position
    version: int | None = None
    diffs: bool | None = None
    k: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))


@attrs.define
class EditContentParams:
    """Which side of which file of which commit is asked for."""

    commit: str
    path: str
    side: Literal["before", "after"]


@attrs.define
class HitReference:
    """A hit by what tells it from all others; `lines` are first and last, as it was answered."""

    commit: str
    path: str
    lines: Sequence[int] = attrs.field(
        validator=[attrs.validators.min_len(2), attrs.validators.max_len(2)],
    )


@attrs.define
class DismissParams:
    """What is dismissed or brought back, in the repository that `text_document` lies in: exactly one of the four."""

    text_document: types.TextDocumentIdentifier
    hit: HitReference | None = None
    commit: str | None = None
    path: str | None = None
    author: str | None = None


@attrs.define
class DismissedParams:
    """Whose repository's dismissals are listed."""

    text_document: types.TextDocumentIdentifier


@attrs.define
class StateParams:
    """Which states of which document are asked about; see docs/protocol.md."""

    text_document: types.TextDocumentIdentifier
    position: types.Position | None = None
    range: types.Range | None = None
    version: int | None = None
    embeddings: bool | None = None


@attrs.define
class StatusParams:
    """Whose work tree's index is asked about; without, those of all folders and open documents."""

    text_document: types.TextDocumentIdentifier | None = None


@attrs.define
class IndexParams:
    """Whose work tree is indexed, and whether its index is made anew."""

    text_document: types.TextDocumentIdentifier
    rebuild: bool | None = None


_PARAMS: dict[str, type] = {
    SIMILAR_EDITS: SimilarEditsParams,
    PREDICT_EDITS: PredictEditsParams,
    EDIT_CONTENT: EditContentParams,
    DISMISS: DismissParams,
    RESTORE: DismissParams,
    DISMISSED: DismissedParams,
    STATE: StateParams,
    STATUS: StatusParams,
    INDEX: IndexParams,
}


def _request(params: type) -> type:
    """A request as it comes over the wire."""
    kinds: dict[str, Any] = {"id": int | str, "params": params, "method": str, "jsonrpc": str}
    fields = {name: attrs.field(type=kind) for name, kind in kinds.items()}
    return attrs.make_class(f"{params.__name__}Request", fields)


_REQUESTS = {method: _request(params) for method, params in _PARAMS.items()}


def message_type(method: str) -> type | None:
    """The request type of a method of our own."""
    return _REQUESTS.get(method)


def converter() -> Converter:
    """lsprotocol's converter, which also knows our messages and their names in JSON."""
    made: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls does not annotate it
    renamed = override(rename="textDocument")
    for kind in (HitReference, *dict.fromkeys(_PARAMS.values()), *_REQUESTS.values()):
        names = {field.name for field in attrs.fields(kind)}
        overrides: dict[str, Any] = {"text_document": renamed} if "text_document" in names else {}
        made.register_structure_hook(kind, make_dict_structure_fn(kind, made, **overrides))
    return made
