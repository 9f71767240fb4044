"""The hidden-sibling test: the other hunks of a commit, hidden among thousands of past edits.

Hunks of one commit belong together, whoever made it has said so. To find them the ranking must see past the place:
hunks in the query's own definition, which share its surroundings, are out of the gallery.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codewm_model.edit import Edit
from codewm_model.git import Repository
from codewm_model.history import CommitEdits, list_commits, read_history
from codewm_train.metrics import Task

GALLERY = 5000
QUERIES = 1500
MAX_COMMIT_EDITS = 50
_DEFINITION = re.compile(r"(\s*)(?:async\s+def|def|class)\b")
_WORD = re.compile(r"\w+")
_CHUNK = 250  # commits read at once, over all repositories


@dataclass(frozen=True)
class PastEdit:
    """An edit, its repository ("owner/name"), and the commit that made it and when (seconds since the epoch)."""

    repository: str
    commit: str
    time: int
    edit: Edit


def sibling_task(edits: Sequence[PastEdit], seed: int = 0, queries: int = QUERIES) -> Task:
    """Every sampled hunk with a sibling in another definition is a query; answers are those siblings."""
    rng = random.Random(seed)
    shuffled = rng.sample(list(edits), len(edits))
    by_commit: dict[str, list[int]] = defaultdict(list)
    for i, item in enumerate(shuffled):
        by_commit[item.commit].append(i)
    places = [definitions(item.edit) for item in shuffled]

    def apart(i: int, j: int) -> bool:
        return shuffled[i].edit.path != shuffled[j].edit.path or not places[i] & places[j]

    answers = {i: [j for j in by_commit[item.commit] if j != i and apart(i, j)] for i, item in enumerate(shuffled)}
    eligible = [i for i, found in answers.items() if found]
    chosen = rng.sample(eligible, min(queries, len(eligible)))
    hidden = [[j for j in by_commit[shuffled[i].commit] if j not in answers[i]] for i in chosen]
    return Task(
        name="hidden sibling",
        edits=[item.edit for item in shuffled],
        queries=chosen,
        relevant=[np.array(answers[i], dtype=np.intp) for i in chosen],
        excluded=[np.array(positions, dtype=np.intp) for positions in hidden],
        labels=[item.commit for item in shuffled],
    )


def near_duplicates(task: Task) -> int:
    """How many queries have an answer whose changed words are at least nine tenths the same: they are kept."""
    words = [frozenset(_WORD.findall("\n".join(edit.removed + edit.added))) for edit in task.edits]

    def alike(i: int, j: int) -> bool:
        return len(words[i] & words[j]) >= 0.9 * len(words[i] | words[j])

    return sum(any(alike(query, int(j)) for j in task.relevant[i]) for i, query in enumerate(task.queries))


def definitions(edit: Edit) -> frozenset[int]:
    """Header lines (0-based, before the edit) of the innermost definitions that a hunk lies in; -1 is the module.

    Told from indentation alone, which is enough to say of two hunks whether they share a body. A new definition
    lies in the one that it is added to.
    """
    before = edit.before or ()
    touched = [i for i in range(edit.first, edit.first + len(edit.removed)) if before[i].strip()]
    if touched:
        return frozenset(
            i if _DEFINITION.match(before[i]) else _enclosing(before, i, _depth(before[i])) for i in touched
        )
    new = next((line for line in edit.added if line.strip()), "")
    return frozenset({_enclosing(before, edit.first, _depth(new))})


def _enclosing(lines: Sequence[str], line: int, depth: int) -> int:
    for i in range(line - 1, -1, -1):
        text = lines[i].lstrip()
        if text and text[0] not in ")]}" and (indent := _depth(lines[i])) < depth:
            if _DEFINITION.match(lines[i]):
                return i
            depth = indent
    return -1


def _depth(line: str) -> int:
    """Columns of indentation; a line that closes a bracket counts as one deeper than it stands."""
    text = line.expandtabs()
    return len(text) - len(text.lstrip()) + (text.lstrip()[:1] in (")", "]", "}"))


def draw_past_edits(clones: Mapping[str, Repository], size: int = GALLERY, seed: int = 0) -> list[PastEdit]:
    """`size` different Python edits of all repositories' histories, whole commits at a time, in random order.

    Every commit of any repository is as likely as any other; one of more than `MAX_COMMIT_EDITS` edits is passed
    over, as is one that no longer fits. Fewer come back only when the histories hold no more. The draw depends on
    where each clone's HEAD is: it is made once, and what it gave is frozen (see `freeze`).
    """
    pool = [(name, commit) for name, clone in clones.items() for commit in list_commits(clone)]
    random.Random(seed).shuffle(pool)
    kept: list[PastEdit] = []
    seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for name, read in _in_order(clones, pool):
        edits = [edit for edit in read.edits if edit.path.endswith(".py")]
        fresh = {(edit.removed, edit.added): edit for edit in reversed(edits)}
        new = [edit for key, edit in reversed(fresh.items()) if key not in seen]
        if len(edits) <= MAX_COMMIT_EDITS and len(kept) + len(new) <= size:
            kept += [PastEdit(name, read.commit.id, read.commit.time, edit) for edit in new]
            seen |= fresh.keys()
        if len(kept) == size:
            break
    return kept


def _in_order(clones: Mapping[str, Repository], pool: Sequence[tuple[str, str]]) -> Iterator[tuple[str, CommitEdits]]:
    """The commits' edits in the pool's order, though each repository is read a chunk at a time."""
    for start in range(0, len(pool), _CHUNK):
        chunk = pool[start : start + _CHUNK]
        read = {
            edits.commit.id: edits
            for name, clone in clones.items()
            for edits in read_history(clone, [commit for owner, commit in chunk if owner == name])
        }
        yield from ((name, read[commit]) for name, commit in chunk if commit in read)
