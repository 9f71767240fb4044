"""Grammars by file extension. Another tree-sitter grammar is one more row in `LANGUAGES`.

Broken code is data: parsing never fails, it yields a tree with error nodes.
"""

from __future__ import annotations

import functools
import importlib
import threading
from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Language as Grammar
from tree_sitter import Parser, Tree


@dataclass(frozen=True, eq=False)
class Language:
    """What the model needs to know of a grammar; all names are the grammar's own node types."""

    name: str
    module: str  # the package whose `language()` gives the grammar
    extensions: tuple[str, ...]
    identifiers: frozenset[str]
    strings: frozenset[str]  # one leaf each, unless a child is in `holes`
    holes: frozenset[str]  # code inside a string
    numbers: frozenset[str]
    comments: frozenset[str]
    functions: frozenset[str]
    classes: frozenset[str]
    annotations: frozenset[str]  # types of parameters, results and variables

    def kind(self, node_type: str) -> str:
        """A leaf's class: names, strings, numbers and comments by kind, keywords and punctuation by their text."""
        return self._kinds.get(node_type, node_type)

    @functools.cached_property
    def _kinds(self) -> dict[str, str]:
        groups = {
            "name": self.identifiers,
            "string": self.strings,
            "number": self.numbers,
            "comment": self.comments,
        }
        return {node_type: kind for kind, types in groups.items() for node_type in types}


LANGUAGES = (
    Language(
        name="python",
        module="tree_sitter_python",
        extensions=(".py", ".pyi", ".pyw"),
        identifiers=frozenset({"identifier"}),
        strings=frozenset({"string"}),
        holes=frozenset({"interpolation"}),
        numbers=frozenset({"integer", "float"}),
        comments=frozenset({"comment"}),
        functions=frozenset({"function_definition"}),
        classes=frozenset({"class_definition"}),
        annotations=frozenset({"type"}),
    ),
)
_BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


def language_of(path: str) -> Language | None:
    """The language of a file by its extension, None if there is no grammar for it."""
    return _BY_EXTENSION.get(PurePosixPath(path).suffix.lower())


def has_grammar(path: str) -> bool:
    """Whether `path` is in a language whose syntax the model reads."""
    return language_of(path) is not None


def parse(language: Language, source: bytes, old: Tree | None = None) -> Tree:
    """The syntax tree of UTF-8 `source`; `old`, a tree told of every edit since, makes it incremental.

    Any thread may call it; other Python threads wait meanwhile, two milliseconds for a thousand lines. Handing a text
    over in pieces would give them their turns, but tree-sitter 0.26 never lets go of what it is handed so.
    """
    return _parsers.of(language).parse(source, old) if old is not None else _parsers.of(language).parse(source)


class _Parsers(threading.local):
    """The parsers of one thread: two that took turns in one parser would spoil its memory."""

    def __init__(self) -> None:
        self._known: dict[str, Parser] = {}

    def of(self, language: Language) -> Parser:
        """The thread's parser of a language."""
        if language.name not in self._known:
            self._known[language.name] = Parser(_grammar(language))
        return self._known[language.name]


_parsers = _Parsers()


@functools.cache
def _grammar(language: Language) -> Grammar:
    return Grammar(importlib.import_module(language.module).language())
