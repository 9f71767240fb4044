"""All that a model is asked, read once: what every seed is judged on is the same to the last token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codewm_model.action_classes import ActionClasses
from codewm_train.ids import CLASSES_FILE
from codewm_train.metrics import Task
from codewm_train.next_action import Situation, situation
from codewm_train.protocol import Protocol
from codewm_train.rivals import rivals_of
from codewm_train.shipped import Sketched, changes_of
from codewm_train.siblings import PastEdit
from codewm_train.views import Views, shown, views_of


@dataclass(frozen=True)
class RetrievalQuestion:
    """A retrieval task, the measure that it is judged by ("mrr" or "map"), and its edits as sketches and as tokens."""

    key: str
    headline: str
    task: Task
    sketched: Sketched
    views: Views


@dataclass(frozen=True)
class Questions:
    """N past edits as a model of `positions` sees them, with R rivals, the places where they begin, and both tasks.

    `rival_of` `[R]` says whose rival each is, `rival_same` `[R]` which of them read exactly like the true after.
    """

    past: list[PastEdit]
    positions: int
    views: Views
    rivals: Views
    rival_of: npt.NDArray[np.intp]
    rival_same: npt.NDArray[np.bool_]
    classes: ActionClasses
    situation: Situation
    retrieval: tuple[RetrievalQuestion, ...]

    @property
    def commits(self) -> list[str]:
        """The commit of each past edit."""
        return [item.commit for item in self.past]


def read_questions(protocol: Protocol, positions: int) -> Questions:
    """Read a split's edits for a model of `positions`."""
    views = views_of(changes_of([item.edit for item in protocol.past]), positions)
    rivals = rivals_of(protocol.past)
    rival_views = views_of(changes_of(rivals.edits), positions)
    same = [
        np.array_equal(shown(rival), shown(views.after[i]))
        for rival, i in zip(rival_views.after, rivals.of, strict=True)
    ]
    classes = ActionClasses.load(CLASSES_FILE)
    questions = []
    for key, headline, task in protocol.judged():
        changes = changes_of(task.edits)
        questions.append(RetrievalQuestion(key, headline, task, Sketched(changes), views_of(changes, positions)))
    return Questions(
        protocol.past, positions, views, rival_views, rivals.of, np.array(same, bool), classes,
        situation(protocol.past, classes), tuple(questions),
    )  # fmt: skip
