"""Finds the classes of actions in training edits: even enough to be worth guessing."""

from __future__ import annotations

import numpy as np

from codewm_model.action_classes import ActionClasses, Floats, nearest

CLASSES = 64
LARGEST = 0.1  # share of the training edits that one class may hold
_ROUNDS, _SPLITS = 40, 200  # of k-means, and of classes that are too large


def fit_classes(actions: Floats, k: int = CLASSES, seed: int = 0) -> ActionClasses:
    """`k` classes of training actions `[N, A]` by k-means, none with more than `LARGEST` of them.

    While a class is too large, two of its own edits take the place of its centre and of the smallest class's: means of
    its halves could part a few outliers from the rest for ever. Raises ValueError where that cannot help: fewer
    different actions than classes, or one action that is more than `LARGEST` of all.
    """
    actions = np.asarray(actions, np.float32)
    mean, scale = actions.mean(axis=0), np.maximum(actions.std(axis=0), np.float32(1e-3))
    rows = ActionClasses(mean, scale, actions[:0]).standardised(actions)
    _, copies = np.unique(rows, axis=0, return_counts=True)
    if len(copies) < k or copies.max() > LARGEST * len(rows):
        raise ValueError(
            f"{len(copies)} different actions, the commonest {copies.max()} of {len(rows)}: no {k} classes"
        )
    rng = np.random.default_rng(seed)
    centres = _refined(rows, _spread(rows, k, rng))
    for _ in range(_SPLITS):
        own = nearest(rows, centres)
        counts = np.bincount(own, minlength=k)
        large = int(counts.argmax())
        if counts[large] <= LARGEST * len(rows):
            return ActionClasses(mean, scale, centres)
        centres[[large, int(counts.argmin())]] = rows[rng.choice(np.flatnonzero(own == large), 2, replace=False)]
    raise ValueError(f"a class still holds {counts[large]} of {len(rows)} actions after {_SPLITS} splits")


def _spread(rows: Floats, k: int, rng: np.random.Generator) -> Floats:
    """`k` first centres, each drawn with the square of its distance to those before it (k-means++)."""
    centres = [rows[rng.integers(len(rows))]]
    distance = ((rows - centres[0]) ** 2).sum(axis=1)
    for _ in range(k - 1):
        centres.append(rows[rng.choice(len(rows), p=distance / distance.sum())])
        distance = np.minimum(distance, ((rows - centres[-1]) ** 2).sum(axis=1))
    return np.stack(centres)


def _refined(rows: Floats, centres: Floats) -> Floats:
    """Lloyd's rounds; a centre that nothing is nearest to stays."""
    centres = centres.copy()
    for _ in range(_ROUNDS):
        own = nearest(rows, centres)
        counts = np.bincount(own, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, own, rows)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
        if np.allclose(moved, centres, atol=1e-4):
            return moved
        centres = moved
    return centres
