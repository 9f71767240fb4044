"""What the runs of a suite gave, and what a claim makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from codewm_train.observed import Outcome

Look = Mapping[str, Any]  # what `glance` found, with its `step` and `seconds`
Verdict = Literal["holds", "does not hold", "not shown at this budget", "a run failed", "not run yet"]


@dataclass(frozen=True)
class Finding:
    """Our figure for a claim, whether it holds, and why not, or why that cannot be said."""

    ours: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True)
class Results:
    """The finished runs by name, a seed after the other, and milliseconds by what was timed."""

    outcomes: Mapping[str, Sequence[Outcome]]
    times: Mapping[str, Mapping[str, float]]

    def of(self, name: str) -> Sequence[Outcome]:
        """A run's seeds; none where the suite does not have it."""
        return self.outcomes.get(name, ())

    def last(self, name: str, figure: Callable[[Look], float]) -> list[float]:
        """A figure of the last look at each seed."""
        return [figure(outcome.last) for outcome in self.of(name)]

    def mean(self, name: str, figure: Callable[[Look], float]) -> float:
        """Its mean; there must be a seed."""
        values = self.last(name, figure)
        return sum(values) / len(values)


def does_it(holds: bool, ours: str, why: str = "") -> Finding:
    """A claim that can be judged."""
    return Finding(ours, "holds" if holds else "does not hold", why)


def not_shown(ours: str, why: str) -> Finding:
    """A claim that this budget does not reach."""
    return Finding(ours, "not shown at this budget", why)


def ranged(values: Sequence[float], style: str) -> str:
    """The mean of the seeds, and their range where there are several; a dash where there is none."""
    if not values:
        return "-"
    mean = format(sum(values) / len(values), style)
    return mean if len(values) == 1 else f"{mean} ({format(min(values), style)} to {format(max(values), style)})"
