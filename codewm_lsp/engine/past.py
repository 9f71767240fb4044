"""The indexed edits with their text: what an index and one `git log` know of them together, nothing encoded anew."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codewm_lsp.engine.encoder import EncodedEdit
from codewm_lsp.engine.indexing import reachable_commits
from codewm_lsp.engine.rows import EditRow
from codewm_lsp.engine.store import Store, stored_path
from codewm_model.edit import Commit
from codewm_model.git import Repository
from codewm_model.history import read_history

MAX_EDITS = 60_000  # the newest of a longer history, so that a replay takes a minute and not an hour
_BATCH = 500


@dataclass(frozen=True, slots=True, eq=False)
class PastEdit:
    """An edit as the index has it, and the lines that it removed and added, which git has."""

    row: EditRow
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PastCommit:
    """A commit with those of its edits that are indexed."""

    commit: Commit
    edits: tuple[PastEdit, ...]

    @property
    def files(self) -> frozenset[str]:
        """The paths that it changed."""
        return frozenset(edit.row.path for edit in self.edits)


def indexed_commits(repository: Repository, store: Store) -> list[str]:
    """The commits of the index that the repository still reaches, newest first: none descends from a later one."""
    known = store.commit_hashes()
    return [commit for commit in reachable_commits(repository) if commit in known]


def count_since(repository: Repository, commits: Sequence[str], date: str) -> int:
    """How many of the commits were made after a date, as git reads dates."""
    wanted = set(reachable_commits(repository, f"--since={date}"))
    return sum(commit in wanted for commit in commits)


def read_past(
    repository: Repository,
    store: Store,
    commits: Sequence[str],
    *,
    most: int = MAX_EDITS,
    report: Callable[[int], None] = lambda read: None,
) -> list[PastCommit]:
    """Commits with their edits, in their order, until there are `most` edits; without those that have none.

    `report` is told after each commit how many were read.
    """
    texts: dict[tuple[str, str, tuple[int, int]], tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for number, part in enumerate(read_history(repository, commits, wants_before=lambda path: False), 1):
        for edit in part.edits:
            texts[part.commit.id, stored_path(edit.path), edit.lines] = edit.removed, edit.added
        report(number)
        if len(texts) >= most:
            break
    found: dict[str, list[PastEdit]] = {}
    described: dict[str, Commit] = {}
    for commit, row in _rows(store):
        if text := texts.get((commit.id, row.path, row.lines)):
            found.setdefault(commit.id, []).append(PastEdit(row, *text))
            described[commit.id] = commit
    return [PastCommit(described[commit], tuple(found[commit])) for commit in commits if commit in found]


def _rows(store: Store) -> Iterator[tuple[Commit, EditRow]]:
    """All rows of an index, with the commit that each belongs to."""
    rows = store.sketches_after(0)
    while batch := list(itertools.islice(rows, _BATCH)):
        origin = store.provenance([number for number, _, _ in batch])
        for number, sketch, learned in batch:
            if edit := origin.get(number):
                yield edit.commit, EditRow(edit.path, edit.lines, edit.action, EncodedEdit(sketch, learned, None))
