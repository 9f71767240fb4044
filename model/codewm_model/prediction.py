"""How likely each kind of edit is next: the rule that orders predictions, in the engine and in its judging alike.

The past edits before which the code was most like the code at hand vote for their kinds. How common each kind is in the
repository joins them, so that a few odd neighbours do not decide alone, and so that a kind without a vote has a place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NEIGHBOURS = 50  # past edits that vote, each with its similarity to a power: the best on validation edits
POWER = 4
PRIOR = 0.3  # of a vote is how common each kind is


def class_scores(
    kinds: npt.NDArray[np.intp],
    similarity: Floats,
    prior: Floats,
    power: float = POWER,
    share: float = PRIOR,
) -> Floats:
    """The score of each of K kinds, `[..., K]`, at most 1 in sum.

    `kinds` and `similarity` `[..., n]` are those of the nearest past edits; one of which the similarity is not above
    zero says nothing. `prior` `[..., K]` is how common each kind is.
    """
    weights = np.maximum(similarity, 0) ** np.float32(power)
    weights = weights / np.maximum(weights.sum(axis=-1, keepdims=True), np.float32(1e-9))
    scores = np.asarray(share * prior, np.float32).copy()
    flat = scores.reshape(-1, scores.shape[-1])
    rows = np.arange(len(flat))[:, None]
    np.add.at(flat, (rows, kinds.reshape(len(flat), -1)), weights.reshape(len(flat), -1))
    return np.asarray(scores / np.float32(1 + share), np.float32)
