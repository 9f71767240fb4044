"""The paper's retrieval table: 1,000 queries over 5,000 edits, an answer being an edit with a like action.

Its relevance is a function of the action, so the action itself solves it, and a random order does half: it is here to
be compared with what was published, and no headline. As in the authors' own evaluation, only the first ten are looked
at. "joint" is the same edit type and the same scope; the others are a cosine of two actions above a bound.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codewm_model.errors import DependencyError
from codewm_train.baselines import BASELINES, vectors
from codewm_train.hub_model import HubModel
from codewm_train.kept import kept
from codewm_train.metrics import Scorer
from codewm_train.minilm import minilm_vectors
from codewm_train.paper_action import EDIT_TYPE, SCOPE, paper_actions
from codewm_train.siblings import PastEdit
from codewm_train.text_vectors import text_of

QUERIES = 1000
TOP = 10
RELEVANCES = ("joint", "cos>0.9", "cos>0.95")
# MRR as published, of other edits (paper 2): context, never a bar.
PUBLISHED = {"the paper's model": (0.790, 0.742, 0.662), "UnixCoder": (0.760, 0.736, 0.671)}

Actions = NDArray[np.float32]
Table = dict[str, dict[str, dict[str, float]]]


def paper_table(
    past: Sequence[PastEdit],
    cache: Path,
    learned: NDArray[np.float32] | None = None,
    hub_models: Sequence[HubModel] = (),
) -> Table:
    """`mrr` and `hit@1` of every score and relevance, over `QUERIES` of the past edits drawn with seed 0.

    `learned` `[N, E]` are a model's vectors of these edits, in their order. The actions and MiniLM's vectors are kept
    in `cache`, and so are those of `hub_models`; MiniLM is left out where it is not installed.
    """
    edits = [item.edit for item in past]
    name = sha256("\0".join(f"{edit.first} {text_of(edit)}" for edit in edits).encode(errors="replace")).hexdigest()[
        :16
    ]
    actions = kept(cache / f"paper-actions-{name}.npy", lambda: paper_actions(edits))
    scorers = {key: make(edits) for key, make in BASELINES.items()} | {"action": vectors(actions)}
    if learned is not None:
        scorers["learned"] = vectors(learned)
    try:
        scorers["minilm"] = vectors(minilm_vectors(edits, cache))
    except DependencyError:
        pass  # the caller that wants to know why has asked in `retrieval`
    scorers |= {model.name: vectors(model.vectors(edits, cache)) for model in hub_models}
    queries = random.Random(0).sample(range(len(edits)), min(QUERIES, len(edits)))
    return {key: _judge(scorer, queries, actions) for key, scorer in scorers.items()}


def relevant(actions: Actions, query: int) -> dict[str, NDArray[np.bool_]]:
    """For each relevance, which of the actions `[N, 15]` answer a query, `[N]`."""
    unit = actions / np.maximum(np.linalg.norm(actions, axis=1, keepdims=True), 1e-9)
    cosine = unit @ unit[query]
    joint = [np.argmax(actions[:, part], axis=1) == np.argmax(actions[query, part]) for part in (EDIT_TYPE, SCOPE)]
    return {"joint": joint[0] & joint[1], "cos>0.9": cosine > 0.9, "cos>0.95": cosine > 0.95}


def _judge(scorer: Scorer, queries: Sequence[int], actions: Actions) -> dict[str, dict[str, float]]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in RELEVANCES}
    for query in queries:
        scores = scorer(query).copy()
        scores[query] = -np.inf
        first = np.argsort(-scores, kind="stable")[:TOP]
        for name, answers in relevant(actions, query).items():
            hits = np.flatnonzero(answers[first])
            found[name].append((1 / (hits[0] + 1), float(hits[0] == 0)) if len(hits) else (0.0, 0.0))
    means = {name: np.mean(rows, axis=0) for name, rows in found.items()}
    return {name: {"mrr": float(mean[0]), "hit@1": float(mean[1])} for name, mean in means.items()}
