"""How likely each kind of edit is next: the rule that orders predictions, in the engine and in its judging alike.

The model tells it from the code at hand, by what it learned of other repositories. The rest is the own past's: the
edits before which the code was most like it vote for their kinds, and how common each kind is in the repository joins
them, so that a few odd neighbours do not decide alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NEIGHBOURS = 50  # past edits that vote or are evidence
POWER, PRIOR = 4, 0.3  # of the vote: what a similarity counts, and the share of how common each kind is
# Beside the model's probabilities, which count 1: chosen on validation edits, ADR 11.
EVIDENCE, SHARPNESS = 0.5, 16  # past edits before which the code was nearly the same
COMMON = 0.1  # how common each kind is
LEARNED = 1 / (1 + EVIDENCE + COMMON)  # the model's share of a score


def class_scores(kinds: npt.NDArray[np.intp], similarity: Floats, common: Floats, learned: Floats) -> Floats:
    """The score of each of K kinds, `[..., K]`, at most 1 in sum: what the model says, and what was done here.

    `kinds` and `similarity` `[..., n]` are those of the nearest past edits, `common` `[..., K]` is how common each kind
    is, and `learned` `[..., K]` are the model's probabilities. A past edit counts its similarity to a high power, so
    that one before which the code was the same is evidence, and one before which it was merely like is not; all of
    them together count 1 at most. Without any the model decides.
    """
    said = _tally(kinds, np.maximum(similarity, 0) ** np.float32(SHARPNESS), common.shape)
    said /= np.maximum(said.sum(axis=-1, keepdims=True), 1)
    return np.asarray(LEARNED * (learned + EVIDENCE * said + COMMON * common), np.float32)


def votes(
    kinds: npt.NDArray[np.intp],
    similarity: Floats,
    common: Floats,
    power: float = POWER,
    share: float = PRIOR,
) -> Floats:
    """What the past alone says of each of K kinds, `[..., K]`, at most 1 in sum: the rule before the model's.

    Past edits have all of it, however unlike they are; one of which the similarity is not above zero says nothing.
    """
    weights = np.maximum(similarity, 0) ** np.float32(power)
    weights = weights / np.maximum(weights.sum(axis=-1, keepdims=True), np.float32(1e-9))
    return np.asarray((share * common + _tally(kinds, weights, common.shape)) / np.float32(1 + share), np.float32)


def probabilities(prior: Floats) -> Floats:
    """A model's log-probabilities `[..., K]` as probabilities, which are 1 in sum whatever a network gave."""
    shifted = np.exp(prior - prior.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)


def _tally(kinds: npt.NDArray[np.intp], weights: Floats, shape: tuple[int, ...]) -> Floats:
    """The weights `[..., n]` added up by kind, `[..., K]`."""
    found = np.zeros(shape, np.float32)
    flat = found.reshape(-1, shape[-1])
    rows = np.arange(len(flat))[:, None]
    np.add.at(flat, (rows, kinds.reshape(len(flat), -1)), weights.reshape(len(flat), -1))
    return found
