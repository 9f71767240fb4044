"""What a linear map can read out of states: labels by logistic regression, changes by ridge regression.

Everything is fitted on some commits and judged on others, so that the hunks of one commit, which are alike, are never
on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]
RIDGE = 1.0  # penalty on standardised columns, against sums over the fitted rows
_PENALTY = 1e-3  # of the logistic regression, on the mean of the squared weights
_ROUNDS = 100


@dataclass(frozen=True)
class Halves:
    """Which of N edits a probe is fitted on, and which it is judged on; no commit is in both."""

    fitted: npt.NDArray[np.intp]
    judged: npt.NDArray[np.intp]


def halves(commits: Labels, seed: int = 0) -> Halves:
    """Split edits by their commits `[N]`: whole commits in random order, up to half of the edits for the first part."""
    names, number, counts = np.unique(commits, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    first = order[np.cumsum(counts[order]) <= max(int(counts[order[0]]), len(commits) // 2)]
    inside = np.isin(number, first)
    return Halves(np.flatnonzero(inside), np.flatnonzero(~inside))


def class_accuracy(features: Floats, labels: Labels, split: Halves) -> dict[str, float]:
    """How well a multinomial logistic regression on features `[N, F]` tells labels `[N]` of edits that it never saw.

    `accuracy` is over all judged edits, `balanced` the mean over the classes that occur among them.
    """
    classes, number = np.unique(labels, return_inverse=True)
    told = _logistic(features[split.fitted], number[split.fitted], features[split.judged], len(classes))
    right = told == number[split.judged]
    by_class = [float(right[number[split.judged] == i].mean()) for i in np.unique(number[split.judged])]
    return {"accuracy": float(right.mean()), "balanced": float(np.mean(by_class))}


def guesses(labels: Labels, split: Halves) -> dict[str, float]:
    """What needs no features: the class that is most frequent among the fitted edits, and chance among the classes."""
    values, counts = np.unique(labels[split.fitted], return_counts=True)
    return {
        "majority": float((labels[split.judged] == values[counts.argmax()]).mean()),
        "chance": 1 / len(np.unique(labels)),
    }


def ridge_change(features: Floats, change: Floats, split: Halves, alpha: float = RIDGE) -> npt.NDArray[np.float32]:
    """The change `[N, D]` that a ridge regression on features `[N, F]` predicts for the judged edits, `[J, D]`."""
    mean, scale = _scales(features[split.fitted])
    inputs, asked = ((features[rows] - mean) / scale for rows in (split.fitted, split.judged))
    middle = change[split.fitted].mean(axis=0, dtype=np.float64)
    gram = inputs.T @ inputs + alpha * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, inputs.T @ (change[split.fitted] - middle))
    return np.asarray(asked @ weights + middle, np.float32)


def explained_variance(predicted: Floats, true: Floats) -> float:
    """1 - |true - predicted|^2 / |true - mean|^2 over all rows and columns `[N, D]`: 0 is what the mean explains."""
    error = ((true.astype(np.float64) - predicted) ** 2).sum()
    spread = ((true.astype(np.float64) - true.mean(axis=0, dtype=np.float64)) ** 2).sum()
    return float(1 - error / max(float(spread), 1e-12))


def _logistic(features: Floats, labels: Labels, asked: Floats, classes: int) -> npt.NDArray[np.intp]:
    """The classes of the asked rows. The loss is convex, and LBFGS starts from zero: no seed decides anything."""
    mean, scale = _scales(features)
    inputs, targets = torch.from_numpy((features - mean) / scale), torch.from_numpy(labels.astype(np.int64))
    weights = torch.zeros(inputs.shape[1] + 1, classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = inputs @ weights[:-1] + weights[-1]
        value = torch.nn.functional.cross_entropy(scores, targets) + _PENALTY * weights[:-1].square().sum()
        value.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]  # the same
    learned = weights.detach().numpy()
    return np.asarray((((asked - mean) / scale) @ learned[:-1] + learned[-1]).argmax(axis=1), np.intp)


def _scales(features: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and deviation of each column; a column that says nothing keeps its scale."""
    deviation = features.std(axis=0, dtype=np.float64)
    return features.mean(axis=0, dtype=np.float64), np.where(deviation > 1e-6, deviation, 1.0)
