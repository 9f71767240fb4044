"""Rivals of a true edit: what else could have been done at the same place, made of what was done at others.

A copy-proof gallery asks whether a prediction is nearer to its after than to its before. A model that never sees the
action can learn how afters differ from befores on average, and need not know what is done. RIVAL-PROOF asks more: the
gallery also holds afters that never were, each the same file with the added lines of another real edit in place of the
true ones. Only who knows what is done there can tell the after from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from codewm_model.edit import Edit
from codewm_train.next_state import Knn, States, unit
from codewm_train.siblings import PastEdit

RIVALS = 4  # of each edit, the first half from the same file where it was edited elsewhere
_TRIES = 40


@dataclass(frozen=True)
class Rivals:
    """R edits that never were; `of[i]` is the position of the true edit at whose place the i-th stands."""

    edits: list[Edit]
    of: npt.NDArray[np.intp]


def rivals_of(past: Sequence[PastEdit], count: int = RIVALS, seed: int = 0) -> Rivals:
    """Up to `count` rivals of each edit, drawn from the edits of its repository; fewer where those add nothing else.

    A rival removes what the true edit removes and adds what another added, indented to fit.
    """
    rng = np.random.default_rng(seed)
    of_repository, of_file = defaultdict(list), defaultdict(list)
    for i, item in enumerate(past):
        of_repository[item.repository].append(i)
        of_file[item.repository, item.edit.path].append(i)
    edits: list[Edit] = []
    of: list[int] = []
    for i, item in enumerate(past):
        near, far = of_file[item.repository, item.edit.path], of_repository[item.repository]
        found: list[tuple[str, ...]] = []
        for attempt in range(_TRIES):
            pool = near if len(near) > 1 and attempt < _TRIES // 2 and len(found) < count // 2 else far
            added = _fitted(past[pool[int(rng.integers(len(pool)))]].edit.added, item.edit)
            if added not in (item.edit.added, item.edit.removed, *found):
                found.append(added)
            if len(found) == count:
                break
        edits += [replace(item.edit, added=added) for added in found]
        of += [i] * len(found)
    return Rivals(edits, np.array(of, np.intp))


def rival_proof(
    prediction: States, after: States, rivals: States, of: npt.NDArray[np.intp], found: Knn, same: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """`[N]`: whether an edit's own after is nearer than everything in the copy-proof gallery and its own rivals.

    `prediction` and `after` are `[N, D]`, `rivals` `[R, D]`; `found` is the copy-proof judgement of the same
    predictions; rivals that read exactly like the true after (`same` `[R]`) are no wrong answers. A tie is a miss.
    """
    prediction, after, rivals = (unit(rows) for rows in (prediction, after, rivals))
    nearest = np.full(len(prediction), -np.inf, np.float32)
    cosines = np.where(same, -np.inf, np.sum(prediction[of] * rivals, axis=1)).astype(np.float32)
    np.maximum.at(nearest, of, cosines)
    return np.asarray(found.copy_proof & (np.sum(prediction * after, axis=1) > nearest))


def _fitted(lines: tuple[str, ...], edit: Edit) -> tuple[str, ...]:
    """Lines moved to the depth at which an edit's own lines stand."""
    depth, own = _depth(lines), _depth(edit.removed or edit.added)
    return tuple(" " * own + line[depth:] if line.strip() else line for line in lines)


def _depth(lines: Sequence[str]) -> int:
    return min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
