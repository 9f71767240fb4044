"""Classes of actions: what kinds of edits there are, found in training edits and shipped in every bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

CLIP = 2.0  # standard deviations: further out a rare category would make a class of its own of a handful of edits

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ActionClasses:
    """K centres `[K, A]` of standardised actions: less `mean` `[A]`, divided by `scale` `[A]`, cut at `CLIP`."""

    mean: Floats
    scale: Floats
    centres: Floats

    def __len__(self) -> int:
        return len(self.centres)

    def assign(self, actions: Floats) -> npt.NDArray[np.intp]:
        """The class of each action `[N, A]`: its nearest centre, `[N]`."""
        return nearest(self.standardised(actions), self.centres)

    def standardised(self, actions: Floats) -> Floats:
        """Actions `[N, A]` on the scale of the centres."""
        return np.asarray(np.clip((np.asarray(actions, np.float32) - self.mean) / self.scale, -CLIP, CLIP), np.float32)

    def typical(self) -> Floats:
        """An action of each class, `[K, A]`: its centre."""
        return self.centres * self.scale + self.mean

    def save(self, path: Path) -> None:
        """Write them as an npz file."""
        np.savez(path, mean=self.mean, scale=self.scale, centres=self.centres)

    @classmethod
    def load(cls, path: Path) -> ActionClasses:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["mean"], stored["scale"], stored["centres"])


def nearest(rows: Floats, centres: Floats) -> npt.NDArray[np.intp]:
    """Which of the centres `[K, A]` is nearest to each row `[N, A]`, `[N]`; a row's own length moves no minimum."""
    return np.asarray(((centres**2).sum(axis=1) - 2 * rows @ centres.T).argmin(axis=1))
