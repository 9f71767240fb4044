"""A run that is looked at at chosen steps: trained up to each, and what was seen kept beside its checkpoint.

Whatever is cut off goes on: what was looked at is not looked at again, and the run from there from its checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from codewm_model.errors import CodewmError
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.presets import Preset

SEEN = "seen.json"
Look = Callable[[Path], dict[str, Any]]  # from a checkpoint
Report = Callable[[int, dict[str, float]], None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What was seen of a run, in the order of its steps, and why there is no more, if it failed.

    Each look has the `step`, the `seconds` of training until then, and what the caller's function found.
    """

    looks: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""

    @property
    def last(self) -> dict[str, Any]:
        """The last look; there must be one."""
        return self.looks[-1]


def observe(
    data: Dataset,
    out: Path,
    preset: Preset,
    at: Sequence[int],
    look: Look,
    *,
    validation: Dataset | None = None,
    report: Report = lambda step, values: None,
    say: Say = lambda words: None,
) -> Outcome:
    """Train in `out`, look at each of the steps `at` (rising; the last is the preset's), and say what was seen.

    A run that fails is an outcome as well, and is not tried again: a loss that is no number stays so, and so does a
    refused setting. `validation` is for presets that end early by it; `report` and `say` are told what `fit` tells.
    """
    outcome = seen(out, preset, data)
    for step in at[len(outcome.looks) :]:
        if outcome.failed:
            break
        try:
            path = fit(data, out, preset, validation=validation, stop_after=step, report=report, say=say)
            done = load_checkpoint(path)
            found = {"step": done.step, "seconds": done.seconds, **look(path)}
            outcome = Outcome([*outcome.looks, found])
        except (CodewmError, torch.OutOfMemoryError) as error:
            outcome = Outcome(outcome.looks, str(error))
        _keep(out, preset, data, outcome)
    return outcome


def seen(out: Path, preset: Preset, data: Dataset) -> Outcome:
    """What was seen so far of the run in `out`; nothing where it is another run, or there is none."""
    stored = _stored(out)
    return Outcome(stored["looks"], stored["failed"]) if _is_of(stored, preset, data) else Outcome()


def _keep(out: Path, preset: Preset, data: Dataset, outcome: Outcome) -> None:
    """Write it whole or not at all; a run that may not use this folder leaves what another saw there."""
    stored = _stored(out)
    if outcome.failed and stored and not _is_of(stored, preset, data):
        return
    out.mkdir(parents=True, exist_ok=True)
    content = {"preset": preset.to_dict(), "data": data.about, "looks": outcome.looks, "failed": outcome.failed}
    partial = out / f"{SEEN}.partial"
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(out / SEEN)


def _stored(out: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads((out / SEEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # not there, or not ours: as if nothing had been seen
    return stored


def _is_of(stored: dict[str, Any], preset: Preset, data: Dataset) -> bool:
    return (stored.get("preset"), stored.get("data")) == (preset.to_dict(), data.about)
