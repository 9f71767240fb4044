"""Edits as the model sees them: both sides' tokens and the action, for judging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from codewm_model.actions import action_of
from codewm_model.changes import Change
from codewm_model.regions import region_pair
from codewm_model.runtime import Encoded
from codewm_model.tokenizer import TokenSequence, tokenize
from codewm_train.batches import cropped, same_as_after
from codewm_train.data import MARKS, NAME_FLAG, Dataset
from codewm_train.transplants import center_of

Floats = npt.NDArray[np.float32]


class WorldModelRunner(Protocol):
    """What is judged: the exported bundle (`codewm_model.runtime.Model`) or a checkpoint (`TorchModel`)."""

    def encode(self, sequences: Sequence[TokenSequence]) -> Encoded:
        """States `[N, D]`, focus readouts and priors."""

    def predict(self, states: Floats, actions: Floats) -> Floats:
        """Next states `[N, D]`."""

    def edits(self, before: Encoded, after: Encoded) -> Floats:
        """Edit embeddings `[N, E]`, unit rows."""


@dataclass(frozen=True)
class Views:
    """N edits: the tokens of both sides, and the actions `[N, A]`."""

    before: list[TokenSequence]
    after: list[TokenSequence]
    actions: Floats

    def same_as_after(self) -> npt.NDArray[np.bool_]:
        """`[N, 2N]`: see `batches.same_as_after`."""
        before, after = ([shown(side) for side in sides] for sides in (self.before, self.after))
        return same_as_after(before, after)

    def invisible(self) -> float:
        """The share of edits that read the same on both sides."""
        pairs = zip(self.before, self.after, strict=True)
        return float(np.mean([np.array_equal(shown(before), shown(after)) for before, after in pairs]))


@dataclass(frozen=True)
class EncodedEdits:
    """N edits through one model: both sides, and the learned embeddings `[N, E]`."""

    before: Encoded
    after: Encoded
    edit: Floats

    @property
    def delta(self) -> Floats:
        """States after less states before, `[N, D]`: the baseline without an edit head."""
        return self.after.state - self.before.state


def views_of(changes: Sequence[Change], positions: int) -> Views:
    """At most `positions` tokens of each side, chosen as the product chooses them."""
    pairs = [region_pair(change) for change in changes]
    return Views(
        [tokenize(before, positions) for before, _ in pairs],
        [tokenize(after, positions) for _, after in pairs],
        np.stack([action_of(change) for change in changes]),
    )


def views_of_dataset(data: Dataset, rows: Sequence[int], positions: int) -> Views:
    """Some edits of a training dataset, as the product would see them."""
    before, after = (
        [_sequence(cropped(np.array(data.side(name, i)), positions)) for i in rows] for name in ("before", "after")
    )
    return Views(before, after, np.array(data.actions[list(rows)], np.float32))


def encode_edits(model: WorldModelRunner, views: Views) -> EncodedEdits:
    """Both sides and the learned embedding of every edit."""
    before, after = model.encode(views.before), model.encode(views.after)
    return EncodedEdits(before, after, model.edits(before, after))


def shown(side: TokenSequence) -> npt.NDArray[np.int32]:
    """What is read of a side, `[P, 3]`: two that are equal here read alike."""
    return np.stack([side.text, side.parent, side.depth], axis=1)


def _sequence(side: npt.NDArray[np.uint16]) -> TokenSequence:
    text, parent, depth, flags = (np.ascontiguousarray(column, np.int32) for column in side.T)
    name = (flags & NAME_FLAG) // NAME_FLAG
    return TokenSequence(text, parent, depth, flags & MARKS, name, center_of(side))
