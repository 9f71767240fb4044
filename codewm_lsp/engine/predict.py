"""What is usually done next to code like this: a vote of the past edits that were made where the code was alike.

Each kind of edit that gets votes is a candidate. The world model predicts the state after it, and the candidate's past
edits are shown in the order in which the code that they were made to is like the code at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.index import Hit, hit_of
from codewm_lsp.engine.rows import StoredEdit
from codewm_lsp.engine.store import Store
from codewm_model.sketch import Floats

NEIGHBOURS = 50  # past edits that vote, each with its similarity to a power: the best on validation edits
POWER = 4
PRIOR = 0.3  # of a vote is how common each kind is in the index, so that a few odd neighbours do not decide alone
SHOWN = 3  # past edits of each candidate
_ROWS = 8192  # states that are compared at once: they are kept in half precision
_WHY = "similar code before it"


@dataclass(frozen=True, slots=True)
class Prediction:
    """A likely next edit: `score` is its share of the vote, `moved` how far (1 - cosine) it would move the state.

    `label` says it in words as most of the past edits of its kind do, and `edits` are the nearest of those.
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


class PastStates:
    """The states before the edits of an index, and what kind of edit each was; read once, then followed."""

    def __init__(self, size: int) -> None:
        self._ids: list[int] = []
        self._classes = np.zeros(0, np.uint8)
        self._states = np.zeros((0, size), np.float16)  # unit rows

    def catch_up(self, store: Store) -> None:
        """Add the edits that an indexer added since."""
        rows = list(store.states_after(self._ids[-1] if self._ids else 0))
        if rows:
            ids, classes, packed = zip(*rows, strict=True)
            states = np.frombuffer(b"".join(packed), "<f2").reshape(len(ids), -1).astype(np.float32)
            self._ids += ids
            self._classes = np.concatenate([self._classes, np.array(classes, np.uint8)])
            self._states = np.concatenate([self._states, _unit(states).astype(np.float16)])

    def shares(self, classes: int) -> Floats:
        """How common each of the classes is, `[classes]`."""
        return np.asarray(np.bincount(self._classes, minlength=classes) / max(1, len(self._classes)), np.float32)

    def nearest(self, state: Floats, count: int) -> list[tuple[int, int, float]]:
        """(id, class, cosine) of the edits before which the code was most like `state` `[D]`, nearest first."""
        unit = _unit(state)
        parts = (self._states[start : start + _ROWS] for start in range(0, len(self._ids), _ROWS))
        cosines = np.concatenate([np.zeros(0, np.float32), *(part.astype(np.float32) @ unit for part in parts)])
        best = np.argsort(-cosines, kind="stable")[:count]
        return [(self._ids[i], int(self._classes[i]), float(cosines[i])) for i in best]


class Predictor:
    """Tells what is usually done to code, from an index. One thread at a time."""

    def __init__(self, encoder: Encoder, store: Store) -> None:
        self._encoder, self._store = encoder, store
        self._past = PastStates(encoder.bundle.config.d_state)

    def predict(self, source: str, line: int, k: int = 5) -> list[Prediction]:
        """Up to `k` likely next edits of the region around a line (1-based) of Python source, likeliest first.

        Raises:
            IndexStoreError: the index is damaged.
            BundleError, DependencyError: the model cannot be run.
        """
        self._past.catch_up(self._store)
        state = self._encoder.encode_states([(source, line)])[0]
        near = self._past.nearest(state, NEIGHBOURS)
        stored = self._store.provenance([number for number, _, _ in near])
        near = [one for one in near if one[0] in stored and one[2] > 0]  # others were removed, or say nothing
        if not near:
            return []
        votes = np.zeros(len(self._encoder.classes), np.float32)
        for _, kind, cosine in near:
            votes[kind] += cosine**POWER
        scores = (votes / votes.sum() + PRIOR * self._past.shares(len(votes))) / (1 + PRIOR)
        best = [int(kind) for kind in np.argsort(-scores, kind="stable") if votes[kind] > 0][:k]
        typical = self._encoder.classes.typical()[best]
        after = self._encoder.predict(np.repeat(state[None], len(best), axis=0), typical)
        moved = 1 - _unit(after) @ _unit(state)
        return [
            _prediction(float(scores[kind]), float(far), [one for one in near if one[1] == kind], stored)
            for kind, far in zip(best, moved, strict=True)
        ]


def _prediction(
    score: float, moved: float, near: Sequence[tuple[int, int, float]], stored: Mapping[int, StoredEdit]
) -> Prediction:
    labels: Counter[str] = Counter()
    for number, _, cosine in near:
        labels[stored[number].action] += cosine**POWER  # type: ignore[assignment]  # counters take any numbers
    shown = tuple(hit_of(stored[number], cosine, cosine, (_WHY,)) for number, _, cosine in near[:SHOWN])
    return Prediction(labels.most_common(1)[0][0], score, moved, shown)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), np.float32)
