"""Both clients' types are what the document says, and nothing in it is left out unseen."""

from __future__ import annotations

import json

import pytest
from client_types import DOCUMENT, LUA, TYPESCRIPT, Language, written

TEXT = DOCUMENT.read_text(encoding="utf-8")
both = pytest.mark.parametrize("language", [TYPESCRIPT, LUA], ids=["TypeScript", "Lua"])


@both
def test_the_clients_types_are_up_to_date(language: Language) -> None:
    assert language.path.read_text(encoding="utf-8") == written(TEXT, language), "run `python scripts/client_types.py`"


@both
def test_every_shared_definition_is_written_once(language: Language) -> None:
    lines = written(TEXT, language).splitlines()
    heads = [line for line in lines if line.startswith(("export ", "---@class", "---@alias"))]
    assert len(heads) == len(set(heads))
    for name in ("Hit", "Position", "Range", "WorkTree"):
        assert (f"export interface {name} {{" in heads) != (f"---@class codewm.{name}" in heads)


def block(**schema: object) -> str:
    return f"```json\n{json.dumps({'title': 'Thing', 'type': 'object', 'properties': {}, **schema})}\n```\n"


@both
def test_a_keyword_that_nobody_translates_is_an_error(language: Language) -> None:
    with pytest.raises(ValueError, match="oneOf"):
        written(block(properties={"a": {"oneOf": []}}), language)


def test_one_name_for_two_types_is_an_error() -> None:
    two = block(**{"$defs": {"A": {"type": "string"}}}) + block(title="Other", **{"$defs": {"A": {"type": "integer"}}})
    with pytest.raises(ValueError, match="A is string in one schema, number in another"):
        written(two, TYPESCRIPT)


def test_each_kind_of_schema_has_its_type() -> None:
    properties = {
        "pair": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
        "many": {"type": "array", "items": {"type": ["string", "null"]}},
        "places": {"type": "array", "minItems": 1, "prefixItems": [{"type": "string"}, {"type": ["number", "null"]}]},
        "inner": {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}, "b": {"enum": ["x", "y"]}}},
    }
    text = block(properties=properties, required=["many"])
    assert written(text, TYPESCRIPT).split("\n\n")[1] == (
        "export interface Thing {\n"
        "  pair?: [number, number];\n"
        "  many: (string | null)[];\n"
        "  places?: [string, (number | null)?];\n"
        '  inner?: { a: 1; b?: "x" | "y" };\n'
        "}"
    )
    assert written(text, LUA).split("\n\n")[1] == (
        "---@class codewm.Thing\n"
        "---@field pair? [integer, integer]\n"
        "---@field many (string|nil)[]\n"
        "---@field places? [string, number|nil]\n"
        '---@field inner? { a: 1, b?: "x"|"y" }'
    )
