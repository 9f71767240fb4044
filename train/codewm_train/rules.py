"""The same-rule test: edits whose kind is known because a fixer rule made them.

Nobody has labelled what kind of change a commit's hunk is. A linter's fixer has: each of its rules is one kind.
So real rules are run over real files of any revision, after the local variables were given random names (see
`fixer`), and each fix, applied alone, is one labelled edit. An answer is an edit of the same rule in another file.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from codewm_model.edit import split_lines
from codewm_model.git import Repository
from codewm_train.fixer import RuleEdit, fixes
from codewm_train.metrics import Task

MIN_PER_RULE, MAX_PER_RULE = 12, 60
MAX_PER_FILE = 2
REVISIONS_PER_PATH = 8
FILES_PER_REPOSITORY = 1000
MAX_HUNK_LINES = 40


def rule_task(edits: Sequence[RuleEdit], seed: int = 0) -> Task:
    """Every edit queries all the others, but for those of its own file."""
    shuffled = random.Random(seed).sample(list(edits), len(edits))
    rules = np.array([item.rule for item in shuffled])
    files = np.array(["\0".join(item.file) for item in shuffled])
    queries, relevant, excluded = [], [], []
    for i in range(len(shuffled)):
        same_file = files == files[i]
        answers = np.flatnonzero((rules == rules[i]) & ~same_file)
        if len(answers):
            queries.append(i)
            relevant.append(answers)
            excluded.append(np.flatnonzero(same_file))
    return Task("same rule", [item.edit for item in shuffled], queries, relevant, excluded, rules.tolist())


def draw_rule_edits(clones: Mapping[str, Repository], seed: int = 0) -> list[RuleEdit]:
    """Labelled edits, by repository "owner/name" from a sample of its Python files of any revision; takes minutes.

    Of edits by one rule whose lines were the same before renaming, spaces aside, the first is kept.
    The draw depends on where each clone's HEAD is: it is made once, and what it gave is frozen (see `freeze`).
    """
    made: dict[str, RuleEdit] = {}
    for name, clone in clones.items():
        files = _sample_files(clone, random.Random(f"{seed} {name}"))
        own: dict[str, RuleEdit] = {}
        for text, item in fixes(name, clone, files):
            edit = item.edit
            if max(len(edit.removed), len(edit.added)) <= MAX_HUNK_LINES:
                context = split_lines(text)[max(0, edit.first - (not edit.removed)) : edit.first + len(edit.removed)]
                own.setdefault(" ".join([item.rule, *"\n".join(context).split()]), item)
        made = own | made
    return balanced(made.values(), seed)


def balanced(edits: Iterable[RuleEdit], seed: int) -> list[RuleEdit]:
    """At most `MAX_PER_RULE` of each rule, taken from the repositories in turn; rare rules are left out.

    The same change under two rules has no one label and is left out as well.
    """
    by_rule: dict[str, dict[str, list[RuleEdit]]] = defaultdict(lambda: defaultdict(list))
    labels: dict[tuple[tuple[str, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    everything = list(edits)
    for item in everything:
        labels[item.edit.removed, item.edit.added].add(item.rule)
    for item in random.Random(seed).sample(everything, len(everything)):
        if len(labels[item.edit.removed, item.edit.added]) == 1:
            by_rule[item.rule][item.repository].append(item)
    kept: list[RuleEdit] = []
    for _, by_repository in sorted(by_rule.items()):
        chosen = _take_in_turn([by_repository[name] for name in sorted(by_repository)])
        if len(chosen) >= MIN_PER_RULE:
            kept += chosen
    return kept


def _take_in_turn(queues: list[list[RuleEdit]]) -> list[RuleEdit]:
    chosen: list[RuleEdit] = []
    per_file: dict[tuple[str, str], int] = defaultdict(int)
    while any(queues) and len(chosen) < MAX_PER_RULE:
        for queue in queues:
            if queue and len(chosen) < MAX_PER_RULE:
                item = queue.pop()
                per_file[item.file] += 1
                if per_file[item.file] <= MAX_PER_FILE:
                    chosen.append(item)
    return chosen


def _sample_files(clone: Repository, rng: random.Random) -> list[tuple[str, str]]:
    """(path, blob) of Python files of any revision: at most a few of each path, paths in random order."""
    by_path: dict[str, list[str]] = defaultdict(list)
    for line in os.fsdecode(clone.run("rev-list", "--objects", "HEAD")).splitlines():
        blob, _, path = line.partition(" ")
        if path.endswith(".py"):
            by_path[path].append(blob)
    listed = []
    for path in sorted(by_path):
        blobs = sorted(by_path[path])
        picked = rng.sample(blobs, min(REVISIONS_PER_PATH, len(blobs)))
        listed += [(i, rng.random(), path, blob) for i, blob in enumerate(picked)]
    return [(path, blob) for _, _, path, blob in sorted(listed)[:FILES_PER_REPOSITORY]]
