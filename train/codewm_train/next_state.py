"""Whether a predicted next state finds the true one: KNN@k, plain and copy-proof.

Plain: the nearest of all N afters must be the edit's own. COPY-PROOF: the gallery also holds all N befores, so that
a model which returns the before-state finds itself and scores nothing. Only the copy-proof number is a headline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codewm_train.views import EncodedEdits, Views, WorldModelRunner

States = npt.NDArray[np.float32]
_ROWS = 500  # compared at once


@dataclass(frozen=True)
class Knn:
    """Per edit `[N]`: whether its own after is the nearest, among all afters and among afters and befores."""

    plain: npt.NDArray[np.bool_]
    copy_proof: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """Per edit `[N]`: where its own after comes, 1 being the nearest, among all afters and among afters and befores."""

    plain: npt.NDArray[np.intp]
    copy_proof: npt.NDArray[np.intp]

    def within(self, k: int) -> Knn:
        """Whether it is among the `k` nearest: KNN@k."""
        return Knn(self.plain <= k, self.copy_proof <= k)


def knn(prediction: States, before: States, after: States, same: npt.NDArray[np.bool_] | None = None) -> Knn:
    """Whether the nearest state is the own after; see `places`."""
    return places(prediction, before, after, same).within(1)


def places(prediction: States, before: States, after: States, same: npt.NDArray[np.bool_] | None = None) -> Places:
    """Cosine neighbours of `prediction` `[N, D]`; a tie counts against the own after, or constant states would score.

    `same` `[N, 2N]` says which afters and befores read exactly like an edit's own after: they are no wrong answers.
    """
    prediction, before, after = (unit(rows) for rows in (prediction, before, after))
    plain, copy_proof = (np.zeros(len(prediction), np.intp) for _ in range(2))
    for start in range(0, len(prediction), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(prediction)))
        afters = prediction[rows] @ after.T
        befores = prediction[rows] @ before.T
        own = afters[np.arange(len(rows)), rows]
        afters[np.arange(len(rows)), rows] = -np.inf
        if same is not None:
            afters[same[rows, : len(after)]] = -np.inf
            befores[same[rows, len(after) :]] = -np.inf
        plain[rows] = 1 + (afters >= own[:, None]).sum(axis=1)
        copy_proof[rows] = plain[rows] + (befores >= own[:, None]).sum(axis=1)
    return Places(plain, copy_proof)


def predictions(
    model: WorldModelRunner,
    views: Views,
    encoded: EncodedEdits,
    commits: Sequence[str],
    seed: int = 0,
) -> dict[str, States]:
    """Next states `[N, D]` by way: the model with the true action, a borrowed one, a shuffled one; and without it.

    The borrowed action is that of the edit of another commit whose before-state is nearest: what an editor could know.
    """
    state, actions = encoded.before.state, views.actions
    rng = np.random.default_rng(seed)
    return {
        "ours": model.predict(state, actions),
        "borrowed": model.predict(state, actions[nearest_of_other_commits(state, commits)]),
        "shuffled": model.predict(state, actions[rng.permutation(len(actions))]),
        "copy": state,
        "random": rng.standard_normal(state.shape, np.float32),
    }


def nearest_of_other_commits(state: States, commits: Sequence[str]) -> npt.NDArray[np.intp]:
    """For each edit the one of another commit whose before-state `[N, D]` has the largest cosine, `[N]`."""
    rows, labels = unit(state), np.unique(list(commits), return_inverse=True)[1]
    nearest = np.zeros(len(rows), np.intp)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        cosines = rows[part] @ rows.T
        cosines[labels[part, None] == labels] = -np.inf
        nearest[part] = cosines.argmax(axis=1)
    return nearest


def ranks(encoded: EncodedEdits, prediction: States) -> dict[str, float]:
    """Effective ranks of states, predictions, predicted and true changes of unit states, and edit embeddings."""
    before, after, predicted = (unit(rows) for rows in (encoded.before.state, encoded.after.state, prediction))
    return {
        "state": effective_rank(before),
        "prediction": effective_rank(predicted),
        "prediction_delta": effective_rank(predicted - before),
        "true_delta": effective_rank(after - before),
        "edit": effective_rank(encoded.edit),
    }


def ridge(state: States, action: States, after: States, alpha: float = 1.0) -> npt.NDArray[np.floating]:
    """Weights `[D + A + 1, D]` of a ridge regression from (state, action) to the next state."""
    inputs = _with_bias(state, action)
    gram = inputs.T @ inputs + alpha * np.eye(inputs.shape[1])
    weights: npt.NDArray[np.floating] = np.linalg.solve(gram, inputs.T @ unit(after).astype(np.float64))
    return weights


def ridge_predict(weights: npt.NDArray[np.floating], state: States, action: States) -> States:
    """What the regression says of the next state `[N, D]`."""
    return np.asarray(_with_bias(state, action) @ weights, np.float32)


def effective_rank(rows: States) -> float:
    """Exponential of the entropy of the centred singular values' shares (Roy and Vetterli, 2007); at most D."""
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    share = values / max(float(values.sum()), 1e-12)
    return float(np.exp(-np.sum(share * np.log(np.maximum(share, 1e-12)))))


def unit(rows: States) -> States:
    """Rows scaled to length 1; zero rows stay."""
    scaled: States = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return scaled


def _with_bias(state: States, action: States) -> npt.NDArray[np.float64]:
    return np.hstack([unit(state), action, np.ones((len(state), 1), np.float32)]).astype(np.float64)
