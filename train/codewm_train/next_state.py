"""Whether a predicted next state finds the true one: KNN@1, plain and copy-proof.

Plain: the nearest of all N afters must be the edit's own. COPY-PROOF: the gallery also holds all N befores, so that
a model which returns the before-state finds itself and scores nothing. Only the copy-proof number is a headline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

States = npt.NDArray[np.float32]
_ROWS = 500  # compared at once


@dataclass(frozen=True)
class Knn:
    """Per edit `[N]`: whether its own after is the nearest, among all afters and among afters and befores."""

    plain: npt.NDArray[np.bool_]
    copy_proof: npt.NDArray[np.bool_]


def knn(prediction: States, before: States, after: States) -> Knn:
    """Cosine neighbours of `prediction` `[N, D]`; a tie counts as a miss, or constant states would score."""
    prediction, before, after = (unit(rows) for rows in (prediction, before, after))
    plain, copy_proof = (np.zeros(len(prediction), bool) for _ in range(2))
    for start in range(0, len(prediction), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(prediction)))
        afters = prediction[rows] @ after.T
        own = afters[np.arange(len(rows)), rows]
        afters[np.arange(len(rows)), rows] = -np.inf
        plain[rows] = own > afters.max(axis=1)
        copy_proof[rows] = plain[rows] & (own > (prediction[rows] @ before.T).max(axis=1))
    return Knn(plain, copy_proof)


def ridge(state: States, action: States, after: States, alpha: float = 1.0) -> npt.NDArray[np.float64]:
    """Weights `[D + A + 1, D]` of a ridge regression from (state, action) to the next state."""
    inputs = _with_bias(state, action)
    gram = inputs.T @ inputs + alpha * np.eye(inputs.shape[1])
    return np.linalg.solve(gram, inputs.T @ unit(after).astype(np.float64))


def ridge_predict(weights: npt.NDArray[np.float64], state: States, action: States) -> States:
    """What the regression says of the next state `[N, D]`."""
    return np.asarray(_with_bias(state, action) @ weights, np.float32)


def effective_rank(rows: States) -> float:
    """Exponential of the entropy of the centred singular values' shares (Roy and Vetterli, 2007); at most D."""
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    share = values / max(float(values.sum()), 1e-12)
    return float(np.exp(-np.sum(share * np.log(np.maximum(share, 1e-12)))))


def unit(rows: States) -> States:
    """Rows scaled to length 1; zero rows stay."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))


def _with_bias(state: States, action: States) -> npt.NDArray[np.float64]:
    return np.hstack([unit(state), action, np.ones((len(state), 1), np.float32)]).astype(np.float64)
