"""The messages of `codewm/*`, typed.

Left to itself pygls turns unknown params into namedtuples, which rename keys such as `class` and
check nothing. The schemas of these are in docs/protocol.md.
"""

from __future__ import annotations

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override
from lsprotocol import types
from pygls.protocol import default_converter

SIMILAR_EDITS = "codewm/similarEdits"
STATE = "codewm/state"
SHOW_SIMILAR_EDITS = "codewm.showSimilarEdits"


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
class SimilarEditsRequest:
    """`codewm/similarEdits` as it comes over the wire."""

    id: int | str
    params: SimilarEditsParams
    method: str = SIMILAR_EDITS
    jsonrpc: str = "2.0"


@attrs.define
class StateParams:
    """Which states of which document are asked about; see docs/protocol.md."""

    text_document: types.TextDocumentIdentifier
    position: types.Position | None = None
    range: types.Range | None = None
    version: int | None = None
    embeddings: bool | None = None


@attrs.define
class StateRequest:
    """`codewm/state` as it comes over the wire."""

    id: int | str
    params: StateParams
    method: str = STATE
    jsonrpc: str = "2.0"


_REQUESTS = {SIMILAR_EDITS: (SimilarEditsRequest, SimilarEditsParams), STATE: (StateRequest, StateParams)}


def message_type(method: str) -> type | None:
    """The request type of a method of our own."""
    return _REQUESTS[method][0] if method in _REQUESTS else None


def converter() -> Converter:
    """lsprotocol's converter, which also knows our messages and their names in JSON."""
    made: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls does not annotate it
    for request, params in _REQUESTS.values():
        rename = override(rename="textDocument")
        made.register_structure_hook(params, make_dict_structure_fn(params, made, text_document=rename))
        made.register_structure_hook(request, make_dict_structure_fn(request, made))
    return made
