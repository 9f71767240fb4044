"""Give the local variables of a file names that mean nothing.

Two edits by one fixer rule, made in one project, often share their variable names; a method that only compares
names would then look as if it knew kinds of edits. Renaming BEFORE the rule runs keeps both sides consistent by
construction: the tool itself carries the names over.
"""

from __future__ import annotations

import builtins
import random
import symtable
from collections.abc import Iterator

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor

_PYTHON = Language(tree_sitter_python.language())
_IDENTIFIERS = Query(_PYTHON, "(identifier) @identifier")
_KEPT = frozenset(dir(builtins)) | {"self", "cls", "mcs", "mcls"}

_WORDS = """
acorn agate alder almond amber anchor anvil apple apron arrow aspen aster atlas autumn badger bamboo banjo barley
basil basket beacon beaver beech bell birch bison blossom bobbin bonnet boulder bramble brass breeze brick bridge
bronze brook broom bucket buckle butter button cabin cactus camel canal candle canoe canyon caramel carrot castle
cedar cello chalk cherry chess chestnut cider cinder citrus clay cliff clover coal cobalt coconut comet copper
coral cork cotton cradle crane crater creek cricket crystal curtain daisy denim desert dolphin donkey dragon drum
dune eagle ebony elbow elk ember emerald falcon feather fern ferry fiddle fig flint flute forest fossil fox garlic
garnet gazelle ginger glacier goose granite grape gravel guitar hammer harbor harp hazel heron hickory honey hornet
iris island ivory jacket jade jasmine jasper juniper kelp kettle kitten kiwi ladder lagoon lantern lark laurel lava
lemon lentil lilac lily linen lizard lobster lotus lumber lynx magnet mango maple marble meadow melon mint mitten
moss mountain mustard nectar needle nettle nickel nutmeg oak oasis olive onion opal orchid otter owl oyster paddle
panther paprika parsley pasture peach pearl pebble pelican pepper pewter pigeon pillow pine planet plum pollen pond
poplar poppy prairie pumpkin quail quarry quartz quill quilt rabbit radish raven reef ribbon river robin rocket
saddle saffron sage salmon sandal sapphire satin saucer sequoia shovel silver slate sparrow spice spruce squash
stable stone sugar sunset swan tango teapot thistle thunder thyme tiger timber topaz torch tulip tundra turnip
turtle valley velvet violet violin walnut walrus weasel willow window winter wool wren yarrow zebra zinc
""".split()  # noqa: SIM905  two hundred quoted words read worse


def rename_locals(source: str, rng: random.Random) -> str:
    """`source` with the locals and parameters of every outermost function given random names.

    Attributes, keywords of calls, imports, builtins, nested functions and classes, names with a leading underscore
    and names that are global anywhere inside the function stay as they are. Raises SyntaxError where Python cannot
    read the source.
    """
    top = symtable.symtable(source, "", "exec")
    tables = {(table.get_name(), table.get_lineno()): table for table in _outermost(top)}
    data = source.encode()
    spans: dict[tuple[int, int], str] = {}
    for function in _functions(Parser(_PYTHON).parse(data).root_node):
        name = function.child_by_field_name("name")
        table = tables.get((_text(name), function.start_point.row + 1)) if name else None
        if table is None:
            continue
        names = _renamable(table)
        words = _fresh_names(rng, source)
        mapping = {old: next(words) for old in sorted(names)}
        for node in _variables(function):
            if _text(node) in mapping:
                spans[node.start_byte, node.end_byte] = mapping[_text(node)]
    pieces: list[bytes] = []
    done = 0
    for (start, end), word in sorted(spans.items()):
        pieces += [data[done:start], word.encode()]
        done = end
    return b"".join([*pieces, data[done:]]).decode()


def _outermost(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """The scopes of functions that lie in no other function."""
    for child in table.get_children():
        if child.get_type() == "function":
            yield child
        else:
            yield from _outermost(child)


def _renamable(function: symtable.SymbolTable) -> set[str]:
    """Names bound in the function or in those inside it, less the ones whose renaming could touch another thing."""
    bound: set[str] = set()
    kept: set[str] = set()
    scopes = [function]
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        in_class = scope.get_type() == "class"
        for symbol in scope.get_symbols():
            if symbol.is_global() or symbol.is_imported() or symbol.is_namespace() or (in_class and symbol.is_local()):
                kept.add(symbol.get_name())
            elif symbol.is_local():
                bound.add(symbol.get_name())
    return {name for name in bound - kept - _KEPT if name.isidentifier() and not name.startswith("_")}


def _functions(node: Node) -> Iterator[Node]:
    """Outermost function definitions below a node."""
    for child in node.children:
        if child.type == "function_definition":
            yield child
        elif child.child_count:
            yield from _functions(child)


def _variables(function: Node) -> Iterator[Node]:
    """Identifiers that name variables of the function: its own annotations and defaults belong to the outside."""
    parameters = function.child_by_field_name("parameters")
    outside = [function.child_by_field_name("return_type")]
    for parameter in parameters.children if parameters else []:
        outside += [parameter.child_by_field_name("type"), parameter.child_by_field_name("value")]
    ranges = [(node.start_byte, node.end_byte) for node in outside if node]
    for node in QueryCursor(_IDENTIFIERS).captures(function).get("identifier", []):
        parent = node.parent
        if parent is None or any(start <= node.start_byte < end for start, end in ranges):
            continue
        field = {"attribute": "attribute", "keyword_argument": "name"}.get(parent.type)
        if field and parent.child_by_field_name(field) == node:
            continue
        if parent.type == "dotted_name":  # of an import, of a class in a pattern, or a lone name that a pattern binds
            binds = parent.parent is not None and parent.parent.type in ("case_pattern", "keyword_pattern")
            if not binds or parent.child_count > 1:
                continue
        if parent.type != "keyword_pattern":
            yield node


def _fresh_names(rng: random.Random, source: str) -> Iterator[str]:
    """Endless distinct names of one or two words, none of which the source contains."""
    seen: set[str] = set()
    while True:
        name = "_".join(rng.sample(_WORDS, rng.choice((1, 2))))
        if name not in seen and name not in source:
            seen.add(name)
            yield name


def _text(node: Node) -> str:
    return (node.text or b"").decode()
