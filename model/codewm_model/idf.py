"""Inverse document frequency of features, counted once over training repositories and shipped.

The table is fixed, so that an edit's vector never depends on what else is indexed. A feature's bucket is its
31 hash bits reduced; both sides share it. Values are quantised to 1/16 (`idf.bin`, one byte a bucket).
"""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np
import numpy.typing as npt

BUCKETS = 1 << 18
STEP = 1 / 16


def idf(hashes: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """Values `[F]` for feature hashes `[F]`, at least 1."""
    return _table()[bucket(hashes)]


def bucket(hashes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Table positions `[F]` of feature hashes `[F]`, the side left out."""
    return ((hashes >> np.uint32(1)) * np.uint32(0x9E3779B1)) >> np.uint32(32 - 18)


def quantise(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Values as they are stored."""
    return np.clip(np.rint(values / STEP), 0, 255).astype(np.uint8)


@functools.cache
def _table() -> npt.NDArray[np.float32]:
    data = resources.files("codewm_model").joinpath("idf.bin").read_bytes()
    return np.frombuffer(data, np.uint8).astype(np.float32) * STEP
