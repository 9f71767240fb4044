"""docs/settings.md, written from the server's Settings and the extension's package.json.

Run `python scripts/settings_reference.py`; a test compares.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codewm_lsp.server import settings
from codewm_lsp.server.settings import IN_JSON, OF_EDITORS, Settings

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "settings.md"
MANIFEST = ROOT / "vscode-client" / "package.json"

HEAD = """\
# Settings

<!-- Written by `python scripts/settings_reference.py`; a test compares. -->

The server asks its client for the section `codewm` (`workspace/configuration`), or takes it from
`initializationOptions`. Each workspace folder can have its own; the innermost folder with settings decides. A
repository can bring settings for everyone who works on it, under `[tool.codewm]` in the `pyproject.toml` of its work
tree: they win over the client's. A value that cannot be used is reported once, and so is an unknown name; the
client's value, or the default, is used.

## Of the server, in every editor

| name | in pyproject.toml | type | default | meaning |
|---|---|---|---|---|
"""
OF_VSCODE = """\

## Of VS Code alone

The server passes over these.

| name | type | default | where | meaning |
|---|---|---|---|---|
"""
OF_INDEX = """\

## Of the index

What is indexed is decided in the `pyproject.toml` of the repository's main work tree, under `[tool.codewm]`: `exclude`,
`authors_exclude` and `max_commit_edits`. See [the README](../README.md#use-it-from-the-command-line).
"""

_TYPES = {"int": "integer", "bool": "boolean"}


def server_settings() -> Iterator[tuple[str, str, str, Any, str]]:
    """Of each of the server's settings: names in JSON and in TOML, type as JSON Schema has it, default, meaning."""
    meanings = _meanings()
    for field in dataclasses.fields(Settings):
        name = next(shown for shown, name in IN_JSON.items() if name == field.name)
        yield f"codewm.{name}", field.name, _TYPES[str(field.type)], field.default, meanings[field.name]


def extension_settings() -> dict[str, dict[str, Any]]:
    """What the extension declares, by name."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    declared: dict[str, dict[str, Any]] = manifest["contributes"]["configuration"]["properties"]
    return declared


def is_of_editor(name: str) -> bool:
    """Whether a setting is one that the server leaves to its client: `codewm.trace.server`, for one."""
    return name.split(".")[1] in OF_EDITORS


def reference() -> str:
    """The whole document."""
    lines = [
        f"| `{name}` | `{in_toml}` | {kind} | `{json.dumps(default)}` | {meaning} |"
        for name, in_toml, kind, default, meaning in server_settings()
    ]
    lines += [OF_VSCODE.rstrip("\n")]
    for name, declared in extension_settings().items():
        if is_of_editor(name):
            kind = " or ".join(f"`{value}`" for value in declared["enum"]) if "enum" in declared else declared["type"]
            default, meaning = json.dumps(declared["default"]), declared["markdownDescription"]
            lines.append(f"| `{name}` | {kind} | `{default}` | {declared['scope']} | {meaning} |")
    return HEAD + "\n".join(lines) + "\n" + OF_INDEX


def _meanings() -> dict[str, str]:
    """The docstring below each field, which Python itself throws away."""
    (tree,) = (
        node
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == Settings.__name__
    )
    found = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
