"""A live edit in, similar past edits out; and the text of those that are shown, read from git."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from codewm_lsp.engine.dismissed import Dismissed
from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.index import EditIndex, Filters, Hit
from codewm_lsp.engine.store import Store, index_folder, stored_path
from codewm_model.changes import ChangeReader
from codewm_model.edit import Edit
from codewm_model.git import Repository
from codewm_model.history import read_history
from codewm_model.ranking import CANDIDATES
from codewm_model.sketch import Floats, Sketch, sketch


class SimilarEdits:
    """A repository's index, ready to be asked. One thread at a time."""

    def __init__(self, repository: Repository, index: EditIndex) -> None:
        self._repository, self._index = repository, index
        self._encoder = Encoder.default()
        self._changes = ChangeReader(most=4)  # of a file that is typed in: a parsed one takes some megabytes
        self._beside = ThreadPoolExecutor(1, "model")  # where the model runs while the graph is searched

    @classmethod
    def open(cls, repository: Repository) -> SimilarEdits:
        """Open the repository's index.

        Raises:
            IndexMissingError, IndexVersionError, IndexStoreError, BundleError: see `codewm_lsp.engine.store.Store`.
        """
        return cls(repository, EditIndex(index_folder(repository)))

    @property
    def store(self) -> Store:
        """The rows of the index."""
        return self._index.store

    def refresh(self) -> bool:
        """Pick up what an indexer added since; whether there was anything."""
        return self._index.refresh()

    def query(
        self, edits: Sequence[Edit], k: int = 10, filters: Filters | None = None, dismissed: Dismissed | None = None
    ) -> list[list[Hit]]:
        """The `k` best past edits for each edit, best first; the first query may have to load the model.

        With `dismissed` entries they are the best that are not hidden, out of all candidates.
        """
        asked = (self._ask(edit) for edit in edits)
        if dismissed is None or not dismissed.entries:
            return [self._index.query(known, k, filters, learned) for known, learned in asked]
        filters = filters or Filters()
        filters = replace(filters, without=filters.without | dismissed.commits)
        found = (self._index.query(known, CANDIDATES, filters, learned) for known, learned in asked)
        return [[hit for hit in hits if not dismissed.hides(hit)][:k] for hits in found]

    def _ask(self, edit: Edit) -> tuple[Sketch, Future[Floats | None] | None]:
        """The sketch of an edit that is looked for, and its embedding as it will come."""
        change = self._changes.read(edit)
        learned = self._beside.submit(self._encoder.embedding, change) if self._encoder.finds else None
        return sketch(change), learned

    def texts_of(self, hits: Sequence[Hit]) -> list[Edit | None]:
        """The past edits themselves, from one `git log` over their commits; None for what git cannot read."""
        commits = list(dict.fromkeys(hit.commit for hit in hits))
        paths = {hit.path for hit in hits}
        found: dict[tuple[str, str, tuple[int, int]], Edit] = {}
        for part in read_history(self._repository, commits, only=lambda path: stored_path(path) in paths):
            found |= {(part.commit.id, stored_path(edit.path), edit.lines): edit for edit in part.edits}
        return [found.get((hit.commit, hit.path, hit.lines)) for hit in hits]

    def diff_of(self, hits: Sequence[Hit]) -> list[str]:
        """Unified diffs of the hits, three lines of context; empty where git cannot read the commit."""
        return [unified_diff(edit) if edit is not None else "" for edit in self.texts_of(hits)]

    def close(self) -> None:
        """Let go of the files."""
        self._beside.shutdown()
        self._index.close()


def unified_diff(edit: Edit, context: int = 3) -> str:
    """One edit as a unified diff without file headers."""
    before = edit.before or ()
    end = edit.first + len(edit.removed)
    above = before[max(0, edit.first - context) : edit.first]
    below = before[end : end + context]
    old, new = (len(above) + len(side) + len(below) for side in (edit.removed, edit.added))
    header = f"@@ -{edit.first - len(above) + (old > 0)},{old} +{edit.new_first - len(above) + (new > 0)},{new} @@"
    marked = ((" ", above), ("-", edit.removed), ("+", edit.added), (" ", below))
    return "\n".join([header, *(mark + line for mark, lines in marked for line in lines)]) + "\n"


def relative_path(repository: Repository, path: Path) -> str:
    """A file's path as git spells it; the bare name outside the work tree."""
    try:
        return path.resolve().relative_to((repository.work_tree or path).resolve()).as_posix()
    except ValueError:
        return path.name
