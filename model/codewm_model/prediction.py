"""How likely each kind of edit is next: the rule that orders predictions, in the engine and in its judging alike.

The model tells it from the code at hand, by what it learned of other repositories. The rest is the own past's: the
edits before which the code was most like it vote for their kinds, and how common each kind is in the repository joins
them, so that a few odd neighbours do not decide alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NEIGHBOURS = 50  # past edits that vote, each with its similarity to a power: the best on validation edits
POWER = 4
PRIOR = 0.3  # of a vote is how common each kind is
LEARNED = 0.9  # of a score is what the model says, the rest is the vote


def class_scores(
    kinds: npt.NDArray[np.intp],
    similarity: Floats,
    common: Floats,
    learned: Floats,
    share: float = LEARNED,
) -> Floats:
    """The score of each of K kinds, `[..., K]`, at most 1 in sum: the model's probabilities mixed with the vote.

    `learned` `[..., K]` are the probabilities, which have a `share` of the score; the others are those of `votes`.
    Without any past edit they alone decide.
    """
    return np.asarray((1 - share) * votes(kinds, similarity, common) + share * learned, np.float32)


def votes(
    kinds: npt.NDArray[np.intp],
    similarity: Floats,
    common: Floats,
    power: float = POWER,
    share: float = PRIOR,
) -> Floats:
    """What the past says of each of K kinds, `[..., K]`, at most 1 in sum.

    `kinds` and `similarity` `[..., n]` are those of the nearest past edits; one of which the similarity is not above
    zero says nothing. `common` `[..., K]` is how common each kind is.
    """
    weights = np.maximum(similarity, 0) ** np.float32(power)
    weights = weights / np.maximum(weights.sum(axis=-1, keepdims=True), np.float32(1e-9))
    scores = np.asarray(share * common, np.float32).copy()
    flat = scores.reshape(-1, scores.shape[-1])
    rows = np.arange(len(flat))[:, None]
    np.add.at(flat, (rows, kinds.reshape(len(flat), -1)), weights.reshape(len(flat), -1))
    return np.asarray(scores / np.float32(1 + share), np.float32)


def probabilities(prior: Floats) -> Floats:
    """A model's log-probabilities `[..., K]` as probabilities, which are 1 in sum whatever a network gave."""
    shifted = np.exp(prior - prior.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
