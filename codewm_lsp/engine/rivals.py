"""What a person could use instead, each over the same past commits: an asking edit in, commits out, best first."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from codewm_lsp.engine.past import PastCommit, PastEdit
from codewm_model import bm25
from codewm_model.words import words


class Bm25:
    """Okapi BM25 over the edits' diffs: words of removed and added lines, the two kept apart."""

    def __init__(self, commits: Sequence[PastCommit]) -> None:
        self._edits = [(past.commit.id, edit) for past in commits for edit in past.edits]
        self._index = bm25.Bm25([_signed_words(edit) for _, edit in self._edits])

    def ask(self, edit: PastEdit, k: int) -> list[str]:
        """Of equal edits to one file only the newest counts, as in our own list."""
        scores = self._index.scores(_signed_words(edit))
        best: dict[tuple[str, tuple[str, ...], tuple[str, ...]], str] = {}
        for i in np.argsort(-scores, kind="stable"):
            commit, past = self._edits[i]
            if scores[i] <= 0 or len(best) == k:
                break
            best.setdefault((past.row.path, past.removed, past.added), commit)
        return list(best.values())


class LogS:
    """What `git log -S TEXT` lists: commits in which a file has the text more or less often than before, newest first.

    Told from the same diffs instead of by git, which takes half a second for each text; a test compares the two. The
    text is the longest changed line, as one would paste it, or if that finds nothing its longest word.
    """

    def __init__(self, commits: Sequence[PastCommit]) -> None:
        self._files = [(past.commit.id, *sides) for past in commits for sides in _sides(past)]

    def ask(self, edit: PastEdit, k: int) -> list[str]:
        """The first `k` commits of the list."""
        line = max((*edit.removed, *edit.added), key=len).strip()
        return self.commits(line)[:k] or self.commits(max(words(line), key=len, default=""))[:k]

    def commits(self, text: str) -> list[str]:
        """The whole list."""
        if not text:
            return []
        changed = (commit for commit, old, new in self._files if old.count(text) != new.count(text))
        return list(dict.fromkeys(changed))


class SameFile:
    """What `git log FILE` lists: the commits that changed the same file, newest first."""

    def __init__(self, commits: Sequence[PastCommit]) -> None:
        self._by_file: dict[str, list[str]] = defaultdict(list)
        for past in commits:
            for path in past.files:
                self._by_file[path].append(past.commit.id)

    def ask(self, edit: PastEdit, k: int) -> list[str]:
        """The first `k` commits of the list."""
        return self._by_file[edit.row.path][:k]


class Chance:
    """Any past edits: what a method that knows nothing would reach."""

    def __init__(self, commits: Sequence[PastCommit], seed: int) -> None:
        self._edits = [past.commit.id for past in commits for _ in past.edits]
        self._random = random.Random(seed)

    def ask(self, _: PastEdit, k: int) -> list[str]:
        """`k` edits' commits."""
        return self._random.sample(self._edits, min(k, len(self._edits)))


def _signed_words(edit: PastEdit) -> Counter[str]:
    removed, added = words("\n".join(edit.removed)), words("\n".join(edit.added))
    return Counter([f"-{word}" for word in removed] + [f"+{word}" for word in added])


def _sides(past: PastCommit) -> Iterator[tuple[str, str]]:
    """All lines that were removed from each file, and all that were added to it."""
    by_path: dict[str, list[PastEdit]] = defaultdict(list)
    for edit in past.edits:
        by_path[edit.row.path].append(edit)
    for edits in by_path.values():
        removed = "\n".join(line for edit in edits for line in edit.removed)
        yield removed, "\n".join(line for edit in edits for line in edit.added)
