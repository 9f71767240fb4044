"""Examples of retrieved edits: some queries of the frozen validation edits, and what the scores find for them.

Validation and never held out: whoever looks at examples chooses by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codewm_train.baselines import vectors
from codewm_train.checkpoint import Checkpoint
from codewm_train.clones import folders_of, match_clones
from codewm_train.ids import SPLITS, ids_file, read_ids
from codewm_train.metrics import Scorer, Task, rank_order
from codewm_train.page.markup import Html, tag
from codewm_train.protocol import past_edits
from codewm_train.shipped import Sketched, changes_of, shipped
from codewm_train.siblings import PastEdit, sibling_task
from codewm_train.torch_model import TorchModel
from codewm_train.views import encode_edits, views_of

QUERIES, HITS = 6, 3
GALLERY = 1500  # past edits that are searched: whole commits, as they were drawn; more would cost memory and minutes
_AROUND = 2  # lines above and below a change
_LINES, _COLUMNS = 14, 200  # of a text that are shown


@dataclass(frozen=True)
class Hit:
    """What a score found: an edit, how alike it says they are, and whether it is an answer (of the same commit)."""

    edit: PastEdit
    score: float
    answer: bool


@dataclass(frozen=True)
class Example:
    """A query and the best of each score."""

    query: PastEdit
    found: dict[str, list[Hit]]


def retrieved(clones: Path, checkpoint: Checkpoint | None, queries: int = QUERIES, seed: int = 0) -> list[Example]:
    """Some hidden-sibling queries by the product's ranking and, where there is one, by a checkpoint's edit embeddings.

    Reads and sketches `GALLERY` past edits: half a minute. Raises ProtocolError if clones are missing.
    """
    ids = read_ids(ids_file("validation", "past"))[:GALLERY]
    past = past_edits(ids, match_clones(SPLITS["validation"], folders_of(clones)))
    return examples_of(past, checkpoint, queries, seed)


def examples_of(past: Sequence[PastEdit], checkpoint: Checkpoint | None, queries: int, seed: int = 0) -> list[Example]:
    """The same over any past edits."""
    task = sibling_task(past, queries=len(past))
    of_edit = {id(item.edit): item for item in past}
    items = [of_edit[id(edit)] for edit in task.edits]
    changes = changes_of(task.edits)
    shown = {"the product's ranking": shipped(Sketched(changes))["ranking"]}
    if checkpoint is not None:
        model = TorchModel(checkpoint.model())
        learned = encode_edits(model, views_of(changes, checkpoint.preset.model.positions)).edit
        shown["the model's edit embeddings"] = vectors(learned)
    picked = np.random.default_rng(seed).permutation(len(task.queries))[:queries]
    return [
        Example(items[task.queries[i]], {name: _best(task, items, int(i), scorer) for name, scorer in shown.items()})
        for i in picked
    ]


def example_section(examples: Sequence[Example]) -> Html:
    """The examples side by side: before and after of the query, and under it of what was found."""
    return tag(
        "section",
        tag("h2", "Retrieved edits"),
        tag(
            "p",
            f"{len(examples)} hunks of the frozen validation edits, drawn at random, and the {HITS} past edits that "
            f"come first for each among {GALLERY}, in other definitions. A tick: it is of the same commit.",
        ),
        *(tag("article", *_example(example)) for example in examples),
    )


def _best(task: Task, items: Sequence[PastEdit], i: int, scorer: Scorer) -> list[Hit]:
    query, scores = task.queries[i], scorer(task.queries[i])
    order = rank_order(scores, query, task.excluded[i])[:HITS]
    return [Hit(items[j], float(scores[j]), bool(j in task.relevant[i])) for j in order.tolist()]


def _example(example: Example) -> list[Html]:
    parts = [tag("h3", "Query: ", _place(example.query)), _texts(example.query)]
    for name, hits in example.found.items():
        parts.append(tag("h4", f"Found by {name}"))
        for hit in hits:
            mark = tag("span", " ✓", class_="answer", title="of the same commit") if hit.answer else ""
            parts.append(
                tag(
                    "details", tag("summary", _place(hit.edit), mark), _texts(hit.edit), open="" if hit.answer else None
                )
            )
    return parts


def _place(item: PastEdit) -> str:
    first, last = item.edit.lines
    return f"{item.repository} {item.commit[:10]} {item.edit.path}:{first}-{last}"


def _texts(item: PastEdit) -> Html:
    edit = item.edit
    before = edit.before or ()
    above = before[max(0, edit.first - _AROUND) : edit.first]
    below = before[edit.first + len(edit.removed) :][:_AROUND]
    sides = (("before", edit.removed, "removed"), ("after", edit.added, "added"))
    return tag("div", *(_side(name, above, own, below, kind) for name, own, kind in sides), class_="sides")


def _side(name: str, above: Sequence[str], own: Sequence[str], below: Sequence[str], kind: str) -> Html:
    shown = [tag("del" if kind == "removed" else "ins", line[:_COLUMNS]) for line in own[:_LINES]]
    if len(own) > _LINES:
        shown.append(tag("i", f"... {len(own) - _LINES} more lines\n"))
    around = ["\n".join([*(line[:_COLUMNS] for line in lines), ""]) if lines else "" for lines in (above, below)]
    return tag("div", tag("b", name), tag("pre", tag("code", around[0], *shown, around[1])))
