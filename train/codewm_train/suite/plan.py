"""Which runs the papers' claims need, and at what budget: shipped presets, and what differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codewm_train.presets import Preset, load_preset
from codewm_train.search_space import settled

FIRST = 42  # the papers' first seed
OVER_STEPS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # shares; the first look is after one step


@dataclass(frozen=True)
class Budget:
    """What a suite may cost; None leaves a preset's own setting as it is.

    `learning_rate` is of the papers' presets alone, which are made for 15,000 steps; `judged` edits of the validation
    data, drawn at random, are looked at. A small suite leaves out what no claim depends on, and most seeds.
    """

    name: str
    about: str
    positions: int
    judged: int
    steps: int | None = None
    edits: int | None = None  # of a batch
    warmup: int | None = None
    learning_rate: float | None = None
    seeds: int = 3
    small: bool = False


SMALL = Budget(
    "small",
    "60 CPU minutes of one core: short sequences, small batches, few steps, three seeds only where seeds are compared",
    positions=32,
    judged=1000,
    steps=400,
    edits=64,
    warmup=30,
    learning_rate=1e-3,
    small=True,
)
FULL = Budget("full", "the presets' own steps, batches and learning rates, three seeds of every run", 128, 5000)
BUDGETS = {budget.name: budget for budget in (SMALL, FULL)}


@dataclass(frozen=True)
class Run:
    """A preset with some settings replaced, as a sweep would write them; looked at after these shares of its steps."""

    name: str
    preset: str
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    looks: tuple[float, ...] = (1.0,)
    paths: bool = False  # definitions' histories are looked at as well, at the end
    every_seed: bool = False  # also in a small suite
    in_small: bool = True


RUNS = (
    Run("paper1-fast", "paper1-fast", looks=OVER_STEPS),
    Run("paper1", "paper1", looks=OVER_STEPS, paths=True),
    Run("loops3", "paper2-none", {"auxiliary": 0.0, "aux_loops": []}),
    Run("paper2-none", "paper2-none"),
    Run("paper2", "paper2", looks=OVER_STEPS, every_seed=True),
    Run("default", "default", every_seed=True),
    Run("delta-final", "paper1-delta"),
    Run("delta-early", "paper1-delta-early"),
    Run("delta-early-normalised", "paper1-delta-early", {"delta_type": "normalised"}),
    # The authors' residual predictor says a next state, and the delta is what lies between; see environment.py.
    Run("delta-early-normalised-residual", "paper1-delta-early", {"delta_type": "normalised", "residual": False}),
    Run("delta-final-normalised", "paper1-delta", {"delta_type": "normalised"}, in_small=False),
    Run("delta-final-residual", "paper1-delta", {"residual": False}, in_small=False),
    Run("paper1-frozen", "paper1-frozen", in_small=False),
    Run("paper1-dense", "paper1-dense", in_small=False),
    Run("paper2-contrast", "paper2-contrast", in_small=False),
    Run("paper2-sigreg", "paper2-sigreg", in_small=False),
    Run("paper2-predictor-reg", "paper2-predictor-reg", in_small=False),
)


@dataclass(frozen=True)
class Job:
    """One training of a run: its seed, its preset at the budget, and the steps after which it is looked at."""

    run: Run
    seed: int
    preset: Preset
    at: tuple[int, ...]

    @property
    def folder(self) -> str:
        """Its name among the suite's runs."""
        return f"{self.run.name}-seed{self.seed}"


def jobs(budget: Budget, runs: Sequence[Run] = RUNS) -> list[Job]:
    """Every training that a suite consists of, first seeds first, so that every claim has a row early."""
    found = []
    for number in range(budget.seeds):
        for run in runs:
            if budget.small and (not run.in_small or (number and not run.every_seed)):
                continue
            preset = at_budget(run, budget, FIRST + number)
            steps = preset.training.steps
            at = tuple(sorted({max(1, round(share * steps)) for share in run.looks}))
            found.append(Job(run, FIRST + number, preset, at))
    return found


def at_budget(run: Run, budget: Budget, seed: int) -> Preset:
    """The run's preset with what the budget says instead; decays of the target and of the average stay.

    Raises:
        CodewmError: a setting that nobody knows.
    """
    preset = settled(load_preset(run.preset), dict(run.settings))
    training, papers = preset.training, preset.target.kind == "ema"
    pairs = training.place_pairs + training.topic_pairs + training.kind_pairs
    share = budget.edits / (2 * pairs) if budget.edits else 1.0
    scaled = ("place_pairs", "topic_pairs", "kind_pairs", "rivals")
    said = {
        **{name: round(share * getattr(training, name)) for name in scaled},
        "steps": budget.steps,
        "warmup": budget.warmup,
        "learning_rate": budget.learning_rate if papers else None,
    }
    given = {name: value for name, value in said.items() if value is not None}
    return dataclasses.replace(
        preset,
        training=dataclasses.replace(training, seed=seed, **given),
        model=dataclasses.replace(preset.model, positions=budget.positions),
    )
