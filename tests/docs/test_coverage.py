"""The documents say what is there: commands, options, targets, links, and a docstring on everything public."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import click
import pytest

from codewm_lsp.cli import commands
from codewm_lsp.cli.reference import EXIT_CODES, reference
from codewm_model.errors import CodewmError

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "codewm_lsp", ROOT / "model" / "codewm_model", ROOT / "train" / "codewm_train")
OWN_DOCUMENTS = (path for path in (ROOT / "docs").rglob("*.md") if "node_modules" not in path.parts)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *OWN_DOCUMENTS])
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def test_the_command_line_reference_is_up_to_date() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run `python -m codewm_lsp.cli.reference > docs/cli.md`"


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_every_command_and_option_has_help(name: str) -> None:
    command = commands.commands[name]
    assert command.help and command.help.strip().endswith(".")
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_every_error_has_a_documented_exit_code() -> None:
    def below(kind: type[CodewmError]) -> Iterator[type[CodewmError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    assert {kind.exit_code for kind in below(CodewmError)} <= set(EXIT_CODES)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_make_target_that_is_named_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"^\s*make (?:\w+=\S+ )?([a-z0-9-]+)|`make (?:\w+=\S+ )?([a-z0-9-]+)", text, re.MULTILINE))
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert named, f"{document} names no target"
    assert {name for pair in named for name in pair if name} <= set(targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_resolves(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not _resolves(document, link)]
    assert broken == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_everything_public_has_a_docstring(package: Path) -> None:
    files = sorted(package.rglob("*.py"))
    assert files
    bare = [f"{file.relative_to(ROOT)}: {name}" for file in files for name in _without_docstring(file)]
    assert bare == []


def test_every_file_of_the_packages_is_on_the_code_map() -> None:
    code_map = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = [
        file.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for file in sorted(package.rglob("*.py"))
        if not file.name.startswith("__") and file.parent.name not in {"cli", "handlers"} and file.name not in code_map
    ]
    assert missing == []


def _resolves(document: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (document.parent / path) if path else document
    if not target.exists():
        return False
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in (HEADING.findall(target.read_text(encoding="utf-8")) if anchor else [])
    }
    return not anchor or anchor in anchors


def _without_docstring(file: Path) -> Iterator[str]:
    """The public module-level names, and public methods of public classes, that have none."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if ast.get_docstring(tree) is None:
        yield "the module"
    for node in tree.body:
        if not _is_public(node):
            continue
        if ast.get_docstring(node) is None:
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{m.name}" for m in node.body if _is_public(m) and ast.get_docstring(m) is None)


def _is_public(node: ast.stmt) -> TypeGuard[Definition]:
    return isinstance(node, Definition) and not node.name.startswith("_")
