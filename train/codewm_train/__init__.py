"""The trainer's room: how edits for learning and for judging are made, and how the judging is done.

It may use the model and never the product, so that what is judged here is what the product ships, seen from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codewm_train.metrics import Task
from codewm_train.rules import load_rule_edits, rule_task
from codewm_train.siblings import GALLERY, load_past_edits, sibling_task


def load_tasks(repositories: Sequence[Path], cache: Path, n: int = GALLERY, seed: int = 0) -> tuple[Task, Task]:
    """The hidden-sibling task over `n` past edits and the same-rule task, of these repositories."""
    siblings = sibling_task(load_past_edits(repositories, n, seed), seed)
    return siblings, rule_task(load_rule_edits(repositories, cache, seed), seed)
