"""The shape of a state space: how large a change is in it, how many directions it uses, how straight its paths are.

Two kinds of change are looked at, and two kinds of path; the names keep them apart. An EDIT moves a state from before
to after; a LOOP moves it from one readout to the next. What the papers call delta/state ratio, copy cosine, consecutive
delta cosine and straightness is all of edits (paper 2, section "Geometry Diagnostics", and the authors' evaluation
programs geometry_probes.py, delta_magnitude_analysis.py and curvature_analysis.py, which say how each is counted).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from codewm_train.next_state import effective_rank

States = npt.NDArray[np.float32]
_ROWS = 1000  # compared at once


def size_ratio(change: States, state: States) -> float:
    """Mean of |change| / |state| over rows `[N, D]`: how much of a state a change makes up."""
    return float(np.mean(_norms(change) / np.maximum(_norms(state), 1e-9)))


def cosine(one: States, other: States) -> float:
    """Mean cosine of rows `[N, D]` with their partners; a zero row has the cosine 0 with everything."""
    return float(np.mean(_cosines(one, other)))


def off_diagonal(one: States, other: States) -> float:
    """Mean cosine of every row of `one` `[N, D]` with all rows of `other` but its partner."""
    rows, others = (values / np.maximum(_norms(values)[:, None], 1e-9) for values in (one, other))
    total = sum(float((rows[i : i + _ROWS] @ others.T).sum()) for i in range(0, len(rows), _ROWS))
    return (total - float((rows * others).sum())) / max(1, len(rows) * (len(rows) - 1))


def spectrum(rows: States) -> dict[str, float]:
    """How many directions rows `[N, D]` use.

    `rank` is `next_state.effective_rank`. `rank_of_variance` takes the entropy of the SQUARED singular values, as the
    papers' table of geometry does (a lower number for the same rows), `rank_uncentred` leaves the mean in, as their
    audit does. `top_share` is the share of the variance along the first direction.
    """
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False).astype(np.float64)
    variance = values**2 / max(float((values**2).sum()), 1e-12)
    uncentred = np.linalg.svd(rows, compute_uv=False).astype(np.float64)
    return {
        "rank": effective_rank(rows),
        "rank_of_variance": _exp_entropy(variance),
        "rank_uncentred": _exp_entropy(uncentred / max(float(uncentred.sum()), 1e-12)),
        "top_share": float(variance.max()),
    }


def path_over_loops(states: States) -> dict[str, Any]:
    """The path of readouts `[L, N, D]`.

    `update` [L - 1] is the mean of |x_l - x_(l-1)| / |x_l|, `turn` [L - 2] the mean cosine of one update with the next,
    and `straightness` the mean of |x_L - x_1| over the length of the path.

    That ratio is the straightness index (Batschelet, 1981, "Circular Statistics in Biology"): 1 for a straight line, 0
    for a path that comes back. It is None where there are fewer than three readouts, for one step is always straight.
    """
    updates = states[1:] - states[:-1]
    lengths = np.linalg.norm(updates, axis=2)
    straight = np.linalg.norm(states[-1] - states[0], axis=1) / np.maximum(lengths.sum(axis=0), 1e-9)
    return {
        "update": [size_ratio(update, state) for update, state in zip(updates, states[1:], strict=True)],
        "turn": [cosine(one, following) for one, following in pairwise(updates)],
        "straightness": float(straight.mean()) if len(states) > 2 else None,
    }


def path_over_edits(chains: Sequence[States], seed: int = 0) -> dict[str, Any]:
    """The paths of edits that follow each other, each chain given by its changes `[E, D]`, as the papers count them.

    `turn` is the mean cosine of one change with the next (theirs, six loops: -0.059), `straightness` the share of steps
    whose curvature |d_t - d_(t-1)| / |d_(t-1)| is below 1 (theirs: 0.132). `shuffled` has both for the same steps, each
    followed by any other: what comes out where nothing leads anywhere. None where no chain has two changes.
    """
    long = [chain for chain in chains if len(chain) > 1]
    about = {"chains": len(long), "steps": sum(len(chain) - 1 for chain in long)}
    if not long:
        return about | {"turn": None, "straightness": None, "shuffled": {"turn": None, "straightness": None}}
    earlier, later = (np.concatenate([chain[part] for chain in long]) for part in (slice(-1), slice(1, None)))
    order = np.random.default_rng(seed).permutation(len(later))
    return about | _bends(earlier, later) | {"shuffled": _bends(earlier, later[order])}


def _bends(earlier: States, later: States) -> dict[str, float]:
    moved = _norms(earlier) > 1e-9
    earlier, later = earlier[moved], later[moved]
    curvature = _norms(later - earlier) / _norms(earlier)
    return {"turn": cosine(earlier, later), "straightness": float((curvature < 1).mean())}


def _cosines(one: States, other: States) -> npt.NDArray[np.float64]:
    product = (one.astype(np.float64) * other).sum(axis=-1)
    return np.asarray(product / np.maximum(_norms(one) * _norms(other), 1e-12))


def _norms(rows: States) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.norm(rows.astype(np.float64), axis=-1))


def _exp_entropy(shares: npt.NDArray[np.float64]) -> float:
    return float(np.exp(-np.sum(shares * np.log(np.maximum(shares, 1e-12)))))
