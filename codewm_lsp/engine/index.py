"""The index as its readers see it: an edit in, ranked past edits out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from codewm_lsp.engine.database import demand, sound_rows
from codewm_lsp.engine.encoder import edit_keys
from codewm_lsp.engine.packing import unpack_rows, unpack_vectors
from codewm_lsp.engine.rows import Candidate, StoredEdit
from codewm_lsp.engine.store import Store
from codewm_lsp.engine.vectors import VectorIndex
from codewm_model.ranking import CANDIDATES, Ranker, fuse, reasons, weighed
from codewm_model.sketch import Floats, Sketch

MOST_ASKED = 32 * CANDIDATES  # nearest edits, when most of them are removed or left out


@dataclass(frozen=True, slots=True)
class Filters:
    """Which past edits may be hits; empty fields let everything pass.

    `author` is a part of the name or address, `since` seconds since the epoch, `path` a glob over the whole
    path or a folder, `without` ids of commits whose edits are left out.
    """

    author: str = ""
    since: int = 0
    path: str = ""
    without: frozenset[str] = frozenset()

    def condition(self) -> tuple[str, list[object]] | None:
        """The SQL condition and its values; None if a search of the graph needs no condition."""
        parts: list[str] = []
        values: list[object] = []
        if self.author:
            parts.append("(instr(lower(author), lower(?)) OR instr(lower(email), lower(?)))")
            values += [self.author, self.author]
        if self.since:
            parts.append("time >= ?")
            values.append(self.since)
        if self.path:
            parts.append("(path GLOB ? OR path GLOB ?)")
            values += [self.path, self.path.rstrip("/") + "/*"]
        return (" AND ".join(parts), values) if parts else None


@dataclass(frozen=True, slots=True)
class Hit:
    """A past edit: `score` orders the list, `similarity` is the cosine of the keys, `lines` are 1-based, inclusive."""

    commit: str
    author: str
    time: int
    subject: str
    path: str
    lines: tuple[int, int]
    score: float
    similarity: float
    action: str
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The stable form of `codewm.similar/1`."""
        date = datetime.datetime.fromtimestamp(self.time, datetime.UTC)
        return {
            "commit": self.commit,
            "author": self.author,
            "date": date.isoformat().replace("+00:00", "Z"),
            "subject": self.subject,
            "path": self.path,
            "lines": list(self.lines),
            "score": round(self.score, 4),
            "similarity": round(self.similarity, 4),
            "action": self.action,
            "reasons": list(self.reasons),
        }


class EditIndex:
    """An open index for reading. One thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`.

        Raises:
            IndexMissingError, IndexVersionError, IndexStoreError, BundleError: see `Store`.
        """
        self.store = Store(folder)
        self._weight = self.store.bundle.config.learned_weight
        self._vectors = VectorIndex.load(self.store)
        self.refresh()

    def refresh(self) -> bool:
        """Pick up what an indexer added since; whether there was anything.

        Raises:
            IndexStoreError: the rows are damaged.
        """
        with sound_rows():
            return self._vectors.catch_up(self.store) > 0

    def query(
        self, sketch: Sketch, k: int = 10, filters: Filters | None = None, learned: Floats | None = None
    ) -> list[Hit]:
        """The `k` best past edits for an edit, best first. Equal edits (a cherry-pick, say) count once.

        `learned` `[E]` is the edit's embedding by the model, as `Encoder.encode_query` gives it.

        Raises:
            IndexStoreError: the rows are damaged.
        """
        filters = filters or Filters()
        key = edit_keys(self.store.bundle, [sketch], [learned])[0]
        if not key.any():
            return []
        with sound_rows():
            near, found = self._candidates(key, filters)
            rows = (unpack_rows([edit.lexical for edit in found]), unpack_rows([edit.structural for edit in found]))
            lexical, structural = Ranker(*rows).channels(sketch)
            near_in_model = self._cosines(learned, found)
            scores = fuse(lexical, structural, near_in_model, self._weight.score).clip(max=1)
            demand(bool(np.isfinite(scores).all()), "a sketch holds what is no number")
            channels = (lexical, structural, near_in_model)
            best: dict[tuple[int, bytes, bytes], int] = {}
            order = np.lexsort((np.array([-edit.time for edit in found]), -scores.round(6)))
            for i in order.tolist():
                if scores[i] <= 0 or len(best) == k:
                    break
                best.setdefault((found[i].path, found[i].lexical, found[i].structural), i)
        stored = self.store.provenance([found[i].id for i in best.values()])
        return [
            hit_of(edit, float(scores[i]), near[found[i].id], reasons(*(float(c[i]) for c in channels)))
            for i in best.values()
            if (edit := stored.get(found[i].id)) is not None
        ]

    def _candidates(self, key: Floats, filters: Filters) -> tuple[dict[int, float], list[Candidate]]:
        """The edits to compare exactly, and the similarity of each by its id.

        The graph still knows removed edits and those of commits that are left out: it is asked again, for more,
        until enough others are found.
        """
        condition = filters.condition()
        if condition is not None:
            near = self._vectors.nearest_among(key, self.store.ids_where(*condition), CANDIDATES)
            return near, self._allowed(near, filters)
        count = CANDIDATES
        while True:
            near = self._vectors.nearest(key, count)
            found = self._allowed(near, filters)
            if len(found) >= CANDIDATES or len(near) < count or count == MOST_ASKED:
                return near, found
            count = min(2 * count, MOST_ASKED)

    def _allowed(self, near: dict[int, float], filters: Filters) -> list[Candidate]:
        return [edit for edit in self.store.candidates(list(near)) if edit.commit not in filters.without]

    def _cosines(self, learned: Floats | None, found: Sequence[Candidate]) -> Floats:
        """Of the learned embeddings, `[N]`: 0 where an edit has none, and everywhere if they don't count."""
        cosines = np.zeros(len(found), np.float32)
        if learned is not None and self._weight.score:
            known = [i for i, edit in enumerate(found) if edit.learned is not None]
            vectors = unpack_vectors([found[i].learned or b"" for i in known], len(learned))
            cosines[known] = vectors @ weighed(learned, self._weight)
        return cosines

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()


def hit_of(edit: StoredEdit, score: float, similarity: float, why: tuple[str, ...]) -> Hit:
    """A stored edit as a hit."""
    commit = edit.commit
    return Hit(
        commit.id, commit.author, commit.time, commit.subject, edit.path, edit.lines, score, similarity, edit.action,
        why,
    )  # fmt: skip
