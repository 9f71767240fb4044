"""The whole of the judging, one run: next states, ranks, action classes, retrieval, the paper's table, cost.

Without a bundle it prints what every baseline comes to. What it finds is one dictionary, which lies beside the bundle
as `metrics.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from codewm_model.action_classes import ActionClasses
from codewm_model.bundle import Bundle
from codewm_model.runtime import Model
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.hub_model import HubModel
from codewm_train.ids import CLASSES_FILE
from codewm_train.latency import latency
from codewm_train.metrics import Task
from codewm_train.next_action import judge_next_action
from codewm_train.next_state import Knn, knn, predictions, ranks, rates, ridge
from codewm_train.paper_table import paper_table
from codewm_train.protocol import Protocol
from codewm_train.retrieval import Retrieval, judge_retrieval
from codewm_train.shipped import changes_of
from codewm_train.torch_model import TorchModel
from codewm_train.views import EncodedEdits, Floats, Views, WorldModelRunner, encode_edits, views_of, views_of_dataset

RIDGE_EDITS = 20_000  # training edits that the ridge regression is fitted on
Say = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """What is judged: the shipped bundle, its checkpoint, other seeds' and the one trained without the action."""

    bundle: Bundle
    checkpoint: Path | None = None
    seeds: tuple[Path, ...] = ()
    no_action: Path | None = None


def evaluate(
    protocol: Protocol,
    cache: Path,
    subject: Subject | None,
    data: Dataset | None,
    *,
    hub_models: Sequence[HubModel] = (),
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Judge the baselines, `hub_models` among them, and a `subject` if there is one.

    A subject needs the training `data`, for the ridge regression.
    """
    found: dict[str, Any] = {"split": protocol.split}
    model = Model.open(subject.bundle) if subject else None
    past = [item.edit for item in protocol.past]
    encoded: EncodedEdits | None = None
    if subject and model and data:
        positions = subject.bundle.config.positions
        views = views_of(changes_of(past), positions)
        encoded = encode_edits(model, views)
        say("next states")
        commits = [item.commit for item in protocol.past]
        found |= judge_next_states(model, views, encoded, commits, data, positions)
        found["next_state"] |= _other_runs(found["next_state"], subject, views)
    say("action classes")
    classes = ActionClasses.load(CLASSES_FILE)
    found |= judge_next_action(protocol.past, classes, model, subject.bundle.config.positions if subject else 0)
    siblings, rules = protocol.tasks()
    for task, headline, key in ((siblings, "mrr", "sibling_mrr"), (rules, "map", "rule_map")):
        say(task.name)
        judged = _retrieval(task, headline, cache, subject, model, hub_models)
        found[key] = judged.headlines
        found[f"{key}_gains"] = [asdict(gain) for gain in judged.gains]
        found[f"{key}_n"] = {"n": judged.n, "queries": judged.queries, "labels": judged.labels}
    say("the paper's table")
    learned = None if encoded is None else encoded.edit
    found["paper_table"] = paper_table(protocol.past, cache, learned, hub_models)
    if subject and model:
        say("latency")
        torch_model = TorchModel(load_checkpoint(subject.checkpoint).model()) if subject.checkpoint else None
        found["latency_ms"] = latency(model, torch_model, views, past, hub_models=hub_models)
        found["bundle"] = {"id": subject.bundle.id, "parameters": subject.bundle.config.parameters}
    return found


def judge_next_states(
    model: WorldModelRunner,
    views: Views,
    encoded: EncodedEdits,
    commits: Sequence[str],
    data: Dataset,
    positions: int,
) -> dict[str, Any]:
    """`next_state` and `rank` of one model."""
    rows = np.random.default_rng(0).permutation(len(data))[:RIDGE_EDITS].tolist()
    training = views_of_dataset(data, rows, positions)
    before, after = model.encode(training.before), model.encode(training.after)
    weights = ridge(before.state, training.actions, after.state)
    ways = predictions(model, views, encoded, commits, weights)
    same = views.same_as_after()
    judged = {name: knn(rows, encoded.before.state, encoded.after.state, same) for name, rows in ways.items()}
    copy_proof, plain = rates(judged)
    return {
        "next_state": {
            "n": len(commits),
            "seeds": 1,
            "invisible": views.invisible(),
            "copy_proof_knn1": copy_proof,
            "knn1": plain,
        },
        "rank": ranks(encoded, ways["ours"]),
    }


def _other_runs(next_state: Mapping[str, Any], subject: Subject, views: Views) -> dict[str, Any]:
    """The rows that need other checkpoints: the one without the action, and each seed's."""
    copy_proof, plain = dict(next_state["copy_proof_knn1"]), dict(next_state["knn1"])
    if subject.no_action is not None:
        alone = _run(subject.no_action, views, np.zeros_like(views.actions))
        copy_proof["no_action"], plain["no_action"] = float(alone.copy_proof.mean()), float(alone.plain.mean())
    by_seed = [float(_run(path, views, views.actions).copy_proof.mean()) for path in subject.seeds]
    return {"copy_proof_knn1": copy_proof, "knn1": plain, "seeds": max(1, len(by_seed)), "by_seed": by_seed}


def _run(checkpoint: Path, views: Views, actions: Floats) -> Knn:
    model = TorchModel(load_checkpoint(checkpoint).model())
    before, after = model.encode(views.before).state, model.encode(views.after).state
    return knn(model.predict(before, actions), before, after, views.same_as_after())


def _retrieval(
    task: Task,
    headline: str,
    cache: Path,
    subject: Subject | None,
    model: Model | None,
    hub_models: Sequence[HubModel],
) -> Retrieval:
    if subject is None or model is None:
        return judge_retrieval(task, headline, cache, hub_models=hub_models)
    encoded = encode_edits(model, views_of(changes_of(task.edits), subject.bundle.config.positions))
    half = encoded.edit.shape[1] // 2
    extra = {"kind": encoded.edit[:, :half], "topic": encoded.edit[:, half:]}
    return judge_retrieval(task, headline, cache, encoded.edit, encoded.delta, extra, hub_models=hub_models)
