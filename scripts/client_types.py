"""The clients' types, written from the JSON Schemas in docs/protocol.md: `python scripts/client_types.py`.

Knows as much of JSON Schema as the document uses. What a type cannot say (bounds, patterns, sizes) is left out, and an
unknown keyword is an error, so that nothing is left out unseen. A definition that several schemas share is written
once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "protocol.md"

Schema = Mapping[str, Any]

_NO_TYPE = {"minimum", "maximum", "minItems", "maxItems", "pattern", "format", "additionalProperties"}
_KNOWN = _NO_TYPE | {
    "title", "$defs", "$ref", "type", "const", "enum", "anyOf", "required", "properties", "items", "prefixItems"
}  # fmt: skip
_BLOCK = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REQUEST = re.compile(r"^\| `(codewm/\w+)` \| `(\w+)` \| `(\w+)` \|$", re.MULTILINE)
_NOTIFICATION = re.compile(r"^\| `(codewm/\w+)` \| `(\w+)` \|$", re.MULTILINE)
_NOTE = "Written by scripts/client_types.py from docs/protocol.md: change that, and run it."


@dataclass(frozen=True)
class Contents:
    """What the document defines: types by name, requests with params and result, notifications with params."""

    definitions: Mapping[str, Schema]
    requests: Mapping[str, tuple[str, str]]
    notifications: Mapping[str, str]


@dataclass(frozen=True)
class Language:
    """How a client's language writes types, and where its file lies."""

    path: Path
    integer: str
    null: str
    prefix: str
    either: str
    """Between the types of which a value has one."""
    comma: str
    """Between the fields of an unnamed object."""


TYPESCRIPT = Language(ROOT / "vscode-client" / "src" / "protocol.ts", "number", "null", "", " | ", "; ")
LUA = Language(
    ROOT / "nvim-client" / "lua" / "codewm" / "protocol.lua", "integer", "nil", "codewm.", "|", ", "
)  # null is nil, as Neovim decodes it


def written(text: str, language: Language) -> str:
    """The client's file for the text of the document.

    Raises ValueError where one name means two types, and where a schema uses what is not known here.
    """
    definitions: dict[str, Schema] = {}
    for block in _BLOCK.findall(text):
        schema = json.loads(block)
        for name, one in {**schema.get("$defs", {}), schema["title"]: schema}.items():
            here, there = type_of(one, language), type_of(definitions.setdefault(name, one), language)
            if here != there:
                raise ValueError(f"{name} is {there} in one schema, {here} in another")
    requests = {method: (params, result) for method, params, result in _REQUEST.findall(text)}
    contents = Contents(dict(sorted(definitions.items())), requests, dict(_NOTIFICATION.findall(text)))
    lines = _lua(contents) if language is LUA else _typescript(contents)
    return "\n".join(lines) + "\n"


def type_of(schema: Schema, language: Language) -> str:
    """A schema as a type. Raises ValueError where it uses what is not known here."""
    if unknown := set(schema) - _KNOWN:
        raise ValueError(f"unknown keywords {sorted(unknown)} in {schema}")
    if "$ref" in schema:
        return language.prefix + str(schema["$ref"]).removeprefix("#/$defs/")
    if "anyOf" in schema:
        return language.either.join(type_of(one, language) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return language.either.join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if isinstance(schema["type"], list):
        return language.either.join(type_of({"type": name}, language) for name in schema["type"])
    match schema["type"]:
        case "object":
            fields = (f"{name}: {kind}" for name, kind in _fields(schema, language))
            return "{ " + language.comma.join(fields) + " }"
        case "array":
            return _array(schema, language)
        case "integer":
            return language.integer
        case "null":
            return language.null
    return str(schema["type"])


def _array(schema: Schema, language: Language) -> str:
    least = schema.get("minItems")
    if "prefixItems" in schema:
        kinds = [type_of(one, language) for one in schema["prefixItems"]]
        return f"[{', '.join([*kinds[:least], *(_optional(kind, language) for kind in kinds[least:])])}]"
    item = type_of(schema["items"], language)
    if least is not None and least == schema.get("maxItems"):
        return f"[{', '.join([item] * least)}]"
    return f"({item})[]" if language.either in item else f"{item}[]"


def _optional(kind: str, language: Language) -> str:
    """A place of an array that may be missing."""
    if language is LUA:
        return kind if kind.endswith("|nil") else f"{kind}|nil"
    return f"({kind})?" if language.either in kind else f"{kind}?"


def _fields(schema: Schema, language: Language) -> Iterator[tuple[str, str]]:
    """The fields of an object: the name, with a question mark where it may be missing, and the type."""
    for name, one in schema["properties"].items():
        yield name + ("" if name in schema.get("required", ()) else "?"), type_of(one, language)


def _typescript(contents: Contents) -> Iterator[str]:
    yield f"// {_NOTE}"
    for name, schema in contents.definitions.items():
        yield ""
        if schema["type"] == "object":
            yield f"export interface {name} {{"
            yield from (f"  {field}: {kind};" for field, kind in _fields(schema, TYPESCRIPT))
            yield "}"
        else:
            yield f"export type {name} = {type_of(schema, TYPESCRIPT)};"
    yield from ("", "/** Requests to the server, by method. */", "export interface Requests {")
    for method, (params, result) in contents.requests.items():
        yield f'  "{method}": {{ params: {params}; result: {result} }};'
    yield from ("}", "", "/** Notifications of the server, by method: their params. */")
    yield "export interface Notifications {"
    yield from (f'  "{method}": {params};' for method, params in contents.notifications.items())
    yield "}"


def _lua(contents: Contents) -> Iterator[str]:
    yield from ("---@meta", f"-- {_NOTE}")
    for name, schema in contents.definitions.items():
        yield ""
        if schema["type"] == "object":
            yield f"---@class {LUA.prefix}{name}"
            yield from (f"---@field {field} {kind}" for field, kind in _fields(schema, LUA))
        else:
            yield f"---@alias {LUA.prefix}{name} {type_of(schema, LUA)}"
    for alias, methods in (("Request", contents.requests), ("Notification", contents.notifications)):
        yield from ("", f"---@alias {LUA.prefix}{alias}")
        yield from (f'---| "{method}"' for method in methods)


def main() -> None:
    """Write both files."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for language in (TYPESCRIPT, LUA):
        language.path.write_text(written(text, language), encoding="utf-8")


if __name__ == "__main__":
    main()
