"""The paper's action: 15 numbers that compare two whole Python files by their syntax trees.

What each number is, its caps and its quirks follow the authors' released collector (eren23/crucible-community-tap,
collectors/ast_diff.py): an add or a delete is a file that appears or goes; a function is known by its bare name; the
scope is a function's if any function came, went or changed in size, else a class's if one came or went, else the
module's. It is here to define the paper's relevance, not to be good.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from codewm_model.edit import Edit

SIZE = 15
EDIT_TYPE, SCOPE = slice(0, 3), slice(3, 6)  # one-hot: add, delete, modify; function, class, module
_CONTROL = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Try, ast.With, ast.AsyncWith)


@dataclass
class Outline:
    """What is counted of one file: all zero where it does not parse. `functions` maps a name to its nodes."""

    nodes: int = 0
    functions: dict[str, int] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    control: int = 0
    decorators: int = 0


def paper_actions(edits: Sequence[Edit]) -> NDArray[np.float32]:
    """The paper's action `[N, 15]` of each edit, its file before against the file after that hunk alone."""
    outlines: dict[int, Outline] = {}  # of the files before, which edits share: by identity, for `edits` holds them
    rows = []
    for edit in edits:
        before = edit.before or ()
        known = outlines.get(id(edit.before))
        if known is None:
            known = outlines[id(edit.before)] = outline("\n".join(before))
        rows.append(paper_action(before, edit.after or (), known))
    return np.stack(rows)


def paper_action(before: Sequence[str], after: Sequence[str], old: Outline | None = None) -> NDArray[np.float32]:
    """The 15 numbers, each in [0, 1], from the lines of both files; `old` is the outline of the first, if known."""
    old_text, new_text = ("\n".join(lines).strip() for lines in (before, after))
    old, new = old or outline(old_text), outline(new_text)
    kind = 0 if not old_text else 1 if not new_text else 2
    resized = sum(new.functions[name] != size for name, size in old.functions.items() if name in new.functions)
    if old.functions.keys() != new.functions.keys():
        scope = 0
    elif old.classes != new.classes:
        scope = 1
    else:
        scope = 0 if resized else 2
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    grown = (new.nodes - old.nodes) / max(old.nodes, new.nodes, 1)
    shape = abs(len(new.classes) - len(old.classes)) + abs(new.decorators - old.decorators)
    return np.array(
        [
            *(float(kind == i) for i in range(3)),
            *(float(scope == i) for i in range(3)),
            same / max(len(before), len(after), 1),
            grown / 2 + 0.5,
            min(len(new.functions.keys() - old.functions.keys()), 5) / 5,
            min(len(old.functions.keys() - new.functions.keys()), 5) / 5,
            min(resized, 10) / 10,
            min(len(new.imports - old.imports), 5) / 5,
            min(abs(new.control - old.control), 10) / 10,
            min(shape, 5) / 5,
            min(len(new_text) / max(len(old_text), 1), 3) / 3,
        ],
        np.float32,
    )


def outline(source: str) -> Outline:
    """Count one file."""
    found = Outline()
    try:
        tree = ast.parse(source.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    found.nodes = _count(tree, found)
    return found


def _count(node: ast.AST, found: Outline) -> int:
    """Nodes of a subtree, itself included, on whose way everything else is counted."""
    size = 1 + sum(_count(child, found) for child in ast.iter_child_nodes(node))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        found.functions[node.name] = size
        found.decorators += len(node.decorator_list)
    elif isinstance(node, ast.ClassDef):
        found.classes.add(node.name)
        found.decorators += len(node.decorator_list)
    elif isinstance(node, ast.Import):
        found.imports.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        found.imports.add(node.module)
    elif isinstance(node, _CONTROL):
        found.control += 1
    return size
