"""What of a history is left out of its index on purpose: by path, by author, by size of the commit.

The rules stand in `[tool.codewm]` of the pyproject.toml of the repository's main work tree, as it lies there: one
file for an index that all worktrees share, whatever commit each of them has checked out, and an edit of it counts
from the next run on. So does the .gitattributes beside it (`engine/attributes.py`). Both are untrusted: what they say
wrongly is named once, and the default is used.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from codewm_lsp.engine.attributes import Rule, generated_matcher, generated_rules
from codewm_lsp.engine.project import project_table
from codewm_model.edit import Commit
from codewm_model.errors import ProjectFileError
from codewm_model.git import Repository
from codewm_model.history import CommitEdits
from codewm_model.left_alone import GENERATED_GLOBS, path_matcher

GENERATED, EXCLUDED, AUTHOR, TOO_MANY = "generated or vendored", "excluded", "excluded author", "too many edits"
REASONS = (GENERATED, EXCLUDED, AUTHOR, TOO_MANY)

KEYS = ("exclude", "authors_exclude", "max_commit_edits")  # of [tool.codewm]; its other keys are for others
MAX_COMMIT_EDITS = 1000
BOTS = ("[bot]",)
_MOST_GLOBS, _LONGEST = 500, 500


@dataclass(frozen=True)
class LeftOut:
    """The rules. `generated` and `exclude` are globs as `path_matcher` has them, `authors` parts of names or addresses.

    `attributes` are what .gitattributes says of generated files, as `generated_matcher` has it.
    A commit of more than `max_commit_edits` edits is left out whole; 0 is no limit.
    """

    generated: tuple[str, ...] = GENERATED_GLOBS
    exclude: tuple[str, ...] = ()
    authors: tuple[str, ...] = BOTS
    max_commit_edits: int = MAX_COMMIT_EDITS
    attributes: tuple[Rule, ...] = ()

    def record(self) -> str:
        """As an index keeps it."""
        return json.dumps(asdict(self), sort_keys=True)

    @functools.cached_property
    def reason_of_path(self) -> Callable[[str], str | None]:
        """Why nothing of a file is indexed, or None."""
        generated, excluded = path_matcher(self.generated), path_matcher(self.exclude)
        marked = generated_matcher(self.attributes)

        @functools.lru_cache(1 << 14)
        def reason(path: str) -> str | None:
            return EXCLUDED if excluded(path) else GENERATED if generated(path) or marked(path) else None

        return reason

    def reason_of_commit(self, commit: Commit, edits: int) -> str | None:
        """Why none of a commit's edits is indexed, or None."""
        who = f"{commit.author}\n{commit.email}".lower()
        if any(part.lower() in who for part in self.authors):
            return AUTHOR
        return TOO_MANY if 0 < self.max_commit_edits < edits else None

    def apply(self, history: Iterator[CommitEdits]) -> Iterator[CommitEdits]:
        """The history without the commits that are left out: they stay, with their edits as skipped."""
        for part in history:
            reason = self.reason_of_commit(part.commit, len(part.edits))
            if reason is None or not part.edits:
                yield part
            else:
                yield CommitEdits(part.commit, (), part.skipped + Counter({reason: len(part.edits)}))


def rules_of(repository: Repository) -> tuple[LeftOut, list[str]]:
    """The repository's rules, and one sentence for everything in its file that was not used."""
    folder = main_work_tree(repository)
    if folder is None:
        return LeftOut(), []
    rules = LeftOut()
    problems: list[str] = []
    try:
        rules, problems = read_rules(project_table(folder))
    except ProjectFileError as error:
        problems.append(f"{error}; the defaults are used")
    try:
        rules = replace(rules, attributes=generated_rules(folder))
    except ProjectFileError as error:
        problems.append(f"{error}; it is passed over")
    return rules, problems


def read_rules(table: dict[str, Any]) -> tuple[LeftOut, list[str]]:
    """Rules from `[tool.codewm]`, and what is wrong with those of its keys that are ours."""
    problems: list[str] = []

    def strings(key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = table.get(key)
        if value is None:
            return default
        if (
            isinstance(value, list)
            and len(value) <= _MOST_GLOBS
            and all(isinstance(item, str) and 0 < len(item) <= _LONGEST for item in value)
        ):
            return tuple(value)
        problems.append(f"tool.codewm.{key} must be a list of at most {_MOST_GLOBS} short strings; the default is used")
        return default

    globs = strings("exclude", ())
    kept = {glob[1:] for glob in globs if glob.startswith("!")}
    problems += (
        f"tool.codewm.exclude: {'!' + glob!r} is none of the globs that are excluded by default"
        for glob in sorted(kept - set(GENERATED_GLOBS))
    )
    limit = table.get("max_commit_edits", MAX_COMMIT_EDITS)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit < 1 << 31:
        problems.append(f"tool.codewm.max_commit_edits must be a whole number; {MAX_COMMIT_EDITS} is used")
        limit = MAX_COMMIT_EDITS
    rules = LeftOut(
        tuple(glob for glob in GENERATED_GLOBS if glob not in kept),
        tuple(glob for glob in globs if not glob.startswith("!")),
        strings("authors_exclude", BOTS),
        limit,
    )
    return rules, problems


def main_work_tree(repository: Repository) -> Path | None:
    """The work tree that the repository was made with, also if asked from another one; None if it is bare."""
    if repository.common_dir.name == ".git":
        return repository.common_dir.parent
    return repository.work_tree
