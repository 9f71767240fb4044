"""Renamed code is the same code with other local names."""

import ast
import random

import pytest

from codewm_train.renaming import rename_locals

SOURCE = '''
import os
from json import loads as read

LIMIT = 3


class Box:
    size = 1

    def fill(self, item: str, *items, count=LIMIT, **options) -> "Box":
        """Put item in."""
        total = [count for count in items if count]
        text = f"{item!r} of {total:>{count}} {len(items)}"
        self.item = options.get("item", item)

        def inner(item_two):
            nonlocal total
            total += item_two
            return inner(item_two=total)

        with open(os.path.join(item)) as stream:
            import sys
            id = read(stream, size=count)
        try:
            _private = sys.argv
        except OSError as problem:
            raise ValueError(problem) from problem
        match item:
            case [first, *rest] if first:
                return first, rest
            case Box(size=found):
                return found
        return text, id, _private, (lambda count: count + LIMIT)


def outside(limit=LIMIT):
    global LIMIT
    LIMIT = limit
'''


def names(source):
    """Every name of a tree but the keywords of calls, in the order of the walk."""
    out = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword):
            continue
        out += [getattr(node, field) for field in ("id", "arg", "name") if isinstance(getattr(node, field, None), str)]
    return out


def skeleton(source):
    """The tree with every plain name blanked; attributes, keywords, imports and constants stay."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = "_"
        elif isinstance(node, ast.Nonlocal):
            node.names = ["_" for _ in node.names]
        elif isinstance(node, ast.arg):
            node.arg = "_"
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            node.name = "_"
    return ast.dump(tree)


@pytest.fixture(scope="module")
def renamed():
    return rename_locals(SOURCE, random.Random(1))


def test_renamed_code_parses_to_the_same_tree_but_for_names(renamed):
    assert renamed != SOURCE
    assert skeleton(renamed) == skeleton(SOURCE)


def test_one_name_becomes_one_name_within_a_function(renamed):
    method = SOURCE.index("    def fill"), SOURCE.index("def outside")
    new_method = renamed.index("    def fill"), renamed.index("def outside")
    old = names("class C:\n" + SOURCE[slice(*method)])
    new = names("class C:\n" + renamed[slice(*new_method)])
    pairs = set(zip(old, new, strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


KEPT = ["self.item", "size=", "item_two=", "os.path.join", "read", "LIMIT", "len", "id", "_private", "sys.argv"]


@pytest.mark.parametrize("kept", KEPT)
def test_attributes_keywords_imports_builtins_and_globals_keep_their_names(renamed, kept):
    assert renamed.count(kept) == SOURCE.count(kept)


@pytest.mark.parametrize("gone", ["total", "stream", "problem", "rest", "options"])
def test_locals_and_parameters_lose_their_names(renamed, gone):
    assert gone not in names(renamed)


def test_names_inside_f_strings_are_renamed_with_the_others():
    source = 'def f(value):\n    return f"{value} value"\n'
    new = rename_locals(source, random.Random(0))
    name = new[len("def f(") : new.index(")")]
    assert new == f'def f({name}):\n    return f"{{{name}}} value"\n'


def test_the_same_seed_gives_the_same_names():
    assert rename_locals(SOURCE, random.Random(5)) == rename_locals(SOURCE, random.Random(5))


def test_what_python_cannot_read_is_refused():
    with pytest.raises(SyntaxError):
        rename_locals("print 'two'\n", random.Random(0))
