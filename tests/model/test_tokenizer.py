"""Tokens: golden cases, and what must not depend on the process, the window or the grammar's numbers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.regions import CHANGED, ON_CHANGED_LINE, UNCHANGED, Region, region_pair
from codewm_model.syntax import Leaf
from codewm_model.tokenizer import (
    MAX_DEPTH,
    PARENT_BUCKETS,
    TEXT_BUCKETS,
    bucket,
    pieces,
    tokenize,
)


def leaf(text: str, kind: str, depth: int = 3) -> Leaf:
    return Leaf(text, kind, "call", "expression_statement", "function", depth, 0, 0)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("parse_http_header", "name", ["parse", " http", " header"]),
        ("parseHTTPHeader2", "name", ["parse", " http", " header", " 2"]),
        ("a_b_c_d_e_f", "name", ["a", " b", " c", " d"]),
        ("__init__", "name", ["init"]),
        ("_", "name", ["_"]),
        ("größe", "name", ["gr", " öß", " e"]),
        ('"""Read the file. Twice, if need be."""', "string", [" string", " read", " the", " file"]),
        ("''", "string", [" string"]),
        ("# type: ignore", "comment", [" comment", " type", " ignore"]),
        ("0", "number", ["0"]),
        ("42", "number", ["42"]),
        ("3.14159", "number", [" number"]),
        ("return", "return", ["return"]),
        ("!=", "!=", ["!="]),
    ],
)
def test_a_leaf_gives_these_pieces(text: str, kind: str, expected: list[str]) -> None:
    assert pieces(leaf(text, kind)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("return", 5284), ("self", 2388), (" string", 6856), ("größe", 3344), ("", 1)],
)
def test_buckets_are_the_ones_that_checkpoints_were_trained_on(text: str, expected: int) -> None:
    assert bucket(text, TEXT_BUCKETS) == expected


def test_buckets_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    program = "from codewm_model.tokenizer import bucket; print(bucket('argument_list', 512), bucket('Ünï', 8192))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{bucket('argument_list', 512)} {bucket('Ünï', 8192)}\n".encode()}


def test_a_small_edit_has_this_sequence() -> None:
    before, after = region_pair(change_of(edit_between("x = load(path)\n", "x = load(path, retries=3)\n")))
    tokens = tokenize(after)
    texts = ["x", "=", "load", "(", "path", ",", "retries", "=", "3", ")"]
    assert tokens.text.tolist() == [bucket(text, TEXT_BUCKETS) for text in texts]
    parents = ["assignment"] * 2 + ["call"] + ["argument_list"] * 3 + ["keyword_argument"] * 3 + ["argument_list"]
    assert tokens.parent.tolist() == [bucket(parent, PARENT_BUCKETS) for parent in parents]
    assert tokens.depth.tolist() == [3, 3, 4, 5, 5, 5, 6, 6, 6, 5]
    assert tokens.mark.tolist() == [ON_CHANGED_LINE] * 5 + [CHANGED] * 4 + [ON_CHANGED_LINE]
    assert tokenize(before).mark.tolist() == [ON_CHANGED_LINE] * 6


def test_where_there_are_too_many_positions_those_around_the_change_stay() -> None:
    leaves = tuple(leaf(f"name{i}", "name") for i in range(100))
    marks = tuple(CHANGED if i == 80 else UNCHANGED for i in range(100))
    tokens = tokenize(Region(leaves, marks, 0, 1), max_positions=20)
    assert len(tokens.text) == 20
    assert tokens.mark.tolist().index(CHANGED) in range(8, 12)


def test_depth_is_bounded_and_padding_is_never_used() -> None:
    tokens = tokenize(Region((leaf("x", "name", depth=400),), (UNCHANGED,), 0, 1))
    assert tokens.depth.tolist() == [MAX_DEPTH]
    assert all(0 < bucket(str(i), 16) < 16 for i in range(500))


def test_an_empty_region_has_no_positions() -> None:
    tokens = tokenize(Region((), (), 0, 0))
    assert [len(column) for column in (tokens.text, tokens.parent, tokens.depth, tokens.mark)] == [0, 0, 0, 0]
