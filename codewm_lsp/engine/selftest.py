"""`python -m codewm_lsp.engine.selftest PATH`: encode an edit, search the index of PATH for it, tell the times.

`codewm-lsp doctor` runs this in a process of its own, watched, so that a start is a start and a crash is a finding.
The edit is a fixed one; what it finds is counted and not told.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.index import EditIndex
from codewm_lsp.engine.store import index_folder
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.errors import CodewmError
from codewm_model.git import Repository

REPEATS = 20
_BEFORE = "def fetch(session, key):\n    return session.get(key)\n"
_AFTER = "def fetch(session, key, timeout=10):\n    return session.get(key, timeout=timeout)\n"


def self_test(path: Path) -> dict[str, Any]:
    """Times in milliseconds, medians of `REPEATS`; `searched` is None where there is no index to search.

    `ready` is when the first search could be made, by the monotonic clock. `sound` says whether the model's numbers are
    what they should be: finite, and the edit's embedding of unit length.

    Raises:
        BundleError, DependencyError: the model cannot be run.
    """
    index = _open_index(path)
    ready = time.monotonic()
    encoder = Encoder.default()
    change = change_of(edit_between(_BEFORE, _AFTER))
    first, encoded = _timed(lambda: encoder.encode([encoder.read(change)])[0])
    again = [_timed(lambda: encoder.encode([encoder.read(change)]))[0] for _ in range(REPEATS)]
    learned, before = encoded.learned, encoded.before
    sound = (
        learned is not None
        and before is not None
        and bool(np.isfinite(before).all())
        and abs(float(np.linalg.norm(learned)) - 1) < 0.01
    )
    result: dict[str, Any] = {
        "ready": ready,
        "sound": sound,
        "load_and_encode_ms": round(first, 2),
        "encode_ms": round(statistics.median(again), 2),
        "searched": None,
    }
    if index is not None:
        times = [_timed(lambda: index.query(encoded.sketch, 10, learned=learned)) for _ in range(REPEATS)]
        took = statistics.median(milliseconds for milliseconds, _ in times)
        result["searched"] = {"ms": round(took, 2), "hits": len(times[0][1])}
        index.close()
    return result | {"peak_rss_bytes": _peak_rss()}


def _open_index(path: Path) -> EditIndex | None:
    try:
        return EditIndex(index_folder(Repository.open(path)))
    except CodewmError:
        return None  # doctor has seen it and says why


def _timed(action: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = action()
    return (time.perf_counter() - start) * 1000, result


def _peak_rss() -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(self_test(Path(sys.argv[1]))) + "\n")
