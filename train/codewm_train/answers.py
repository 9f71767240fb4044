"""One model's answers to all questions, as figures: the same code for the bundle that ships and for every seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from codewm_model.bundle import LearnedWeight
from codewm_train.data import Dataset
from codewm_train.metrics import spread
from codewm_train.next_action import judge_next_action
from codewm_train.next_state import knn, predictions, ranks, ridge, ridge_predict
from codewm_train.questions import Questions, RetrievalQuestion
from codewm_train.rivals import rival_proof
from codewm_train.shipped import with_learned
from codewm_train.views import EncodedEdits, Floats, WorldModelRunner, encode_edits, views_of_dataset

RIDGE_EDITS = 20_000  # training edits that the ridge regression is fitted on
SEEDED = ("learned", "ranking+learned")  # scores that another seed changes


def judge_states(
    model: WorldModelRunner, questions: Questions, encoded: EncodedEdits, data: Dataset | None = None
) -> dict[str, Any]:
    """`next_state` and `rank`; with training `data` a ridge regression on it is one of the ways to predict."""
    views, before, after = questions.views, encoded.before.state, encoded.after.state
    ways = predictions(model, views, encoded, questions.commits)
    if data is not None:
        ways["ridge"] = _ridge(model, data, views.actions, before, questions.positions)
    return next_state_rates(model, questions, ways, before, after) | {"rank": ranks(encoded, ways["ours"])}


def judge_without_action(model: WorldModelRunner, questions: Questions) -> dict[str, Any]:
    """`next_state` of one way: a model that was trained without the action and is given none."""
    before, after = (model.encode(side).state for side in (questions.views.before, questions.views.after))
    way = {"no_action": model.predict(before, np.zeros_like(questions.views.actions))}
    return next_state_rates(model, questions, way, before, after)


def next_state_rates(
    model: WorldModelRunner, questions: Questions, ways: Mapping[str, Floats], before: Floats, after: Floats
) -> dict[str, Any]:
    """Copy-proof, plain and rival-proof KNN@1 of predictions `[N, D]` by the way they were made."""
    same, rivals = questions.views.same_as_after(), model.encode(questions.rivals.after).state
    rows: dict[str, dict[str, float]] = {"copy_proof_knn1": {}, "knn1": {}, "rival_proof_knn1": {}}
    for name, prediction in ways.items():
        found = knn(prediction, before, after, same)
        proof = rival_proof(prediction, after, rivals, questions.rival_of, found, questions.rival_same)
        values = (found.copy_proof, found.plain, proof)
        for measure, hits in zip(rows, values, strict=True):
            rows[measure][name] = float(hits.mean())
    about = {"n": len(before), "rivals": len(rivals), "invisible": questions.views.invisible()}
    return {"next_state": about | rows}


def retrieval_of(model: WorldModelRunner, question: RetrievalQuestion, weight: LearnedWeight) -> dict[str, float]:
    """What the learned embedding comes to on a retrieval task, alone and in the ranking."""
    scorers = with_learned(question.sketched, encode_edits(model, question.views).edit, weight)
    return {name: question.task.evaluate(scorers[name])[question.headline] for name in SEEDED}


def answers(model: WorldModelRunner, questions: Questions, weight: LearnedWeight) -> dict[str, Any]:
    """What a seed is asked: all but the baselines and the cost, which no seed changes."""
    found = judge_states(model, questions, encode_edits(model, questions.views))
    found |= judge_next_action(questions.situation, questions.classes, model, questions.positions)
    return found | {one.key: retrieval_of(model, one, weight) for one in questions.retrieval}


def headlines(found: Mapping[str, Any]) -> dict[str, float]:
    """The figures that the project is judged by, each under a name of its own."""
    state, rank, action = found["next_state"], found["rank"], found["action_class_top5"]
    named = {
        f"{measure} {way}": state[measure][way]
        for measure in ("copy_proof_knn1", "rival_proof_knn1", "knn1")
        for way in ("ours", "borrowed", "shuffled")
    }
    named |= {f"action_class_top5 {way}": value for way, value in action.items() if way not in ("prior", "tfidf")}
    for key in ("sibling_mrr", "rule_map"):
        named |= {f"{key} {name}": found[key][name] for name in SEEDED}
    named["rank_prediction"] = rank["prediction"]
    named["rank_delta_share"] = rank["prediction_delta"] / rank["true_delta"]
    return named


def over_seeds(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Each headline's `values` by seed, their `mean`, and their `spread`: (max - min) / mean."""
    table = {name: [row[name] for row in rows] for name in rows[0]}
    return {
        name: {
            "values": values,
            "mean": float(np.mean(values)),
            "spread": spread(values),
        }
        for name, values in table.items()
    }


def _ridge(model: WorldModelRunner, data: Dataset, actions: Floats, state: Floats, positions: int) -> Floats:
    rows = np.random.default_rng(0).permutation(len(data))[:RIDGE_EDITS].tolist()
    training = views_of_dataset(data, rows, positions)
    before, after = model.encode(training.before), model.encode(training.after)
    return ridge_predict(ridge(before.state, training.actions, after.state), state, actions)
