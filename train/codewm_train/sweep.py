"""Search over preset fields: every point trained in a folder of its own, and ranked by what it does on validation data.

This is the papers' architecture search: loops, widths, decay of the target, regulariser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from rich.table import Table

from codewm_model.errors import CodewmError
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.next_state import effective_rank, knn
from codewm_train.observed import Outcome, observe
from codewm_train.presets import Preset
from codewm_train.probe import cosines, look
from codewm_train.search_space import Point, in_words, settled

EDITS = 2000  # the first of the validation data
MEASURE = "copy_proof_knn1"
_LONGEST = 100  # name of a folder
Say = Callable[[str], None]


def sweep(
    base: Preset,
    points: Sequence[Point],
    data: Dataset,
    validation: Dataset,
    out: Path,
    *,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Train the base preset at every point; the runs, best first, and those that failed, also as `out`/sweep.json.

    What is finished is not trained again, and what was cut off goes on.
    """
    ranked, failed = [], []
    for number, point in enumerate(points, start=1):
        name = in_words(point)
        say(f"{number}/{len(points)}: {name}")
        outcome = _run(base, point, data, validation, out, say)
        if outcome.failed:
            say(f"failed: {outcome.failed}")
            failed.append({"settings": point, "name": name, "why": outcome.failed})
        else:
            say(f"copy-proof KNN@1 {outcome.last[MEASURE]:.1%}")
            ranked.append({"settings": point, "name": name, **outcome.last})
    ranked.sort(key=lambda row: -row[MEASURE])
    found = {"n": min(EDITS, len(validation)), "runs": ranked, "failed": failed}
    (out / "sweep.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def shown_on(validation: Dataset, checkpoint: Path) -> dict[str, float]:
    """What runs are ranked by, and what stands beside it: ranks, and how like an after its before is."""
    seen = look(load_checkpoint(checkpoint), validation, range(min(EDITS, len(validation))))
    found = knn(seen.prediction, seen.gallery_before, seen.gallery_after, seen.views.same_as_after())
    return {
        MEASURE: float(found.copy_proof.mean()),
        "knn1": float(found.plain.mean()),
        "rank_state": effective_rank(seen.before.states[-1]),
        "rank_prediction": effective_rank(seen.prediction),
        "copy_cosine": cosines(seen)["before_after"],
    }


def table_of(found: dict[str, Any]) -> Table:
    """The ranking, for a terminal."""
    table = Table(title=f"validation, N={found['n']}, chance {1 / (2 * found['n']):.2%} copy-proof")
    for column in ("", "run", "copy-proof KNN@1", "KNN@1", "rank of states", "of predictions", "steps", "seconds"):
        table.add_column(column, justify="left" if column == "run" else "right")
    for number, row in enumerate(found["runs"], start=1):
        rates = (f"{row[name]:.1%}" for name in (MEASURE, "knn1"))
        ranks = (f"{row[name]:.1f}" for name in ("rank_state", "rank_prediction"))
        table.add_row(str(number), row["name"], *rates, *ranks, str(row["step"]), f"{row['seconds']:.0f}")
    for row in found["failed"]:
        table.add_row("-", f"{row['name']}: {row['why']}")
    return table


def _run(base: Preset, point: Point, data: Dataset, validation: Dataset, out: Path, say: Say) -> Outcome:
    try:
        preset = settled(base, point)
    except CodewmError as error:
        return Outcome(failed=str(error))
    return observe(
        data,
        out / _folder(in_words(point)),
        preset,
        [preset.training.steps],
        lambda checkpoint: shown_on(validation, checkpoint),
        validation=validation if preset.training.patience else None,
        say=say,
    )


def _folder(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9]} {crc32(name.encode()):08x}"
