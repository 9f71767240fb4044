"""Unified diffs from anywhere, whole or not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_model.history import fragment_edits
from codewm_model.patch import read_diff, unquote_path

GIT = b"""\
From 1234 Mon Sep 17 00:00:00 2001
Subject: words before the diff

diff --git a/app/main.py b/app/main.py
index 1111111..2222222 100644
--- a/app/main.py
+++ b/app/main.py
@@ -1,7 +1,8 @@ def heading():
 one = 1
-two = 2
+two = 22
 three = 3
 four = 4
 five = 5
+extra = 0
 six = 6
 seven = 7
diff --git a/image.png b/image.png
Binary files a/image.png and b/image.png differ
diff --git "a/with\\ttab.py" "b/with\\ttab.py"
--- "a/with\\ttab.py"
+++ "b/with\\ttab.py"
@@ -1 +1 @@
-x = 1
\\ No newline at end of file
+x = 2
--\x20
2.39.5
"""


def edits(diff: bytes) -> list[tuple[str, tuple[int, int], tuple[str, ...], tuple[str, ...]]]:
    found = read_diff(iter(diff.splitlines(keepends=True)))
    return [(edit.path, edit.lines, edit.removed, edit.added) for file in found for edit in fragment_edits(file)]


def test_a_git_diff_is_read_with_its_edits_three_lines_apart() -> None:
    assert edits(GIT) == [
        ("app/main.py", (2, 2), ("two = 2",), ("two = 22",)),
        ("app/main.py", (6, 6), (), ("extra = 0",)),
        ("with\ttab.py", (1, 1), ("x = 1",), ("x = 2",)),
    ]


def test_a_hunks_old_side_stands_for_its_file() -> None:
    (file, _) = read_diff(iter(GIT.splitlines(keepends=True)))
    first, second = fragment_edits(file)
    assert first.before == ("one = 1", "two = 2", "three = 3", "four = 4", "five = 5", "six = 6", "seven = 7")
    assert first.after == ("one = 1", "two = 22", *first.before[2:])
    assert second.after == (*first.before[:5], "extra = 0", *first.before[5:])


def test_a_crlf_diff_reads_like_any_other() -> None:
    assert edits(GIT.replace(b"\n", b"\r\n")) == edits(GIT)


def test_a_plain_diff_reads_like_one_of_git(tmp_path: Path) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_text("".join(f"line {i}\n" for i in range(30)))
    new.write_text(old.read_text().replace("line 3\n", "line three\n").replace("line 20\n", ""))
    plain = subprocess.run(["diff", "-u", old, new], capture_output=True).stdout
    assert [edit[1:] for edit in edits(plain)] == [
        ((4, 4), ("line 3",), ("line three",)), ((21, 21), ("line 20",), ()),
    ]  # fmt: skip
    assert edits(plain)[0][0] == str(new)


def test_lines_that_look_like_headers_inside_a_hunk_are_lines() -> None:
    diff = (
        b"--- a/q.sql\n+++ b/q.sql\n@@ -1,3 +1,3 @@\n"
        b"--- old comment\n+++ new comment\n select 1\n-diff --git\n+@@ -1 +1 @@\n"
    )
    assert edits(diff) == [
        ("q.sql", (1, 3), ("-- old comment", "select 1", "diff --git"), ("++ new comment", "select 1", "@@ -1 +1 @@"))
    ]


def test_an_added_and_a_removed_file_have_their_names() -> None:
    diff = (
        b"--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
        b"--- a/old.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-y = 1\n-z = 1\n"
    )
    assert edits(diff) == [("new.py", (1, 1), (), ("x = 1",)), ("old.py", (1, 1), ("y = 1", "z = 1"), ())]


def test_a_truncated_diff_gives_what_was_read() -> None:
    cut = GIT[: GIT.index(b" five = 5")]
    assert edits(cut) == [("app/main.py", (2, 2), ("two = 2",), ("two = 22",))]


def test_a_hunk_cut_off_by_the_next_file_still_counts() -> None:
    diff = (
        b"--- a/a.py\n+++ b/a.py\n@@ -1,9 +1,9 @@\n-x = 1\n+x = 2\n"
        b"diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-y\n+z\n"
    )
    assert edits(diff) == [("a.py", (1, 1), ("x = 1",), ("x = 2",)), ("b.py", (1, 1), ("y",), ("z",))]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"no diff at all\n",
        b"\0\xff\xfe" * 100,
        b"+++ b/a.py\n",
        b"@@ -1 +1 @@\n-x\n+y\n",
        b"--- a/a.py\n+++ b/a.py\n@@ -%s +1 @@\n-x\n" % (b"9" * 5000),
        b"--- a/a.py\n+++ b/a.py\n@@@ -1 -1 +1 @@@\n--x\n++y\n",
    ],
)
def test_garbage_has_no_edits(garbage: bytes) -> None:
    assert edits(garbage) == []


def test_impossible_positions_stay_in_the_file() -> None:
    assert edits(b"--- a/a.py\n+++ b/a.py\n@@ -0,1 +0,1 @@\n-x\n+y\n") == [("a.py", (1, 1), ("x",), ("y",))]


@given(st.lists(st.sampled_from([*GIT.splitlines(keepends=True), b"--- a/x\n", b"+++ b/x\n", b"@@ -3,2 +9 @@\n"])))
def test_any_order_of_lines_is_read_and_every_edit_fits_its_fragment(lines: list[bytes]) -> None:
    for file in read_diff(iter(lines)):
        for edit in fragment_edits(file):
            assert edit.before is not None
            assert edit.before[edit.first : edit.first + len(edit.removed)] == edit.removed


@pytest.mark.parametrize(
    ("quoted", "path"),
    [
        (b"plain.py", "plain.py"),
        (rb'"with\ttab"', "with\ttab"),
        (rb'"a \"quote\" and \\"', 'a "quote" and \\'),
        (rb'"caf\303\251"', "café"),
        (rb'"caf\351"', "caf\udce9"),
        (b'"', '"'),
    ],
)
def test_paths_are_unquoted_as_git_quotes_them(quoted: bytes, path: str) -> None:
    assert unquote_path(quoted) == path
