"""What really changed in an edit: a token-level diff of its lines, each token with its place in the syntax.

Everything that describes an edit (sketches, action, marks of a region) starts from here, so all of them
agree on what changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from codewm_model.edit import Edit, common_ends
from codewm_model.languages import Language, language_of
from codewm_model.syntax import Leaf, Source
from codewm_model.words import words

MAX_TOKENS = 1500  # of one side; what follows in a longer hunk is not looked at
_MAX_MATCH = 400  # tokens of a side between the common ends that difflib (quadratic) is asked to align

_PLAIN = re.compile(r"\w+|[^\w\s]")


class Token(NamedTuple):
    """A code leaf, or one word of a string, a comment or plain text. `leaf` is its index among the side's leaves."""

    text: str
    leaf: int


@dataclass(frozen=True, slots=True)
class Side:
    """The changed lines of one side: their leaves, their tokens, and which tokens really changed."""

    leaves: tuple[Leaf, ...]
    tokens: tuple[Token, ...]
    changed: tuple[int, ...]  # indices of tokens

    def changed_leaves(self) -> list[int]:
        """Indices of the leaves that have a changed token, ascending."""
        return list(dict.fromkeys(self.tokens[t].leaf for t in self.changed))


@dataclass(frozen=True, slots=True)
class Change:
    """An edit seen through the syntax. `scope` is function, class or module; `symbol` the dotted name around it.

    `position` says where in the enclosing definition (or file) the change begins, 0 to 1. `sources` are both
    sides' whole files, None without a grammar.
    """

    edit: Edit
    language: Language | None
    sources: tuple[Source, Source] | None
    before: Side
    after: Side
    scope: str
    symbol: str
    position: float


def change_of(edit: Edit, source: Source | None = None) -> Change:
    """Read one edit; `source` is its parsed `before`, if the caller has it (edits of one file share it)."""
    language = language_of(edit.path)
    if language is None or edit.before is None:
        before, after = _plain_leaves(edit.removed), _plain_leaves(edit.added)
        return Change(edit, None, None, *_compare(before, after), "module", "", 0.0)
    old = source or Source.parse(language, edit.before)
    new = old.replace(edit.first, len(edit.removed), edit.added)
    before = tuple(_up_to(MAX_TOKENS, old, edit.first, len(edit.removed)))
    after = tuple(_up_to(MAX_TOKENS, new, edit.first, len(edit.added)))
    around, count = (old, len(edit.removed)) if edit.removed else (new, len(edit.added))
    definitions = around.definitions(edit.first, edit.first + count)
    scope, position = "module", edit.first / max(1, around.line_count)
    if definitions:
        inner = definitions[-1]
        scope = "function" if inner.type in language.functions else "class"
        height = inner.end_point.row - inner.start_point.row + 1
        position = min(1.0, max(0.0, (edit.first - inner.start_point.row) / height))
    names = [node.child_by_field_name("name") for node in definitions]
    symbol = ".".join(name.text.decode(errors="replace") for name in names if name is not None and name.text)
    return Change(edit, language, (old, new), *_compare(before, after), scope, symbol, position)


class ChangeReader:
    """Reads edits one after the other; edits that share one `before` share its parse."""

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._parsed: list[tuple[tuple[str, ...], Source]] = []

    def read(self, edit: Edit) -> Change:
        """`change_of` the edit."""
        language = language_of(edit.path)
        if language is None or edit.before is None:
            return change_of(edit)
        known = (pair for pair in self._parsed if pair[0] is edit.before and pair[1].language is language)
        newest = next(known, None) or (edit.before, Source.parse(language, edit.before))
        self._parsed = [newest, *(pair for pair in self._parsed if pair is not newest)][: self._most]
        return change_of(edit, newest[1])


def _up_to(limit: int, source: Source, first: int, count: int) -> list[Leaf]:
    found: list[Leaf] = []
    for leaf in source.leaves(first, first + count) if count else ():
        if len(found) == limit:
            break
        found.append(leaf)
    return found


def _plain_leaves(lines: Sequence[str]) -> tuple[Leaf, ...]:
    """Words and punctuation of text without a grammar."""
    leaves: list[Leaf] = []
    for row, line in enumerate(lines):
        leaves += (Leaf(text, "word", "", "", "", 0, row, row) for text in _PLAIN.findall(line[:1000]))
        if len(leaves) >= MAX_TOKENS:
            break
    return tuple(leaves[:MAX_TOKENS])


def _tokens(leaves: Sequence[Leaf]) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for i, leaf in enumerate(leaves):
        if leaf.kind in ("string", "comment"):
            tokens += (Token(word, i) for word in words(leaf.text) or [leaf.text])
        else:
            tokens.append(Token(leaf.text, i))
    return tuple(tokens[:MAX_TOKENS])


def _compare(before: Sequence[Leaf], after: Sequence[Leaf]) -> tuple[Side, Side]:
    old, new = _tokens(before), _tokens(after)
    removed, added = _differing([token.text for token in old], [token.text for token in new])
    return Side(tuple(before), old, removed), Side(tuple(after), new, added)


def _differing(old: list[str], new: list[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of the tokens on each side that have no partner on the other."""
    head, tail = common_ends(old, new)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if not middle_old or not middle_new or max(len(middle_old), len(middle_new)) > _MAX_MATCH:
        return tuple(range(head, len(old) - tail)), tuple(range(head, len(new) - tail))
    removed: list[int] = []
    added: list[int] = []
    matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            removed += range(head + i, head + j)
            added += range(head + k, head + m)
    return tuple(removed), tuple(added)
