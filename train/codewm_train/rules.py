"""The same-rule test: edits whose kind is known because a fixer rule made them.

Nobody has labelled what kind of change a commit's hunk is. A linter's fixer has: each of its rules is one kind.
So real rules are run over real files of any revision, after the local variables were given random names (see
`renaming`), and each fix, applied alone, is one labelled edit. An answer is an edit of the same rule in another file.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from codewm_model.edit import Edit, edit_between, split_lines
from codewm_model.git import BlobReader, Repository
from codewm_train.metrics import Task
from codewm_train.renaming import rename_locals

# Whole families of ruff's stable fixable rules. Left out: what only formats, sorts or moves imports, or touches
# comments and docstrings; and of rules that make one change in different places (RET505 to 508), all but one.
SELECT = (
    "ANN201,ASYNC,B,C4,E711,E712,E713,E714,E731,EM,F,FA,FLY,FURB,G,ISC,LOG,PERF,PIE,PLC,PLE,PLR,PLW,PT,PTH,PYI,"
    "RET,RSE,RUF,SIM,T20,TC006,TRY,UP"
)
IGNORE = "FA102,ISC002,PLR2044,RET506,RET507,RET508,RUF022,RUF023,RUF028,RUF100,RUF101,RUF102,RUF103"
TARGET = "py312"

MIN_PER_RULE, MAX_PER_RULE = 12, 60
MAX_PER_FILE = 2
REVISIONS_PER_PATH = 8
FILES_PER_REPOSITORY = 1000
MAX_BYTES, MAX_HUNK_LINES = 150_000, 40
_IMPORT = re.compile(r"\s*(import|from)\b")


@dataclass(frozen=True)
class RuleEdit:
    """One labelled edit; `repository`, `blob` and the edit's lines identify it without any code."""

    rule: str
    repository: str
    blob: str
    edit: Edit

    @property
    def file(self) -> tuple[str, str]:
        """What counts as one file: the name without its folder, for files move between revisions."""
        return self.repository, PurePosixPath(self.edit.path).name


def repository_name(path: Path) -> str:
    """`flask` for `.../flask`, `.../flask/.git` and `.../flask/repo`."""
    return next(part for part in reversed(path.resolve().parts) if part not in ("repo", ".git")).removesuffix(".git")


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


def load_rule_edits(repositories: Sequence[Path], cache: Path, seed: int = 0) -> list[RuleEdit]:
    """The labelled edits of these repositories, made once (minutes) and kept in `cache` as gzipped JSON lines."""
    store = cache / f"same-rule-{seed}.jsonl.gz"
    if not store.exists():
        cache.mkdir(parents=True, exist_ok=True)
        made: dict[str, RuleEdit] = {}
        for path in repositories:
            made = make_rule_edits(path, seed) | made
        _write(store, balanced(made.values(), seed))
    with gzip.open(store, "rt", encoding="utf-8") as lines:
        return [item for line in lines for item in _from_json(json.loads(line))]


def make_rule_edits(repository: Path, seed: int) -> dict[str, RuleEdit]:
    """All single fixes of all rules over a sample of the repository's Python files of any revision.

    Keyed by the rule and the lines it changed as they were before renaming, spaces aside: one key, one edit.
    """
    rng = random.Random(f"{seed} {repository_name(repository)}")
    originals: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for path, blob, text in _sample_files(Repository.open(repository), rng):
            try:
                renamed = rename_locals(text, rng)
            except (SyntaxError, ValueError, RecursionError):
                continue  # a file of Python 2, or not quite Python: no rule can run on it
            Path(folder, f"{len(originals)}.py").write_text(renamed, encoding="utf-8", newline="")
            originals.append((path, blob, text))
        found = [
            (originals[int(Path(diagnostic["filename"]).stem)], diagnostic, Path(diagnostic["filename"]))
            for diagnostic in _diagnose(folder)
        ]
        texts = {file: file.read_text(encoding="utf-8") for _, _, file in found}
    made: dict[str, RuleEdit] = {}
    for (path, blob, text), diagnostic, file in found:
        edit = apply_fix(texts[file], diagnostic, path)
        if edit is not None and max(len(edit.removed), len(edit.added)) <= MAX_HUNK_LINES:
            context = split_lines(text)[max(0, edit.first - (not edit.removed)) : edit.first + len(edit.removed)]
            key = " ".join([diagnostic["code"], *"\n".join(context).split()])
            made.setdefault(key, RuleEdit(diagnostic["code"], repository_name(repository), blob, edit))
    return made


def apply_fix(source: str, diagnostic: dict[str, Any], path: str) -> Edit | None:
    """One diagnostic's fix, alone, as one hunk; None if it changes nothing but imports elsewhere.

    Imports that a fix adds or drops at another place are left out: they are not what the rule is about.
    """
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    after = source
    for change in sorted(diagnostic["fix"]["edits"], key=_start, reverse=True):
        (row, column), (end_row, end_column) = _start(change), _end(change)
        begin, end = starts[row - 1] + column - 1, starts[end_row - 1] + end_column - 1
        imports = _IMPORT.match(change["content"] or source[starts[row - 1] : end])
        if imports and not (row <= _end(diagnostic)[0] and end_row >= _start(diagnostic)[0]):
            continue
        after = after[:begin] + change["content"] + after[end:]
    edit = edit_between(source, after, path)
    return edit if edit.removed or edit.added else None


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


def _sample_files(repository: Repository, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """(path, blob, text) of Python files of any revision: at most a few of each path, paths in random order."""
    by_path: dict[str, list[str]] = defaultdict(list)
    for line in os.fsdecode(repository.run("rev-list", "--objects", "HEAD")).splitlines():
        blob, _, path = line.partition(" ")
        if path.endswith(".py"):
            by_path[path].append(blob)
    listed = []
    for path in sorted(by_path):
        blobs = sorted(by_path[path])
        picked = rng.sample(blobs, min(REVISIONS_PER_PATH, len(blobs)))
        listed += [(i, rng.random(), path, blob) for i, blob in enumerate(picked)]
    with BlobReader(repository) as reader:
        for _, _, path, blob in sorted(listed)[:FILES_PER_REPOSITORY]:
            content = reader.read(blob)
            if content and len(content) <= MAX_BYTES:
                try:
                    yield path, blob, "\n".join(split_lines(content.decode())) + "\n"
                except UnicodeDecodeError:
                    continue


def _diagnose(folder: str) -> list[dict[str, Any]]:
    """What ruff finds and can mend, with the text changes of each fix."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--unsafe-fixes"]
    command += ["--exit-zero", "--quiet", "--target-version", TARGET, "--output-format", "json"]
    done = subprocess.run([*command, "--select", SELECT, "--ignore", IGNORE, folder], capture_output=True, check=True)
    found = [item for item in json.loads(done.stdout) if item["fix"] and item["fix"]["applicability"] != "display"]
    return sorted(found, key=lambda item: (int(Path(item["filename"]).stem), item["code"], _start(item), _end(item)))


def _start(item: dict[str, Any]) -> tuple[int, int]:
    return item["location"]["row"], item["location"]["column"]


def _end(item: dict[str, Any]) -> tuple[int, int]:
    return item["end_location"]["row"], item["end_location"]["column"]


def _write(store: Path, edits: Iterable[RuleEdit]) -> None:
    """One line for each file, so that its text is written once."""
    files: dict[tuple[str, str, str, tuple[str, ...]], list[RuleEdit]] = defaultdict(list)
    for item in edits:
        files[item.repository, item.edit.path, item.blob, item.edit.before or ()].append(item)
    part = store.with_suffix(".part")
    with gzip.open(part, "wt", encoding="utf-8") as out:
        for (repository, path, blob, before), items in files.items():
            hunks = [[i.rule, i.edit.first, len(i.edit.removed), i.edit.added] for i in items]
            row = {"repository": repository, "path": path, "blob": blob, "before": before, "hunks": hunks}
            out.write(json.dumps(row) + "\n")
    part.replace(store)


def _from_json(row: dict[str, Any]) -> Iterator[RuleEdit]:
    before = tuple(row["before"])
    for rule, first, count, added in row["hunks"]:
        edit = Edit(row["path"], before, first, before[first : first + count], tuple(added), first)
        yield RuleEdit(rule, row["repository"], row["blob"], edit)
