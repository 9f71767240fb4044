"""What is usually done next to code like this: what the model says of it, and a vote of the repository's past.

Every kind of edit that the model tells apart is a candidate, and the model says how likely each is at the place. Past
edits that were made where the code was alike vote for theirs, and how common a kind is in the repository counts too.
The world model tells how far each candidate would move the state. What shows a candidate are the past edits that voted
for it; one that nobody voted for has none.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codewm_lsp.engine.database import demand, sound_rows
from codewm_lsp.engine.dismissed import Dismissed
from codewm_lsp.engine.encoder import EncodedPlace, Encoder
from codewm_lsp.engine.index import Hit, hit_of
from codewm_lsp.engine.rows import StoredEdit
from codewm_lsp.engine.store import Store
from codewm_model.prediction import NEIGHBOURS, POWER, class_scores
from codewm_model.sketch import Floats

SHOWN = 3  # past edits of each candidate
MOST_ASKED = 32 * NEIGHBOURS  # nearest edits, when most of them are removed or dismissed
_ROWS = 4096  # states that are read or compared at once
_LARGEST = 127  # of a signed byte
_WHY = "similar code before it"


@dataclass(frozen=True, slots=True)
class Prediction:
    """A likely next edit: `score` is how likely it is, `moved` how far (1 - cosine) it would move the state.

    `edits` are the nearest past edits of its kind and `label` says in words what most of those that voted did. Where
    none did, `edits` is empty and the label is that of the kind; so it is where others of the answer did the same.
    """

    label: str
    score: float
    moved: float
    edits: tuple[Hit, ...]

    def to_json(self) -> dict[str, Any]:
        """The stable form of `codewm.predict/1`."""
        return {
            "label": self.label,
            "score": round(self.score, 4),
            "moved": round(self.moved, 4),
            "edits": [hit.to_json() for hit in self.edits],
        }


@dataclass(frozen=True, slots=True)
class Near:
    """A past edit by its number, its kind, and the cosine of the code before it with the code at hand."""

    id: int
    kind: int
    cosine: float


class PastStates:
    """The states before the edits of an index, and what kind of edit each was; read once, then followed.

    A number of a state is kept as one byte: of 5,000 validation edits 14 are then told otherwise, as many better as
    worse. Half floats would take twice the memory and, for their slow conversion, nine times the time.
    """

    def __init__(self, size: int) -> None:
        self._ids = np.zeros(0, np.int64)
        self._kinds = np.zeros(0, np.uint8)
        self._states = np.zeros((0, size), np.int8)
        self._scales = np.zeros(0, np.float32)  # what the bytes of a row are times, for the row to have length 1

    def catch_up(self, store: Store) -> None:
        """Add the edits that an indexer added since."""
        rows = store.states_after(int(self._ids[-1]) if len(self._ids) else 0)
        parts = [(self._ids, self._kinds, self._states, self._scales)]
        while part := list(itertools.islice(rows, _ROWS)):
            with sound_rows():
                ids, classes, packed = zip(*part, strict=True)
                kinds = np.array(classes, np.uint8)
                demand(bool((kinds == classes).all()), "a class is none")
                stored = np.frombuffer(b"".join(packed), "<f2").reshape(len(ids), self._states.shape[1])
                demand(bool(np.isfinite(stored).all()), "a state holds what is no number")
            states = _unit(stored.astype(np.float32))
            scales = np.maximum(np.abs(states).max(axis=1), np.float32(1e-9)) / _LARGEST
            small = np.rint(states / scales[:, None]).astype(np.int8)
            parts.append((np.array(ids, np.int64), kinds, small, scales))
        if len(parts) > 1:
            columns = list(zip(*parts, strict=True))
            self._ids, self._kinds = np.concatenate(columns[0]), np.concatenate(columns[1])
            self._states, self._scales = np.concatenate(columns[2]), np.concatenate(columns[3])

    def shares(self, kinds: int) -> Floats:
        """How common each of the kinds is, `[kinds]`.

        Raises:
            IndexStoreError: the index knows others.
        """
        with sound_rows():
            demand(bool((self._kinds < kinds).all()), "a class is none")
        return np.asarray(np.bincount(self._kinds, minlength=kinds) / max(1, len(self._kinds)), np.float32)

    def cosines(self, state: Floats) -> Floats:
        """Of every state with `state` `[D]`, `[N]`."""
        unit, found = _unit(state), np.zeros(len(self._ids), np.float32)
        for start in range(0, len(self._ids), _ROWS):
            found[start : start + _ROWS] = self._states[start : start + _ROWS].astype(np.float32) @ unit
        return found * self._scales

    def nearest(self, cosines: Floats, count: int) -> list[Near]:
        """The edits before which the code was most like, nearest first, out of `cosines` `[N]`."""
        few = np.argpartition(-cosines, count - 1)[:count] if count < len(cosines) else np.arange(len(cosines))
        best = few[np.lexsort((few, -cosines[few]))]
        return [Near(int(self._ids[i]), int(self._kinds[i]), float(cosines[i])) for i in best]


class Predictor:
    """Tells what is usually done to code, from an index. One thread at a time."""

    def __init__(self, encoder: Encoder, store: Store) -> None:
        self._encoder, self._store = encoder, store
        self._past = PastStates(encoder.bundle.config.d_state)

    def predict_at(self, source: str, line: int, k: int = 5, dismissed: Dismissed | None = None) -> list[Prediction]:
        """`predict` for a line (1-based) of Python source."""
        return self.predict(self._encoder.encode_places([(source, line)])[0], k, dismissed)

    def predict(self, place: EncodedPlace, k: int = 5, dismissed: Dismissed | None = None) -> list[Prediction]:
        """Up to `k` likely next edits of a place, likeliest first, each with a label of its own.

        Kinds of which the index has none may be among them: the model knows them from other repositories. What is
        `dismissed` neither votes nor is shown.

        Raises:
            IndexStoreError: the index is damaged.
            BundleError, DependencyError: the model cannot be run.
        """
        self._past.catch_up(self._store)
        classes = self._encoder.classes
        common = self._past.shares(len(classes))
        near, stored = self._near(place.state, dismissed or Dismissed())
        kinds = np.array([one.kind for one in near], np.intp)
        cosines = np.array([one.cosine for one in near], np.float32)
        scores = class_scores(kinds, cosines, common, place.likely)
        after = self._encoder.predict(np.repeat(place.state[None], len(classes), axis=0), classes.typical())
        moved = 1 - _unit(after) @ _unit(place.state)
        best = np.lexsort((moved, -scores))[:k].tolist()
        voters = [[one for one in near if one.kind == i] for i in best]
        labels = _labels([classes.labels[i] for i in best], voters, stored)
        return [
            Prediction(
                label, float(scores[i]), float(moved[i]), tuple(_hit(stored[one.id], one) for one in own[:SHOWN])
            )
            for i, own, label in zip(best, voters, labels, strict=True)
        ]

    def _near(self, state: Floats, dismissed: Dismissed) -> tuple[list[Near], Mapping[int, StoredEdit]]:
        """The edits that vote, nearest first, and where each comes from.

        The states of removed edits are still there, and dismissed ones too: more are asked for until enough are left.
        """
        cosines = self._past.cosines(state)
        count = NEIGHBOURS
        while True:
            near = [one for one in self._past.nearest(cosines, count) if one.cosine > 0]
            stored = self._store.provenance([one.id for one in near])
            kept = [one for one in near if one.id in stored and not dismissed.hides(_hit(stored[one.id], one))]
            if len(kept) >= NEIGHBOURS or len(near) < count or count == MOST_ASKED:
                return kept[:NEIGHBOURS], stored
            count = min(2 * count, MOST_ASKED)


def _labels(kinds: Sequence[str], voters: Sequence[Sequence[Near]], stored: Mapping[int, StoredEdit]) -> list[str]:
    """What most of each kind's voters did, in words; the kind's own label where there are none, or others did that."""
    said = []
    for kind, near in zip(kinds, voters, strict=True):
        votes: Counter[str] = Counter()
        for one in near:
            votes[stored[one.id].action] += one.cosine**POWER  # type: ignore[assignment]  # counters take any numbers
        said.append(votes.most_common(1)[0][0] if votes else kind)
    alike = Counter(said)
    return [label if alike[label] == 1 else kind for label, kind in zip(said, kinds, strict=True)]


def _hit(edit: StoredEdit, near: Near) -> Hit:
    return hit_of(edit, near.cosine, near.cosine, (_WHY,))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), np.float32)
