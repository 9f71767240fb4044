"""Commits are handed to workers in portions of bounded size, and come back whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codewm_lsp.engine import extraction
from codewm_lsp.engine.extraction import Part, chunks, extract_all
from codewm_model.edit import Commit, Edit
from codewm_model.history import CommitEdits

FILES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5)), max_size=6)  # lines and edits of each


def history(shape: Sequence[Sequence[tuple[int, int]]]) -> list[CommitEdits]:
    made = []
    for number, files in enumerate(shape):
        edits: list[Edit] = []
        for name, (lines, count) in enumerate(files):
            before = tuple(str(line) for line in range(lines))
            edits += [Edit(f"{name}.py", before, i, (), (f"{number} {i}",), i) for i in range(count)]
        commit = Commit(f"{number:040x}", "Ada", "ada@example.org", number, "a commit")
        made.append(CommitEdits(commit, tuple(edits), Counter({"binary": number + 1})))
    return made


def lines_of(chunk: Sequence[Part]) -> int:
    """Of the whole files in a chunk, each counted once."""
    files = {id(edit.before): len(edit.before or ()) for part in chunk for edit in part.edits}
    return sum(files.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=st.lists(FILES, max_size=12))
def test_commits_are_cut_into_small_portions_and_joined_again(
    shape: list[list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(chunk: Sequence[Part | CommitEdits]) -> list[Any]:
        """What each edit is, where the product has its vectors."""
        return [(part.commit, [(edit.path, *edit.added) for edit in part.edits], part.skipped) for part in chunk]

    monkeypatch.setattr(extraction, "CHUNK", 8)
    monkeypatch.setattr(extraction, "CHUNK_LINES", 100)
    monkeypatch.setattr(extraction, "extract", named)
    commits = history(shape)
    assert all(lines_of(chunk) <= 100 for chunk in chunks(iter(commits)))
    joined = [row for rows in extract_all(iter(commits), jobs=1) for row in rows]
    assert joined == named(commits)


def test_a_file_that_is_larger_than_a_portion_is_one() -> None:
    huge = history([[(3, 1), (2 * extraction.CHUNK_LINES, 3), (3, 1)]])
    assert [[len(part.edits) for part in chunk] for chunk in chunks(iter(huge))] == [[1], [3], [1]]
