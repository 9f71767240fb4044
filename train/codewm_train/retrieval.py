"""Judging a retrieval task: every channel, every combination, what ships, and all that it must beat, in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codewm_model.bundle import LearnedWeight
from codewm_model.errors import DependencyError
from codewm_train.baselines import BASELINES, difflib_ratio, vectors
from codewm_train.hub_model import HubModel
from codewm_train.metrics import MEASURES, Scorer, Task, error_removed, paired_bootstrap
from codewm_train.minilm import minilm_vectors
from codewm_train.shipped import TRIED, Sketched, action, changes_of, shipped, with_learned

DIFFLIB_QUERIES = 50
RANKING, WITH_LEARNED = "ranking", "ranking+learned"


@dataclass(frozen=True)
class Gain:
    """How one score stands to another on the headline measure, query by query.

    `low` and `high` bound the mean `difference` (paired bootstrap, 95 %); `removed` is the share of the other's error.
    """

    name: str
    over: str
    difference: float
    low: float
    high: float
    removed: float


@dataclass(frozen=True)
class Retrieval:
    """What came out: `means[score][measure]` over all queries (difflib: over the first `DIFFLIB_QUERIES`).

    `ours` and `baselines` name the scores, `skipped` those that could not run and why. `gains` compare the ranking with
    the best baseline that was judged on every query, and where there is a learned channel, the ranking with it first
    with the same baseline and then with the ranking without it.
    """

    task: str
    headline: str
    n: int
    queries: int
    labels: int
    means: dict[str, dict[str, float]]
    ours: tuple[str, ...]
    baselines: tuple[str, ...]
    skipped: dict[str, str]
    gains: tuple[Gain, ...]

    @property
    def headlines(self) -> dict[str, float]:
        """The headline measure of every score, the best first."""
        values = {name: row[self.headline] for name, row in self.means.items()}
        return dict(sorted(values.items(), key=lambda item: -item[1]))


def judge_retrieval(
    task: Task,
    headline: str,
    cache: Path,
    learned: NDArray[np.float32] | None = None,
    delta: NDArray[np.float32] | None = None,
    extra: Mapping[str, NDArray[np.float32]] | None = None,
    weight: LearnedWeight = TRIED,
    hub_models: Sequence[HubModel] = (),
) -> Retrieval:
    """Judge all scores on a task by the measures of `metrics`, `headline` ("mrr" or "map") being what gains are of.

    Vectors are of the task's edits, in its order: `learned` [N, E] is the third channel, with the shares that
    `weight` says; `delta` [N, D], states after less states before, is a baseline; `extra` are scores to be shown alone.
    MiniLM's vectors and those of `hub_models`, more baselines, are kept in `cache`; where MiniLM is not installed it is
    skipped, with the reason.
    """
    changes = changes_of(task.edits)
    sketched = Sketched(changes)
    ours = shipped(sketched) | {name: vectors(rows) for name, rows in (extra or {}).items()}
    if learned is not None:
        ours |= with_learned(sketched, learned, weight)
    baselines: dict[str, Scorer] = {name: make(task.edits) for name, make in BASELINES.items()}
    baselines["action"] = action(changes)
    if delta is not None:
        baselines["delta"] = vectors(delta)
    skipped = {}
    try:
        baselines["minilm"] = vectors(minilm_vectors(task.edits, cache))
    except DependencyError as error:
        skipped["minilm"] = str(error)
    baselines |= {model.name: vectors(model.vectors(task.edits, cache)) for model in hub_models}
    rows = {name: task.judge_all(scorer) for name, scorer in (ours | baselines).items()}
    means = {name: {m: float(np.mean(values[m])) for m in MEASURES} for name, values in rows.items()}
    best = max(baselines, key=lambda name: means[name][headline])
    pairs = [(RANKING, best)]
    if learned is not None:
        pairs += [(WITH_LEARNED, best), (WITH_LEARNED, RANKING)]
    means["difflib"] = task.evaluate(difflib_ratio(task.edits), DIFFLIB_QUERIES)
    return Retrieval(
        task.name,
        headline,
        len(task.edits),
        len(task.queries),
        len(set(task.labels)),
        means,
        tuple(ours),
        (*baselines, "difflib"),
        skipped,
        tuple(gain(name, over, rows[name][headline], rows[over][headline]) for name, over in pairs),
    )


def gain(name: str, over: str, ours: list[float], theirs: list[float]) -> Gain:
    """Compare two scores' values, query by query."""
    low, high = paired_bootstrap(ours, theirs)
    mean, other = float(np.mean(ours)), float(np.mean(theirs))
    return Gain(name, over, mean - other, low, high, error_removed(mean, other))
