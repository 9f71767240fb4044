"""What the claims are told by: a part of what `codewm-train probe` finds in a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.geometry import cosine, path_over_edits
from codewm_train.probe import by_loop, chains_of_changes, cosines, look, neighbours, spaces


def glance(path: Path, validation: Dataset, n: int, *, paths: bool) -> dict[str, Any]:
    """Cosines, ranks, loops and KNN@k on `n` edits drawn at random; with `paths` those of histories at the last step.

    `delta` are the papers' delta cosines: of what the predictor adds to the online state with the true change, from the
    online state to the target's after, as a JEPA's is counted, and within the target's space, as a direct delta's is.
    """
    checkpoint = load_checkpoint(path)
    rows = np.sort(np.random.default_rng(0).permutation(len(validation))[:n])
    seen = look(checkpoint, validation, rows)
    state = seen.before.states[-1]
    added = seen.prediction - state
    ended = checkpoint.step == checkpoint.preset.training.steps
    return {
        "n": len(rows),
        "cosines": cosines(seen),
        "delta": {
            "two spaces": cosine(added, seen.gallery_after - state),
            "one space": cosine(added, seen.gallery_after - seen.gallery_before),
        },
        "spaces": spaces(seen),
        "loops": by_loop(seen),
        "knn": neighbours(seen, seed=0),
        "paths": path_over_edits(chains_of_changes(checkpoint, validation)) if paths and ended else None,
    }
