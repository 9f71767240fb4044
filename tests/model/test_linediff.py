"""Hunks between two texts: they turn one into the other, and are cut where git cuts them."""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_model.linediff import diff_edits, hunks
from codewm_model.patch import JOIN_BELOW

_LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=30)


@given(_LINES, _LINES)
def test_the_hunks_turn_the_old_text_into_the_new_one(old: list[str], new: list[str]) -> None:
    built: list[str] = []
    at = 0
    for first, end, new_first, new_end in hunks(old, new):
        built += old[at:first]
        assert len(built) == new_first
        built += new[new_first:new_end]
        at = end
    assert built + old[at:] == new


@given(_LINES, _LINES)
def test_hunks_are_at_least_three_lines_apart(old: list[str], new: list[str]) -> None:
    found = hunks(old, new)
    assert all(second[0] - first[1] >= JOIN_BELOW for first, second in itertools.pairwise(found))


@given(_LINES, _LINES)
def test_a_hunk_begins_and_ends_with_a_difference(old: list[str], new: list[str]) -> None:
    for first, end, new_first, new_end in hunks(old, new):
        assert old[first:end] != new[new_first:new_end]


@given(_LINES, _LINES)
def test_each_edit_alone_is_its_before_with_its_lines_replaced(old: list[str], new: list[str]) -> None:
    for edit in diff_edits("a.py", old, new):
        assert edit.before == tuple(old)
        assert edit.after == (*old[: edit.first], *edit.added, *old[edit.first + len(edit.removed) :])
        assert tuple(new[edit.new_first : edit.new_first + len(edit.added)]) == edit.added


BASE = [f"line {i}" for i in range(40)]
CASES = {
    "changed": [*BASE[:5], "five", *BASE[6:]],
    "inserted": [*BASE[:5], "new", "newer", *BASE[5:]],
    "removed": [*BASE[:5], *BASE[9:]],
    "two apart": [*BASE[:5], "five", *BASE[6:8], "eight", *BASE[9:]],
    "three apart": [*BASE[:5], "five", *BASE[6:9], "nine", *BASE[10:]],
    "both ends": ["first", *BASE, "last"],
    "emptied": [],
    "moved": [*BASE[10:20], *BASE[:10], *BASE[20:]],
    "all new": [f"other {i}" for i in range(40)],
}


@pytest.mark.parametrize("name", CASES)
def test_line_ranges_agree_with_git(name: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("".join(f"{line}\n" for line in BASE))
    new.write_text("".join(f"{line}\n" for line in CASES[name]))
    command = ["git", "diff", "--no-index", "-U0", "--inter-hunk-context=2", "--diff-algorithm=myers", old, new]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    expected = []
    for header in re.findall(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", output, re.MULTILINE):
        first, count, new_first, new_count = (1 if number == "" else int(number) for number in header)
        first, new_first = first - (count > 0), new_first - (new_count > 0)
        expected.append((first, first + count, new_first, new_first + new_count))
    assert hunks(BASE, CASES[name]) == expected


def test_blank_lines_are_no_edits() -> None:
    assert diff_edits("a.py", ["a", "b"], ["a", "", "   ", "b"]) == []


def test_texts_without_a_common_line_are_one_hunk_in_no_time() -> None:
    old, new = [f"old {i}" for i in range(20_000)], [f"new {i}" for i in range(20_000)]
    began = time.thread_time()
    assert hunks(old, new) == [(0, 20_000, 0, 20_000)]
    assert time.thread_time() - began < 5
