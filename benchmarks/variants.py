"""What a model loses and gains when it is run otherwise: fewer loops, eight-bit weights, other numbers of positions.

    python benchmarks/variants.py CHECKPOINT --clones DIR [--split validation] [--cache DIR] [--json]

Nothing is trained again: each variant is the checkpoint exported anew, judged on the same edits, and timed in turn with
the others in one process on one thread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from codewm_model.action_classes import ActionClasses
from codewm_model.bundle import ENCODER, PROTOTYPES, LearnedWeight, write_config
from codewm_model.nn.world_model import WorldModel
from codewm_model.runtime import Model
from codewm_train.answers import answers, headlines
from codewm_train.checkpoint import load_checkpoint
from codewm_train.clones import folders_of
from codewm_train.export import bundle_config
from codewm_train.graphs import write_graphs
from codewm_train.ids import CLASSES_FILE, SPLITS
from codewm_train.protocol import load_protocol
from codewm_train.questions import Questions, read_questions
from codewm_train.shipped import TRIED

ROUNDS, BLOCK, WARM_UP = 60, 10, 2
SHOWN = (
    "copy_proof_knn1 ours", "rival_proof_knn1 ours", "action_class_top5 shipped", "sibling_mrr learned",
    "rule_map learned", "sibling_mrr ranking+learned", "rule_map ranking+learned",
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """A way to run a checkpoint."""

    name: str
    loops: int
    positions: int
    int8: bool = False


def main() -> None:
    """Read the options, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--split", choices=sorted(SPLITS), default="validation")
    parser.add_argument("--cache", type=Path, default=Path("build/eval"))
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    model = load_checkpoint(options.checkpoint).model()
    protocol = load_protocol(options.split, folders_of(options.clones), options.cache / options.split)
    questions: dict[int, Questions] = {}
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        variants = list(variants_of(model))
        exported = {variant: export(model, variant, Path(folder) / variant.name) for variant in variants}
        for variant, runner in exported.items():
            if variant.positions not in questions:
                questions[variant.positions] = read_questions(protocol, variant.positions)
            judged = headlines(answers(runner, questions[variant.positions], TRIED))
            size = (Path(folder) / variant.name / ENCODER).stat().st_size
            found[variant.name] = {name: judged[name] for name in SHOWN} | {"encoder MB": size / 1e6}
        for variant, times in milliseconds(exported, questions).items():
            found[variant.name] |= {"ms p50": times[0], "ms p95": times[1]}
    show(found, options.json)


def variants_of(model: WorldModel) -> Iterator[Variant]:
    """As it was trained first."""
    config = model.config
    yield Variant("as trained", config.n_loops, config.positions)
    yield Variant("int8", config.n_loops, config.positions, int8=True)
    for loops in range(1, config.n_loops + 2):
        if loops != config.n_loops:
            yield Variant(f"{loops} loops", loops, config.positions)
    for positions in (config.positions // 4, config.positions // 2):
        yield Variant(f"{positions} positions", config.n_loops, positions)


def export(model: WorldModel, variant: Variant, folder: Path) -> Model:
    """The variant as the product would run it."""
    folder.mkdir()
    changed = WorldModel(replace(model.config, n_loops=variant.loops, positions=variant.positions))
    changed.load_state_dict(model.state_dict())
    write_graphs(changed.eval(), folder)
    if variant.int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        plain = folder / "plain.onnx"
        (folder / ENCODER).rename(plain)
        quantize_dynamic(plain, folder / ENCODER, weight_type=QuantType.QInt8)
        plain.unlink()
    ActionClasses.load(CLASSES_FILE).save(folder / PROTOTYPES)
    return Model.open(write_config(folder, bundle_config(changed, "variant", LearnedWeight(), {})))


def milliseconds(exported: dict[Variant, Model], questions: dict[int, Questions]) -> dict[Variant, tuple[float, float]]:
    """One side of a real edit at batch 1, p50 and p95; every variant has its turn in every block."""
    times: dict[Variant, list[float]] = {variant: [] for variant in exported}
    for start in range(0, ROUNDS, BLOCK):
        for variant, runner in exported.items():
            sides = questions[variant.positions].views.before
            longest = np.argsort([-len(side.text) for side in sides], kind="stable")[:ROUNDS].tolist()
            for i in [*longest[:WARM_UP], *longest[start : start + BLOCK]]:
                began = time.perf_counter()
                runner.encode([sides[i]])
                times[variant].append(1e3 * (time.perf_counter() - began))
    return {variant: (float(np.median(v)), float(np.percentile(v, 95))) for variant, v in times.items()}


def show(found: dict[str, dict[str, float]], as_json: bool) -> None:
    """A row for each variant."""
    if as_json:
        print(json.dumps(found, indent=1))
        return
    table = Table()
    columns: list[Any] = list(next(iter(found.values())))
    for name in ("", *columns):
        table.add_column(name)
    for name, row in found.items():
        table.add_row(name, *(f"{row[column]:.3f}" for column in columns))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
