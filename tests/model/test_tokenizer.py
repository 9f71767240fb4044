"""Tokens: golden cases, and what must not depend on the process, the window or the grammar's numbers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import replacements

from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.regions import CHANGED, ON_CHANGED_LINE, UNCHANGED, Region, region_pair, view
from codewm_model.syntax import Leaf
from codewm_model.tokenizer import (
    MAX_DEPTH,
    PARENT_BUCKETS,
    TEXT_BUCKETS,
    TokenSequence,
    bucket,
    pieces,
    tokenize,
)


def leaf(text: str, kind: str, depth: int = 3) -> Leaf:
    return Leaf(text, kind, "call", "expression_statement", "function", depth, 0, 0)


def columns(tokens: TokenSequence) -> list[np.ndarray]:
    return [tokens.text, tokens.parent, tokens.depth, tokens.mark, tokens.name]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("parse_http_header", "name", ["parse", " http", " header"]),
        ("parseHTTPHeader2", "name", ["parse", " http", " header", " 2", " =parseHTTPHeader2"]),
        ("a_b_c_d_e_f", "name", ["a", " b", " c", " d", " =a_b_c_d_e_f"]),
        ("__init__", "name", ["init", " =__init__"]),
        ("_", "name", ["_"]),
        ("größe", "name", ["gr", " öß", " e", " =größe"]),
        ("'Read the file. Twice.'", "string", [" string", " read", " the", " file", " ='Read the file. Twice.'"]),
        ("''", "string", [" string", " =''"]),
        ("# type: ignore", "comment", [" comment", " type", " ignore", " =# type: ignore"]),
        ("0", "number", ["0"]),
        ("42", "number", ["42"]),
        ("3.14159", "number", [" number", " =3.14159"]),
        ("return", "return", ["return"]),
        ("!=", "!=", ["!="]),
    ],
)
def test_a_leaf_gives_these_pieces(text: str, kind: str, expected: list[str]) -> None:
    assert pieces(kind, text) == expected


@given(st.sampled_from(["name", "string", "comment", "number", "operator"]), st.text(min_size=1), st.text(min_size=1))
def test_an_edit_that_changes_a_leaf_changes_a_position(kind: str, one: str, other: str) -> None:
    assert (pieces(kind, one) == pieces(kind, other)) == (one == other)


@pytest.mark.parametrize("other", ["parseFile", "parse__file", "_parse_file"])
def test_names_of_the_same_words_are_told_apart_by_their_whole_text(other: str) -> None:
    assert pieces("name", other) == [*pieces("name", "parse_file"), f" ={other}"]


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


def test_every_position_of_an_identifier_is_known_as_part_of_a_name_and_no_other_is() -> None:
    after = region_pair(change_of(edit_between("", "readFile('some name', 3, x_y)  # x_y\n")))[1]
    named = [bucket(piece, TEXT_BUCKETS) for piece in ("read", " file", " =readFile", "x", " y")]
    tokens = tokenize(after)
    assert tokens.text[tokens.name == 1].tolist() == named
    assert set(tokens.name.tolist()) == {0, 1}


def test_both_sides_are_cut_to_begin_at_the_same_position() -> None:
    lines = [f"    name_{i} = {i}" for i in range(40)]
    whole = "\n".join(["def long():", *lines, ""])
    less = whole.replace("    name_20 = 20\n    name_21 = 21\n", "")
    other = whole.replace("name_20 = 20", "call(name_20, 20)")
    for one, two in ((less, whole), (whole, less), (whole, other)):
        before, after = (tokenize(region, 12) for region in region_pair(change_of(edit_between(one, two))))
        assert len(before.text) == len(after.text) == 12
        assert before.center == after.center == 6
        assert before.text[:6].tolist() == after.text[:6].tolist()
        assert before.text[6:].tolist() != after.text[6:].tolist()


def test_a_side_without_a_changed_line_has_the_place_of_the_change_at_its_center() -> None:
    lines = [f"    name_{i} = {i}" for i in range(20)]
    whole = "\n".join(["def long():", *lines, ""])
    less = whole.replace("    name_18 = 18\n", "")
    for one, other in ((less, whole), (whole, less)):
        sides = [tokenize(region, 12) for region in region_pair(change_of(edit_between(one, other)))]
        place, changed = sides if one is less else sides[::-1]
        assert place.text[place.center :].tolist()[:3] == [
            bucket(piece, TEXT_BUCKETS) for piece in ("name", " 19", "=")
        ]
        assert changed.text[changed.center + 1] == bucket(" 18", TEXT_BUCKETS)
        assert not place.mark.any() and changed.mark[changed.center] == CHANGED


def test_where_there_are_too_many_positions_half_of_the_rest_is_before_the_center() -> None:
    leaves = tuple(leaf(f"name{i}", "name") for i in range(100))
    marks = tuple(CHANGED if i >= 80 else UNCHANGED for i in range(100))
    tokens = tokenize(Region(leaves, marks, 0, 1, center=80), max_positions=20)
    assert len(tokens.text) == 20
    assert tokens.mark.tolist().index(CHANGED) == tokens.center == 10


@given(replacements(), st.integers(1, 80))
def test_every_leaf_has_its_pieces_and_a_cut_is_a_view_of_all_of_them(
    case: tuple[list[str], int, int, list[str]], most: int
) -> None:
    lines, first, count, added = case
    after = [*lines[:first], *added, *lines[first + count :]]
    for region in region_pair(change_of(edit_between("\n".join(lines), "\n".join(after))), 40):
        rows: list[tuple[int, ...]] = []
        begins = []
        for one, how in zip(region.leaves, region.marks, strict=True):
            begins.append(len(rows))
            place = bucket(one.parent, PARENT_BUCKETS), min(one.depth, MAX_DEPTH), how, int(one.kind == "name")
            rows += [(bucket(piece, TEXT_BUCKETS), *place) for piece in pieces(one.kind, one.text)]
        center = [*begins, len(rows)][region.center]
        start, stop = view(center, len(rows), most)
        tokens = tokenize(region, most)
        assert list(zip(*(column.tolist() for column in columns(tokens)), strict=True)) == rows[start:stop]
        assert tokens.center == center - start


@given(replacements(), st.integers(1, 32))
def test_a_region_of_as_many_leaves_as_there_are_positions_is_enough(
    case: tuple[list[str], int, int, list[str]], positions: int
) -> None:
    lines, first, count, added = case
    after = [*lines[:first], *added, *lines[first + count :]]
    change = change_of(edit_between("\n".join(lines), "\n".join(after)))
    few, many = ([tokenize(region, positions) for region in region_pair(change, n)] for n in (positions, 128))
    assert [[column.tolist() for column in columns(tokens)] for tokens in few] == [
        [column.tolist() for column in columns(tokens)] for tokens in many
    ]
    assert [tokens.center for tokens in few] == [tokens.center for tokens in many]


def test_depth_is_bounded_and_padding_is_never_used() -> None:
    tokens = tokenize(Region((leaf("x", "name", depth=400),), (UNCHANGED,), 0, 1))
    assert tokens.depth.tolist() == [MAX_DEPTH]
    assert all(0 < bucket(str(i), 16) < 16 for i in range(500))


def test_an_empty_region_has_no_positions() -> None:
    tokens = tokenize(Region((), (), 0, 0))
    assert [len(column) for column in columns(tokens)] == [0] * 5
