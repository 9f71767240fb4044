"""The frozen protocol: the evaluation edits, made again from their committed ids and checked against them.

Which edits are judged must not move with a clone's HEAD, with what else is installed, or with who asks. So only the
ids in `frozen/` say it; git gives the past edits' text, git and the pinned fixer the labelled ones'.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from codewm_model.edit import Edit
from codewm_model.git import BlobReader, Repository
from codewm_model.history import read_history
from codewm_train.clones import ProtocolError, match_clones, missing, require_commits
from codewm_train.fixer import RuleEdit, fixes, require_ruff
from codewm_train.ids import SPLITS, EditId, ids_file, read_ids
from codewm_train.metrics import Task
from codewm_train.rules import rule_task
from codewm_train.siblings import PastEdit, sibling_task


@dataclass(frozen=True)
class Protocol:
    """The edits of a split, in the order of their ids: `past` of real commits, `rules` each made by one fixer rule."""

    split: str
    past: list[PastEdit]
    rules: list[RuleEdit]

    def tasks(self) -> tuple[Task, Task]:
        """The hidden-sibling task over the past edits (headline `mrr`), and the same-rule task (headline `map`)."""
        return sibling_task(self.past), rule_task(self.rules)

    def judged(self) -> tuple[tuple[str, str, Task], ...]:
        """Both tasks with the name of their figure and the measure behind it."""
        siblings, rules = self.tasks()
        return ("sibling_mrr", "mrr", siblings), ("rule_map", "map", rules)


def load_protocol(split: str, clones: Sequence[Path], cache: Path) -> Protocol:
    """The edits of a split, "held-out" or "validation", from clones of its repositories, work tree or bare.

    Past edits are read from git each time (seconds). Labelled ones are made once (a minute) and kept in `cache`; they
    need the pinned fixer then, and not after.

    Raises:
        ProtocolError: a clone or an object is missing, or what was made is not what was frozen.
        DependencyError: the fixer is not the pinned version.
    """
    past, rules = read_ids(ids_file(split, "past")), read_ids(ids_file(split, "rules"))
    matched = match_clones(SPLITS[split], clones)
    require_commits(matched, {one.repository: one.object for one in reversed(past)})
    return Protocol(split, past_edits(past, matched), rule_edits(rules, matched, cache))


def past_edits(ids: Sequence[EditId], clones: Mapping[str, Repository]) -> list[PastEdit]:
    """The past edits with these ids, in their order; only their commits are read. Raises ProtocolError."""
    found: dict[EditId, PastEdit] = {}
    for name, own in _by_repository(ids).items():
        commits = list(dict.fromkeys(one.object for one in own))
        paths = {one.path for one in own}
        unread = []
        for read in read_history(clones[name], commits, only=paths.__contains__):
            if read.skipped["unreadable commit"]:
                unread.append(read.commit.id)
            for edit in read.edits:
                ident = EditId.of(name, read.commit.id, edit)
                found[ident] = PastEdit(name, read.commit.id, read.commit.time, edit)
        if unread:
            raise ProtocolError(missing(name, "commit", unread, clones[name]))
    _require_same(ids, found, "git cuts these commits into other hunks")
    return [found[one] for one in ids]


def rule_edits(ids: Sequence[EditId], clones: Mapping[str, Repository], cache: Path) -> list[RuleEdit]:
    """The labelled edits with these ids, in their order, from `cache` or made and put there. Raises ProtocolError."""
    store = cache / f"rules-{sha256(repr(ids).encode()).hexdigest()[:12]}.jsonl.gz"
    if not store.exists():
        require_ruff()
        _write(store, _made(ids, clones))
    found = {_rule_id(item): item for item in _read(store)}
    _require_same(ids, found, f"{store} is not what this protocol made: delete it")
    return [found[one] for one in ids]


def _made(ids: Sequence[EditId], clones: Mapping[str, Repository]) -> list[RuleEdit]:
    wanted = set(ids)
    found: dict[EditId, RuleEdit] = {}
    for name, own in _by_repository(ids).items():
        files = list(dict.fromkeys((one.path, one.object) for one in own))
        with BlobReader(clones[name]) as reader:
            lost = [blob for _, blob in files if reader.size(blob) is None]
        if lost:
            raise ProtocolError(missing(name, "blob", lost, clones[name]))
        for _, item in fixes(name, clones[name], files):
            ident = _rule_id(item)
            if ident in wanted:
                found.setdefault(ident, item)
    _require_same(ids, found, "the fixer or the renaming gives other edits here (they were frozen under Python 3.11)")
    return [found[one] for one in ids]


def _rule_id(item: RuleEdit) -> EditId:
    return EditId.of(item.repository, item.blob, item.edit, item.rule)


def _require_same(ids: Sequence[EditId], found: Mapping[EditId, object], reason: str) -> None:
    lacking = [one for one in ids if one not in found]
    if lacking:
        one = lacking[0]
        raise ProtocolError(
            f"{len(lacking)} of {len(ids)} edits of the protocol do not come out as frozen, the first in {one.path} "
            f"at line {one.first + 1} of {one.repository} {one.object}: {reason}"
        )


def _by_repository(ids: Iterable[EditId]) -> dict[str, list[EditId]]:
    groups: dict[str, list[EditId]] = defaultdict(list)
    for one in ids:
        groups[one.repository].append(one)
    return groups


def _write(store: Path, edits: Iterable[RuleEdit]) -> None:
    """One line for each file, so that its text is written once."""
    files: dict[tuple[str, str, str, tuple[str, ...]], list[RuleEdit]] = defaultdict(list)
    for item in edits:
        files[item.repository, item.edit.path, item.blob, item.edit.before or ()].append(item)
    store.parent.mkdir(parents=True, exist_ok=True)
    part = store.with_suffix(".part")
    with gzip.open(part, "wt", encoding="utf-8") as out:
        for (repository, path, blob, before), items in files.items():
            hunks = [[i.rule, i.edit.first, len(i.edit.removed), i.edit.added] for i in items]
            row = {"repository": repository, "path": path, "blob": blob, "before": before, "hunks": hunks}
            out.write(json.dumps(row) + "\n")
    part.replace(store)


def _read(store: Path) -> Iterator[RuleEdit]:
    with gzip.open(store, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield from _from_json(json.loads(line))


def _from_json(row: dict[str, Any]) -> Iterator[RuleEdit]:
    before = tuple(row["before"])
    for rule, first, count, added in row["hunks"]:
        edit = Edit(row["path"], before, first, before[first : first + count], tuple(added), first)
        yield RuleEdit(rule, row["repository"], row["blob"], edit)
