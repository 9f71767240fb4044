"""The JSON Schemas in docs/protocol.md, and as much of JSON Schema as they use.

An unknown keyword is an error, so that a schema cannot ask for something that nobody checks.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema in the document by its title."""
    blocks = re.findall(r"^```json\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return {schema["title"]: schema for schema in map(json.loads, blocks)}


def methods() -> dict[str, tuple[str, str]]:
    """The titles of params and result of every method of our own, as the document's table has them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(codewm/\w+)` \| `(\w+)` \| `(\w+)` \|$", text, re.MULTILINE)
    return {method: (params, result) for method, params, result in rows}


def check(value: Any, title: str) -> None:
    """Raise AssertionError, naming the place, where `value` is not what the schema says."""
    schema = schemas()[title]
    _check(value, schema, schema, title)


def _check(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> None:
    for keyword, wanted in schema.items():
        assert _holds(keyword, wanted, value, schema, root, at), f"{at}: {value!r} is not {keyword} {wanted!r}"


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool) and name != "boolean":
        return False
    return isinstance(value, _TYPES[name])


def _holds(keyword: str, wanted: Any, value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> bool:
    match keyword:
        case "title" | "$defs":
            return True
        case "$ref":
            _check(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)
            return True
        case "anyOf":
            return any(_passes(value, one, root) for one in wanted)
        case "type":
            return any(_is(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted))
        case "const":
            return bool(value == wanted)
        case "enum":
            return value in wanted
        case "required":
            return not isinstance(value, dict) or set(wanted) <= set(value)
        case "properties":
            for name, one in wanted.items():
                if isinstance(value, dict) and name in value:
                    _check(value[name], one, root, f"{at}.{name}")
            return True
        case "additionalProperties":
            assert wanted is False
            return not isinstance(value, dict) or set(value) <= set(schema["properties"])
        case "items":
            for number, item in enumerate(value if isinstance(value, list) else []):
                _check(item, wanted, root, f"{at}[{number}]")
            return True
        case "prefixItems":
            for number, (item, one) in enumerate(zip(value, wanted, strict=False)):
                _check(item, one, root, f"{at}[{number}]")
            return True
        case "minItems":
            return not isinstance(value, list) or len(value) >= wanted
        case "maxItems":
            return not isinstance(value, list) or len(value) <= wanted
        case "minimum":
            return not isinstance(value, int | float) or value >= wanted
        case "maximum":
            return not isinstance(value, int | float) or value <= wanted
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "format":
            assert wanted == "date-time"
            return datetime.fromisoformat(value).tzinfo is not None
    raise AssertionError(f"{at}: this checker does not know the keyword {keyword!r}")


def _passes(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    try:
        _check(value, schema, root, "")
    except AssertionError:
        return False
    return True
