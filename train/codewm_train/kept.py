"""Vectors that take minutes to make, kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def kept(store: Path, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    """What is in `store`, an npy file; where it is missing, what `make` gives, which is then put there."""
    if not store.exists():
        rows = make()
        store.parent.mkdir(parents=True, exist_ok=True)
        part = store.with_suffix(".part.npy")
        np.save(part, rows, allow_pickle=False)
        part.replace(store)
    read: NDArray[np.float32] = np.load(store, allow_pickle=False)
    return read
