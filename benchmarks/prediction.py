"""A prediction from a live state: ours beside an exact search of the same states in single precision.

    python benchmarks/prediction.py REPO [--edits 20000 100000] [--questions N] [--json]

REPO has an index. Where more edits are asked for than it holds, its own states are taken again with noise, a twentieth
of their spread, and what each hit says of itself is read from the rows of the edit that it was made of. Questions are
states of its edits with noise. Times are of the processor, in milliseconds; `first` reads all states. The other way
keeps 32-bit floats, and looks up nothing: no rows, no labels, no predicted states.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from codewm_lsp.engine.encoder import EncodedPlace, Encoder
from codewm_lsp.engine.predict import Predictor
from codewm_lsp.engine.store import Store, StoredEdit, index_folder
from codewm_model.git import Repository
from codewm_model.prediction import NEIGHBOURS, class_scores

NOISE = 0.05


class Grown:
    """Stands for a store with `count` edits, made of those that a real one has."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self._ids, kinds, packed = zip(*store.states_after(0), strict=True)
        states = np.frombuffer(b"".join(packed), "<f2").reshape(len(self._ids), -1).astype(np.float32)
        rng = np.random.default_rng(0)
        self.of = np.arange(count) % len(states)
        noise = rng.normal(size=(count, states.shape[1])).astype(np.float32) * NOISE * states.std()
        self.states = states[self.of] + noise * (np.arange(count) >= len(states))[:, None]
        self.kinds = np.array(kinds, np.intp)[self.of]
        self.questions = states[rng.integers(len(states), size=count)] + noise
        self.common = np.asarray(np.bincount(self.kinds, minlength=len(Encoder.default().classes)) / count, np.float32)

    def places(self, count: int) -> list[EncodedPlace]:
        """The first questions, as the encoder would give them."""
        return [EncodedPlace(state, self.common) for state in self.questions[:count]]

    def states_after(self, last: int) -> Iterator[tuple[int, int, bytes]]:
        """Ids from 1 on, as `Store.states_after` gives them."""
        return ((i + 1, int(self.kinds[i]), self.states[i].astype("<f2").tobytes()) for i in range(last, len(self.of)))

    def provenance(self, ids: Sequence[int]) -> dict[int, StoredEdit]:
        """As `Store.provenance` gives it."""
        real = {number: self._ids[self.of[number - 1]] for number in ids}
        found = self._store.provenance(list(set(real.values())))
        return {number: found[own] for number, own in real.items()}


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--edits", type=int, nargs="+", default=[20_000, 100_000], metavar="N")
    parser.add_argument("--questions", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    store = Store(index_folder(Repository.open(options.repo)))
    rows = [measure(Grown(store, count), options.questions) for count in options.edits]
    if options.json:
        print(json.dumps({"name": "prediction", "n": options.questions, "sizes": rows}))
        return
    table = Table(title=f"a prediction, milliseconds of the processor, {options.questions} questions")
    for name in ("edits", "first", "p50", "p95", "peer p50", "peer p95", "states MB", "peer MB"):
        table.add_column(name, justify="right")
    for row in rows:
        times = (row["first"], row["ours"]["p50"], row["ours"]["p95"], row["peer"]["p50"], row["peer"]["p95"])
        table.add_row(f"{row['edits']:,}", *(f"{value:.1f}" for value in (*times, row["mb"], row["peer_mb"])))
    Console().print(table)


def measure(grown: Grown, questions: int) -> dict[str, Any]:
    """Both ways over the same states and questions."""
    predictor = Predictor(Encoder.default(), cast(Store, grown))
    unit = grown.states / np.linalg.norm(grown.states, axis=1, keepdims=True)

    def exact(place: EncodedPlace) -> None:
        cosines = unit @ (place.state / np.linalg.norm(place.state))
        near = np.argpartition(-cosines, NEIGHBOURS)[:NEIGHBOURS]
        class_scores(grown.kinds[near], cosines[near], grown.common, place.likely)

    Encoder.default().predict(grown.questions[:1], Encoder.default().classes.typical()[:1])  # loads the networks
    (first,) = times(predictor.predict, grown.places(1))
    asked = grown.places(questions + 1)
    return {
        "edits": len(grown.of),
        "first": first,
        "ours": spread(times(predictor.predict, asked)[1:]),
        "peer": spread(times(exact, asked)[1:]),
        "mb": grown.states.size / 1e6,
        "peer_mb": unit.nbytes / 1e6,
    }


def times(ask: Callable[[EncodedPlace], object], places: Sequence[EncodedPlace]) -> list[float]:
    """Milliseconds of the processor for each question."""
    found = []
    for place in places:
        start = time.process_time()
        ask(place)
        found.append(1000 * (time.process_time() - start))
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {"p50": float(np.quantile(values, 0.5)), "p95": float(np.quantile(values, 0.95))}


if __name__ == "__main__":
    main()
