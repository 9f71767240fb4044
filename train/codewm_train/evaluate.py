"""The whole of the judging, one run: next states, ranks, action classes, retrieval, the paper's table, cost.

Without a bundle it prints what every baseline comes to. What it finds is one dictionary, which lies beside the bundle
as `metrics.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codewm_model.action_classes import ActionClasses
from codewm_model.bundle import Bundle
from codewm_model.runtime import Model
from codewm_train.answers import answers, headlines, judge_states, judge_without_action, over_seeds
from codewm_train.checkpoint import load_checkpoint
from codewm_train.data import Dataset
from codewm_train.hub_model import HubModel
from codewm_train.ids import CLASSES_FILE
from codewm_train.latency import latency
from codewm_train.metrics import Task
from codewm_train.next_action import judge_next_action, situation
from codewm_train.paper_table import paper_table
from codewm_train.protocol import Protocol
from codewm_train.questions import Questions, RetrievalQuestion, read_questions
from codewm_train.retrieval import Retrieval, judge_retrieval
from codewm_train.torch_model import TorchModel
from codewm_train.views import EncodedEdits, encode_edits

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
    if subject is None or data is None:
        say("the baselines alone")
        classes = ActionClasses.load(CLASSES_FILE)
        found |= judge_next_action(situation(protocol.past, classes), classes)
        for key, headline, task in protocol.judged():
            found |= _in_full(key, task, judge_retrieval(task, headline, cache, hub_models=hub_models))
        return found | {"paper_table": paper_table(protocol.past, cache, None, hub_models)}
    model, questions = Model.open(subject.bundle), read_questions(protocol, subject.bundle.config.positions)
    say("next states")
    encoded = encode_edits(model, questions.views)
    found |= judge_states(model, questions, encoded, data)
    if subject.no_action is not None:
        alone = judge_without_action(TorchModel(load_checkpoint(subject.no_action).model()), questions)
        for measure in ("copy_proof_knn1", "knn1", "rival_proof_knn1"):
            found["next_state"][measure] |= alone["next_state"][measure]
    say("action classes")
    found |= judge_next_action(questions.situation, questions.classes, model, questions.positions)
    for question in questions.retrieval:
        say(question.task.name)
        found |= _in_full(question.key, question.task, _retrieval(question, cache, subject, model, hub_models))
    say("the paper's table")
    found["paper_table"] = paper_table(protocol.past, cache, encoded.edit, hub_models)
    found |= _seeds(subject, questions, say)
    say("latency")
    torch_model = TorchModel(load_checkpoint(subject.checkpoint).model()) if subject.checkpoint else None
    past = [item.edit for item in protocol.past]
    found["latency_ms"] = latency(model, torch_model, questions.views, past, hub_models=hub_models)
    found["bundle"] = {"id": subject.bundle.id, "parameters": subject.bundle.config.parameters}
    return found


def _seeds(subject: Subject, questions: Questions, say: Say) -> dict[str, Any]:
    """Every headline by seed, with mean and spread."""
    rows = []
    for path in subject.seeds:
        say(f"seed {path.parent.name}")
        model = TorchModel(load_checkpoint(path).model())
        rows.append(headlines(answers(model, questions, subject.bundle.config.learned_weight)))
    return {"seeds": {"n": len(rows), "headlines": over_seeds(rows)}} if rows else {}


def _in_full(key: str, task: Task, judged: Retrieval) -> dict[str, Any]:
    return {
        key: judged.headlines,
        f"{key}_gains": [asdict(gain) for gain in judged.gains],
        f"{key}_n": {"n": judged.n, "queries": judged.queries, "labels": judged.labels},
    }


def _retrieval(
    question: RetrievalQuestion, cache: Path, subject: Subject, model: Model, hub_models: Sequence[HubModel]
) -> Retrieval:
    encoded: EncodedEdits = encode_edits(model, question.views)
    half = encoded.edit.shape[1] // 2
    extra = {"kind": encoded.edit[:, :half], "topic": encoded.edit[:, half:]}
    return judge_retrieval(
        question.task, question.headline, cache, encoded.edit, encoded.delta, extra,
        subject.bundle.config.learned_weight, hub_models,
    )  # fmt: skip
