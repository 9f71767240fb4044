"""What encoding costs at batch 1: ours, the paper's architecture and MiniLM, in turn, in one process on one thread."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from codewm_model.action_classes import ActionClasses
from codewm_model.bundle import PROTOTYPES, LearnedWeight, write_config
from codewm_model.edit import Edit
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.world_model import WorldModel
from codewm_model.runtime import Model
from codewm_model.tokenizer import MAX_DEPTH, PARENT_BUCKETS, TEXT_BUCKETS, TokenSequence
from codewm_train.export import bundle_config
from codewm_train.graphs import write_graphs
from codewm_train.hub_model import HubModel
from codewm_train.ids import CLASSES_FILE
from codewm_train.minilm import MiniLM
from codewm_train.text_vectors import text_of
from codewm_train.torch_model import TorchModel
from codewm_train.views import Views

ROUNDS = 60
BLOCK = 10  # runs of one contender before it is the next one's turn: nobody has to warm the caches again each time
WARM_UP = 2  # runs at the beginning of a block that do not count
PAPER_POSITIONS = 512
Times = dict[str, float]


def latency(
    model: Model,
    torch_model: TorchModel | None,
    views: Views,
    edits: Sequence[Edit],
    rounds: int = ROUNDS,
    hub_models: Sequence[HubModel] = (),
) -> dict[str, Times]:
    """Milliseconds, p50 and p95, by what is encoded.

    `state_128` is one side of 128 random tokens, and so on; `torch_128` the checkpoint before its export, if there is
    one; `edit` both sides of a real edit with its embedding, `minilm` and each of `hub_models` the changed lines of the
    same edits, and `minilm_over_edit` how many times as long that takes. `paper_512` is the paper's architecture (3
    loops, 512 tokens), untrained: only its cost is of interest.
    """
    rng = np.random.default_rng(0)
    paper, minilm = _paper(), MiniLM()

    def both_sides(i: int) -> object:
        return model.edits(model.encode([views.before[i]]), model.encode([views.after[i]]))

    def lines(encoder: MiniLM | HubModel) -> Callable[[int], object]:
        return lambda i: encoder.encode([text_of(edits[i])])

    contenders: dict[str, Callable[[int], object]] = {
        "state_64": _side(model, 64, rng),
        "state_128": _side(model, 128, rng),
        "state_256": _side(model, 256, rng),
        "paper_512": _side(paper, PAPER_POSITIONS, rng),
        "edit": both_sides,
        "minilm": lines(minilm),
    }
    if torch_model is not None:
        contenders["torch_128"] = _side(torch_model, 128, rng)
    contenders |= {hub.name: lines(hub) for hub in hub_models}
    found = _in_turn(contenders, min(rounds, len(edits)))
    return found | {"minilm_over_edit": {q: found["minilm"][q] / found["edit"][q] for q in ("p50", "p95")}}


def cost_of_a_state(rounds: int = ROUNDS) -> dict[str, Times]:
    """`state_128` and `paper_512` of the above alone, both untrained: no model is asked for."""
    rng = np.random.default_rng(0)
    ours, paper = _untrained(ModelConfig()), _paper()
    return _in_turn({"state_128": _side(ours, 128, rng), "paper_512": _side(paper, PAPER_POSITIONS, rng)}, rounds)


def _in_turn(contenders: Mapping[str, Callable[[int], object]], rounds: int) -> dict[str, Times]:
    """Milliseconds of each contender's run, which is told its round's number."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for start in range(0, rounds, BLOCK):
        for name, run in contenders.items():
            for _ in range(WARM_UP):
                run(start)
            for i in range(start, min(start + BLOCK, rounds)):
                began = time.perf_counter()
                run(i)
                times[name].append(1e3 * (time.perf_counter() - began))
    return {name: _quantiles(values) for name, values in times.items()}


def _side(runner: Model | TorchModel, size: int, rng: np.random.Generator) -> Callable[[int], object]:
    return lambda _: runner.encode([_random(rng, size)])


def _quantiles(values: Sequence[float]) -> Times:
    return {"p50": float(np.median(values)), "p95": float(np.percentile(values, 95))}


def _random(rng: np.random.Generator, size: int) -> TokenSequence:
    text, parent = rng.integers(1, TEXT_BUCKETS, size), rng.integers(1, PARENT_BUCKETS, size)
    depth, mark = rng.integers(0, MAX_DEPTH + 1, size), rng.integers(0, 3, size)
    ids = [column.astype(np.int32) for column in (text, parent, depth, mark)]
    return TokenSequence(ids[0], ids[1], ids[2], ids[3], np.zeros(size, np.int32))


def _paper() -> Model:
    """The paper's encoder: the same block and loops, made for 512 tokens."""
    return _untrained(ModelConfig(positions=PAPER_POSITIONS, max_positions=PAPER_POSITIONS))


def _untrained(sizes: ModelConfig) -> Model:
    """A network of these sizes, exported."""
    model = WorldModel(sizes)
    with tempfile.TemporaryDirectory() as folder:
        write_graphs(model, Path(folder))
        ActionClasses.load(CLASSES_FILE).save(Path(folder) / PROTOTYPES)
        config = bundle_config(model, "cost only", LearnedWeight(), {})
        return Model.open(write_config(Path(folder), config))
