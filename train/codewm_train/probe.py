"""A checkpoint's states looked at from all sides: what each loop holds, which directions are used, what is predicted.

No training data are needed: the edits may be those of any dataset, and what is fitted is fitted on half of their
commits. The gallery is what the checkpoint's target encoder makes of the afters (and of the befores, so that a copy is
judged in the same space); with an online target that is the encoder itself. Sizes of changes are of the readouts as
they are; ranks and cosines are of unit states.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from codewm_model.actions import ACTION_FIELDS, SCOPES, TYPES
from codewm_train.checkpoint import Checkpoint, load_checkpoint
from codewm_train.data import Dataset
from codewm_train.geometry import cosine, off_diagonal, path_over_edits, path_over_loops, size_ratio, spectrum
from codewm_train.linear_probe import (
    Halves,
    class_accuracy,
    explained_variance,
    guesses,
    halves,
    ridge_change,
)
from codewm_train.loop_states import Floats, LoopStates, loop_states
from codewm_train.next_state import nearest_of_other_commits, places, unit
from codewm_train.torch_model import TorchModel
from codewm_train.views import Views, encode_edits, views_of_dataset

NEAREST = (1, 5, 10, 50)  # the k of KNN@k
EDITS = 5000
CHAINS = 500  # histories of one definition that paths over edits are taken from
_MIN_CHAIN = 3  # edits
Say = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """N edits through a checkpoint: both sides by loop, the gallery's states `[N, D]`, and the predictions `[N, D]`."""

    runner: TorchModel
    views: Views
    commits: npt.NDArray[np.integer]
    before: LoopStates
    after: LoopStates
    gallery_before: Floats
    gallery_after: Floats
    prediction: Floats
    edit: Floats


def probe(path: Path, data: Dataset, n: int = EDITS, seed: int = 0, *, say: Say = lambda line: None) -> dict[str, Any]:
    """Everything above, of `n` edits of a dataset drawn at random, as one dictionary of plain numbers."""
    checkpoint = load_checkpoint(path)
    rows = np.sort(np.random.default_rng(seed).permutation(len(data))[:n])
    say(f"encoding {len(rows)} edits")
    seen = look(checkpoint, data, rows)
    say("looking at them")
    split = halves(seen.commits, seed)
    repositories = [data.about["repositories"][i]["name"] for i in np.unique(data.repository[rows])]
    return {
        "checkpoint": {
            "step": checkpoint.step,
            "seed": checkpoint.preset.training.seed,
            "target": dataclasses.asdict(checkpoint.preset.target),
            "loops": len(seen.before.states),
            "d_model": int(seen.gallery_after.shape[1]),
        },
        "data": {"n": len(rows), "commits": len(np.unique(seen.commits)), "repositories": repositories, "seed": seed},
        "loops": by_loop(seen),
        "over_edits": path_over_edits(chains_of_changes(checkpoint, data, seed)),
        "spaces": spaces(seen),
        "cosines": cosines(seen),
        "knn": neighbours(seen, seed),
        "probes": label_probes(seen, np.array(data.actions[rows], np.float32), split),
        "change": change_probes(seen, split),
    }


def look(checkpoint: Checkpoint, data: Dataset, rows: Sequence[int] | npt.NDArray[np.integer]) -> Seen:
    """Encode some edits of a dataset and predict their next states with the true actions."""
    model = checkpoint.model()
    views = views_of_dataset(data, [int(row) for row in rows], checkpoint.preset.model.positions)
    views = Views(views.before, views.after, views.actions * checkpoint.preset.training.use_action)
    before, after = loop_states(model.encoder, views.before), loop_states(model.encoder, views.after)
    runner = TorchModel(model)
    edit = encode_edits(runner, views).edit
    prediction = runner.predict(before.states[-1], views.actions)
    sides = (before.states[-1], after.states[-1])
    if checkpoint.preset.target.kind != "online":
        gallery = TorchModel(model, checkpoint.target())
        sides = (gallery.encode(views.before).state, gallery.encode(views.after).state)
    return Seen(runner, views, np.array(data.commit[rows]), before, after, *sides, prediction, edit)


def by_loop(seen: Seen) -> dict[str, Any]:
    """Of every loop: how large an edit is in its readout, how large its own step, and how many directions are used."""
    pairs = list(zip(seen.before.states, seen.after.states, strict=True))
    return {
        "edit_ratio": [size_ratio(after - before, before) for before, after in pairs],
        "copy_cosine": [cosine(before, after) for before, after in pairs],
        "state": [spectrum(unit(before)) for before, _ in pairs],
        "change": [spectrum(unit(after) - unit(before)) for before, after in pairs],
        "readout": path_over_loops(np.concatenate([seen.before.states, seen.after.states], axis=1)),
        "tokens": {
            "update": seen.before.token_update,
            "turn": seen.before.token_turn,
            "straightness": seen.before.token_straightness,
        },
    }


def changes(seen: Seen) -> tuple[Floats, Floats]:
    """The predicted and the true change `[N, D]` of unit states in the gallery's space."""
    before = unit(seen.gallery_before)
    return unit(seen.prediction) - before, unit(seen.gallery_after) - before


def spaces(seen: Seen) -> dict[str, dict[str, float]]:
    """`geometry.spectrum` of states, predictions, true and predicted changes, and edit embeddings."""
    predicted, true = changes(seen)
    return {
        "state": spectrum(unit(seen.before.states[-1])),
        "target": spectrum(unit(seen.gallery_after)),
        "prediction": spectrum(unit(seen.prediction)),
        "true change": spectrum(true),
        "predicted change": spectrum(predicted),
        "edit embedding": spectrum(seen.edit),
    }


def cosines(seen: Seen) -> dict[str, float]:
    """How near predictions, befores and afters are.

    `lift` is taken in one space. `lift_of_two_spaces` is the papers': the copy is the ONLINE encoder's before, compared
    with the TARGET encoder's after, two spaces that nothing aligns, so it grows however bad the prediction is. Where
    the two encoders are one, the two lifts are equal.
    """
    diagonal = cosine(seen.prediction, seen.gallery_after)
    copy = cosine(seen.gallery_before, seen.gallery_after)
    return {
        "prediction_after": diagonal,
        "prediction_other_after": off_diagonal(seen.prediction, seen.gallery_after),
        "prediction_before": cosine(seen.prediction, seen.gallery_before),
        "before_after": copy,
        "before_after_online": cosine(seen.before.states[-1], seen.after.states[-1]),
        "change": cosine(*changes(seen)),
        "lift": diagonal - copy,
        "lift_of_two_spaces": diagonal - cosine(seen.before.states[-1], seen.gallery_after),
    }


def neighbours(seen: Seen, seed: int) -> dict[str, Any]:
    """KNN@k, plain and copy-proof: predictions with the true, a borrowed and a shuffled action, a copy, and noise.

    `chance` is k over the size of the gallery: N afters, or N afters and N befores.
    """
    rng = np.random.default_rng(seed)
    state, actions = seen.before.states[-1], seen.views.actions
    n = len(actions)
    ways = {
        "predicted": seen.prediction,
        "borrowed action": seen.runner.predict(state, actions[nearest_of_other_commits(state, seen.commits.tolist())]),
        "shuffled action": seen.runner.predict(state, actions[rng.permutation(n)]),
        "copy": seen.gallery_before,
        "random": rng.standard_normal(seen.prediction.shape, np.float32),
    }
    same = seen.views.same_as_after()
    found = {name: places(rows, seen.gallery_before, seen.gallery_after, same) for name, rows in ways.items()}
    return {
        "k": list(NEAREST),
        "invisible": seen.views.invisible(),
        "plain": {name: [float(place.within(k).plain.mean()) for k in NEAREST] for name, place in found.items()}
        | {"chance": [min(1.0, k / n) for k in NEAREST]},
        "copy_proof": {
            name: [float(place.within(k).copy_proof.mean()) for k in NEAREST] for name, place in found.items()
        }
        | {"chance": [min(1.0, k / (2 * n)) for k in NEAREST]},
    }


def label_probes(seen: Seen, described: Floats, split: Halves) -> dict[str, Any]:
    """Whether edit type and scope, which `described` `[N, A]` tells, can be read out of each loop's states and changes.

    A before-state cannot know the type of an edit that has not been made: what its probe finds is what is usual there.
    """
    found = {}
    for name, classes in (("edit type", TYPES), ("scope", SCOPES)):
        labels = described[:, [ACTION_FIELDS.index(one) for one in classes]].argmax(axis=1)
        pairs = zip(seen.before.states, seen.after.states, strict=True)
        by_features = [
            {
                "before": class_accuracy(before, labels, split),
                "change": class_accuracy(after - before, labels, split),
            }
            for before, after in pairs
        ]
        found[name] = {
            "fitted": len(split.fitted),
            "judged": len(split.judged),
            "classes": list(classes),
            **guesses(labels, split),
            "by_loop": by_features,
        }
    return found


def change_probes(seen: Seen, split: Halves) -> dict[str, Any]:
    """How much of the true change a linear map explains, beside what the model predicts of it: judged on the same half.

    `explained` is the share of the variance, `cosine` with the true change (the papers' linear probe, from the state
    alone: 0.30), `knn` copy-proof KNN@k among the judged edits, of the before-state plus the change.
    """
    predicted, true = changes(seen)
    state, action = unit(seen.before.states[-1]), seen.views.actions
    inputs = {"state": state, "action": action, "state and action": np.hstack([state, action])}
    rows = split.judged
    guessed = {f"ridge, {name}": ridge_change(features, true, split) for name, features in inputs.items()}
    guessed |= {"the model": predicted[rows]}
    before, after = unit(seen.gallery_before)[rows], seen.gallery_after[rows]
    same = seen.views.same_as_after()[rows][:, np.concatenate([rows, len(state) + rows])]
    return {
        "fitted": len(split.fitted),
        "judged": len(rows),
        "k": list(NEAREST),
        "ways": {
            name: {
                "explained": explained_variance(change, true[rows]),
                "cosine": cosine(change, true[rows]),
                "knn": [
                    float(places(before + change, before, after, same).within(k).copy_proof.mean()) for k in NEAREST
                ],
            }
            for name, change in guessed.items()
        },
        "chance": [min(1.0, k / (2 * len(rows))) for k in NEAREST],
    }


def chains_of_changes(checkpoint: Checkpoint, data: Dataset, seed: int = 0) -> list[Floats]:
    """The changes `[E, D]` of edits that follow each other in one definition, oldest first; one edit of each commit."""
    chains = histories(data, seed)
    rows = [row for chain in chains for row in chain]
    if not rows:
        return []
    views = views_of_dataset(data, rows, checkpoint.preset.model.positions)
    encoder = checkpoint.model().encoder
    change = loop_states(encoder, views.after).states[-1] - loop_states(encoder, views.before).states[-1]
    ends = np.cumsum([len(chain) for chain in chains])
    return [np.asarray(part, np.float32) for part in np.split(change, ends[:-1])]


def histories(data: Dataset, seed: int = 0, most: int = CHAINS) -> list[list[int]]:
    """The rows of definitions' histories, oldest first: `most` at random of those with three commits or more.

    A dataset has each repository's newest commits first.
    """
    places_, commits = np.array(data.place), np.array(data.commit)
    order = np.argsort(places_, kind="stable")
    starts = np.flatnonzero(np.diff(places_[order])) + 1
    found = []
    for members in np.split(order, starts):
        _, first = np.unique(commits[members], return_index=True)
        if len(first) >= _MIN_CHAIN:
            found.append(members[np.sort(first)][::-1].tolist())
    picked = np.random.default_rng(seed).permutation(len(found))[:most]
    return [found[i] for i in np.sort(picked)]
