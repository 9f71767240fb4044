"""Classes of actions, and whether what happens to a region next can be told from the region before it.

A class is a centre of the training edits' standardised action vectors. The test asks whether the true edit's class is
among the five that the nearest past regions of the same repository vote for; what the edit adds is never looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES = 64
LARGEST = 0.1  # share of the training edits that one class may hold
CLIP = 2.0  # standard deviations: further out a rare category would make a class of its own of a handful of edits
_ROUNDS, _SPLITS = 40, 200  # of k-means, and of classes that are too large

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ActionClasses:
    """K centres `[K, A]` of standardised actions: less `mean` `[A]`, divided by `scale` `[A]`, cut at `CLIP`.

    `centres * scale + mean` are the classes' typical actions.
    """

    mean: Floats
    scale: Floats
    centres: Floats

    def assign(self, actions: Floats) -> NDArray[np.intp]:
        """The class of each action `[N, A]`: its nearest centre, `[N]`."""
        return _nearest(_standardised(np.asarray(actions, np.float32), self.mean, self.scale), self.centres)

    def save(self, path: Path) -> None:
        """Write them as an npz file."""
        np.savez(path, mean=self.mean, scale=self.scale, centres=self.centres)

    @classmethod
    def load(cls, path: Path) -> ActionClasses:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["mean"], stored["scale"], stored["centres"])


def fit_classes(actions: Floats, k: int = CLASSES, seed: int = 0) -> ActionClasses:
    """`k` classes of training actions `[N, A]` by k-means, none with more than `LARGEST` of them.

    While a class is too large, two of its own edits take the place of its centre and of the smallest class's: means of
    its halves could part a few outliers from the rest for ever. Raises ValueError where that cannot help: fewer
    different actions than classes, or one action that is more than `LARGEST` of all.
    """
    actions = np.asarray(actions, np.float32)
    mean, scale = actions.mean(axis=0), np.maximum(actions.std(axis=0), np.float32(1e-3))
    rows = _standardised(actions, mean, scale)
    _, copies = np.unique(rows, axis=0, return_counts=True)
    if len(copies) < k or copies.max() > LARGEST * len(rows):
        raise ValueError(
            f"{len(copies)} different actions, the commonest {copies.max()} of {len(rows)}: no {k} classes"
        )
    rng = np.random.default_rng(seed)
    centres = _refined(rows, _spread(rows, k, rng))
    for _ in range(_SPLITS):
        own = _nearest(rows, centres)
        counts = np.bincount(own, minlength=k)
        large = int(counts.argmax())
        if counts[large] <= LARGEST * len(rows):
            return ActionClasses(mean, scale, centres)
        centres[[large, int(counts.argmin())]] = rows[rng.choice(np.flatnonzero(own == large), 2, replace=False)]
    raise ValueError(f"a class still holds {counts[large]} of {len(rows)} actions after {_SPLITS} splits")


def _standardised(actions: Floats, mean: Floats, scale: Floats) -> Floats:
    return np.asarray(np.clip((actions - mean) / scale, -CLIP, CLIP), np.float32)


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
        own = _nearest(rows, centres)
        counts = np.bincount(own, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, own, rows)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
        if np.allclose(moved, centres, atol=1e-4):
            return moved
        centres = moved
    return centres


def _nearest(rows: Floats, centres: Floats) -> NDArray[np.intp]:
    """Of each row, without the rows' own length, which moves no minimum."""
    return np.asarray(((centres**2).sum(axis=1) - 2 * rows @ centres.T).argmin(axis=1))
