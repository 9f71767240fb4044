"""What a collapse looks like in numbers, and in words while the run still goes on.

A JEPA can make its loss small without learning: all states alike, states in few directions, or a prediction that
returns the state it was given (Akbulut, 2026, sees the copy cosine climb to 0.999 first). Each of these is a number
here, logged at every validation, with a threshold beyond which it is said on stderr what is happening.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from codewm_train.next_state import effective_rank, unit

States = npt.NDArray[np.float32]
RANK_SHARE, RANK_LEAST = 0.25, 10.0  # of the highest rank so far; of 40 and more that could be
COPY, ALIKE, CHANGE = 0.99, 0.9, 0.25


class Seen(NamedTuple):
    """States `[N, D]` of N edits: the model's befores, its predictions, and both sides as the gallery encodes them."""

    state: States
    prediction: States
    before: States
    after: States


def signs(seen: Seen) -> dict[str, float]:
    """The numbers that tell a collapse.

    `rank_state`, `rank_prediction`: effective ranks. `copy_cosine`: mean of cos(z_hat, z). `state_cosine`: mean cosine
    between states of different edits. `change_ratio`: mean |z_hat - z| over mean |z' - z|, of unit states, the second
    as the gallery's encoder has them.
    """
    state, prediction, before, after = (unit(rows) for rows in seen)
    n, total = len(state), state.sum(axis=0)
    true = float(np.linalg.norm(after - before, axis=1).mean())
    return {
        "rank_state": effective_rank(seen.state),
        "rank_prediction": effective_rank(seen.prediction),
        "copy_cosine": float((state * prediction).sum(axis=1).mean()),
        "state_cosine": float((total @ total - (state * state).sum()) / max(1, n * (n - 1))),
        "change_ratio": float(np.linalg.norm(prediction - state, axis=1).mean()) / max(true, 1e-9),
    }


class Alarms:
    """Says what is happening, once for each kind of collapse until it has cleared."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._highest: dict[str, float] = {}  # ranks so far
        self._ringing: set[str] = set()

    def check(self, step: int, found: dict[str, float], most: int) -> None:
        """Compare what `signs` found with the thresholds; `most`: the highest rank that there could be."""
        for name, words in self._words(found, most).items():
            if words and name not in self._ringing:
                self._say(f"step {step}: {words}")
            (self._ringing.add if words else self._ringing.discard)(name)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"highest": dict(self._highest), "ringing": sorted(self._ringing)}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; from nothing, where the checkpoint is older than this."""
        self._highest, self._ringing = dict(state.get("highest", {})), set(state.get("ringing", ()))

    def _words(self, found: dict[str, float], most: int) -> dict[str, str]:
        """What to say of each kind; empty where all is well."""
        said = {name: self._of_rank(name, found[name], most) for name in ("rank_state", "rank_prediction")}
        copy, alike, change = found["copy_cosine"], found["state_cosine"], found["change_ratio"]
        said["copy_cosine"] = said["state_cosine"] = said["change_ratio"] = ""
        if copy > COPY:
            said["copy_cosine"] = (
                f"the prediction copies the state: cos(z_hat, z) is {copy:.4f} on average, so the action does nothing"
            )
        if alike > ALIKE:
            said["state_cosine"] = (
                f"all states look alike: the mean cosine between states of different edits is {alike:.3f}"
            )
        if change < CHANGE:
            said["change_ratio"] = (
                f"the prediction hardly changes the state: by {change:.2f} of what the edits really change"
            )
        return said

    def _of_rank(self, name: str, rank: float, most: int) -> str:
        of = {"rank_state": "states", "rank_prediction": "predictions"}[name]
        highest = self._highest[name] = max(rank, self._highest.get(name, rank))
        if rank < RANK_SHARE * highest:
            return f"{of} lose their dimensions: effective rank {rank:.1f}, after {highest:.1f} before"
        if rank < min(RANK_LEAST, most / 4):
            return f"{of} lie in few dimensions: effective rank {rank:.1f} of {most}"
        return ""
