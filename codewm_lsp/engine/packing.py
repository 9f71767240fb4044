"""Vectors as the rows hold them: bytes of little-endian numbers, half precision for what is no hash."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from codewm_model.ranking import FeatureMatrix
from codewm_model.sketch import Features, Floats


def pack(features: Features) -> bytes:
    """Features as stored: all hashes (little-endian uint32), then all weights (float16)."""
    return features.hashes.astype("<u4").tobytes() + features.weights.astype("<f2").tobytes()


def unpack(data: bytes) -> Features:
    """The inverse of `pack`."""
    count = len(data) // 6
    return Features(
        np.frombuffer(data, "<u4", count).astype(np.uint32, copy=False),
        np.frombuffer(data, "<f2", count, count * 4).astype(np.float32),
    )


def unpack_rows(packed: Sequence[bytes]) -> FeatureMatrix:
    """Many at once, for ranking."""
    counts = [len(data) // 6 for data in packed]
    hashes = b"".join(data[: count * 4] for data, count in zip(packed, counts, strict=True))
    weights = b"".join(data[count * 4 : count * 6] for data, count in zip(packed, counts, strict=True))
    return FeatureMatrix(np.frombuffer(hashes, "<u4"), np.frombuffer(weights, "<f2").astype(np.float32), counts)


def pack_vector(vector: Floats | None) -> bytes | None:
    """A dense vector as stored: little-endian float16."""
    return None if vector is None else vector.astype("<f2").tobytes()


def unpack_vectors(rows: Sequence[bytes], size: int) -> Floats:
    """Many vectors of `size` numbers at once, `[N, size]`. Raises ValueError where they are of another size."""
    return np.frombuffer(b"".join(rows), "<f2").astype(np.float32).reshape(len(rows), size)


def unpack_vector(data: bytes | None) -> Floats | None:
    """The inverse of `pack_vector`."""
    return None if data is None else np.frombuffer(data, "<f2").astype(np.float32)
