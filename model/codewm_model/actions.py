"""The action of an edit: at most 64 readable numbers that describe it, and a label in words.

No text and no hashes go in, so an action says what kind of edit it is without giving the after away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from codewm_model.changes import Change, Side, change_of
from codewm_model.edit import edit_between
from codewm_model.syntax import Leaf

# Categories of changed leaves, the most telling first: a label names the first that applies.
CATEGORIES = (
    "class", "function", "try", "with", "loop", "condition", "decorator", "import", "raise", "return", "assert",
    "async", "parameter", "annotation", "comprehension", "keyword argument", "assignment", "comparison", "operator",
    "collection", "call", "attribute", "comment", "string", "constant", "text", "other",
)  # fmt: skip
NAMES = {"other": "code", "condition": "if", "constant": "value"}  # of categories in labels that are called otherwise
SCOPES = ("function", "class", "module")
TYPES = ("add", "delete", "modify")
ACTION_FIELDS = (
    *(f"removed {category}" for category in CATEGORIES),
    *(f"added {category}" for category in CATEGORIES),
    *TYPES,
    *SCOPES,
    "removed lines",
    "added lines",
    "position",
)
ACTION_SIZE = len(ACTION_FIELDS)

# A leaf's category: what it is part of (annotation, comprehension), else what its kind says, else its parent, else its
# grandparent.
_CLAUSES = frozenset({"for_in_clause", "if_clause"})
_KINDS = {
    "class": "class", "def": "function", "lambda": "comprehension", "@": "decorator",
    "import": "import", "from": "import", "try": "try", "except": "try", "finally": "try", "with": "with",
    "for": "loop", "while": "loop", "break": "loop", "continue": "loop", "if": "condition", "elif": "condition",
    "else": "condition", "match": "condition", "case": "condition", "raise": "raise", "return": "return",
    "assert": "assert", "async": "async", "await": "async", "yield": "async", "->": "annotation",
    "and": "operator", "or": "operator", "not": "operator", "in": "comparison", "is": "comparison",
    "not in": "comparison", "is not": "comparison", "==": "comparison", "!=": "comparison", "<": "comparison",
    ">": "comparison", "<=": "comparison", ">=": "comparison", "none": "constant", "true": "constant",
    "false": "constant", "number": "constant", "string": "string", "comment": "comment", "word": "text",
}  # fmt: skip
_PARENTS = {
    "dotted_name": "import", "import_statement": "import", "import_from_statement": "import",
    "aliased_import": "import", "import_prefix": "import", "decorator": "decorator",
    "keyword_argument": "keyword argument", "parameters": "parameter", "default_parameter": "parameter",
    "typed_parameter": "parameter", "typed_default_parameter": "parameter", "lambda_parameters": "parameter",
    "type": "annotation", "generic_type": "annotation", "union_type": "annotation", "type_parameter": "annotation",
    "call": "call", "attribute": "attribute", "assignment": "assignment", "augmented_assignment": "assignment",
    "named_expression": "assignment", "binary_operator": "operator", "unary_operator": "operator",
    "boolean_operator": "operator", "comparison_operator": "comparison", "subscript": "collection",
    "slice": "collection", "list": "collection", "tuple": "collection", "set": "collection",
    "dictionary": "collection", "pair": "collection", "list_comprehension": "comprehension",
    "dictionary_comprehension": "comprehension", "set_comprehension": "comprehension",
    "generator_expression": "comprehension", "for_in_clause": "comprehension", "if_clause": "comprehension",
    "argument_list": "call", "interpolation": "string",
}  # fmt: skip
_PUNCTUATION = frozenset("()[]{},.:;=")
_WRAPPERS = ("try", "with", "loop", "condition")


def action_vector(before: str, after: str) -> npt.NDArray[np.float32]:
    """The action `[ACTION_SIZE]` that turns one piece of Python source into another; fragments are fine."""
    return action_of(change_of(edit_between(before, after)))


def action_of(change: Change) -> npt.NDArray[np.float32]:
    """The action `[ACTION_SIZE]` of a change; fields as in `ACTION_FIELDS`, counts as log(1 + n)."""
    removed, added = _counts(change.before), _counts(change.after)
    edit = change.edit
    kind = "add" if not edit.removed else "modify" if edit.added else "delete"
    values = [
        *(np.log1p(removed[category]) for category in CATEGORIES),
        *(np.log1p(added[category]) for category in CATEGORIES),
        *(float(kind == name) for name in TYPES),
        *(float(change.scope == name) for name in SCOPES),
        np.log1p(len(edit.removed)),
        np.log1p(len(edit.added)),
        change.position,
    ]
    return np.array(values, np.float32)


def label_of(change: Change) -> str:
    """The action in words, such as "add keyword argument", "wrap in try" or "rename"."""
    removed, added = _counts(change.before), _counts(change.after)
    if not removed and not added:
        return "change layout"
    longer = len(change.edit.added) - len(change.edit.removed)
    if not removed:
        wrapper = next((name for name in _WRAPPERS if added[name] and change.edit.removed and longer > 0), None)
        return f"wrap in {_name(wrapper)}" if wrapper else f"add {_name(_first(added))}"
    if not added:
        wrapper = next((name for name in _WRAPPERS if removed[name] and change.edit.added and longer < 0), None)
        return f"unwrap {_name(wrapper)}" if wrapper else f"remove {_name(_first(removed))}"
    if _only_names(change.before) and _only_names(change.after):
        return "rename"
    if _first(removed) == _first(added):
        return f"change {_name(_first(added))}"
    lost = Counter({name: n for name, n in removed.items() if name not in added})
    gained = Counter({name: n for name, n in added.items() if name not in removed})
    if lost and gained:
        return f"replace {_name(_first(lost))} with {_name(_first(gained))}"
    if gained:
        return f"add {_name(_first(gained))}"
    return f"remove {_name(_first(lost))}" if lost else f"change {_name(_first(added))}"


def _counts(side: Side) -> Counter[str]:
    leaves = [side.leaves[i] for i in side.changed_leaves()]
    telling = [leaf for leaf in leaves if leaf.kind not in _PUNCTUATION]
    return Counter(_categories(telling)) or Counter(["other"] if leaves else [])


def _categories(leaves: Iterable[Leaf]) -> Iterable[str]:
    for leaf in leaves:
        if leaf.annotation:
            yield "annotation"
        elif leaf.parent in _CLAUSES:
            yield "comprehension"
        else:
            yield _KINDS.get(leaf.kind) or _PARENTS.get(leaf.parent) or _PARENTS.get(leaf.grandparent) or "other"


def _first(counts: Counter[str]) -> str:
    return next(category for category in CATEGORIES if counts[category])


def _name(category: str) -> str:
    return NAMES.get(category, category)


def _only_names(side: Side) -> bool:
    return all(side.leaves[i].kind == "name" for i in side.changed_leaves())
