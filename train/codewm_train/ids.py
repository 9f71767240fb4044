"""The committed ids of the evaluation edits: where in a public history each one is, and no code.

One gzipped table for each split and test lies in `frozen/`. A row is an edit: for a past edit its commit, for a
labelled one its rule and the blob that the rule was run on; the path; first line and line count on both sides; and
eight hexadecimal digits of a hash, by which a reader knows that what it made again is what was frozen.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path

from codewm_model.edit import Edit

SPLITS = {
    "held-out": ("pallets/flask", "pallets/click", "psf/requests", "encode/httpx", "psf/black"),
    "validation": ("pallets/jinja", "pytest-dev/pytest"),
}
TESTS = ("past", "rules")
FROZEN = Path(__file__).parent / "frozen"
CLASSES_FILE = FROZEN / "action-classes.npz"


@dataclass(frozen=True, slots=True)
class EditId:
    """Where one edit is. `object` is a commit, or with a `rule` the blob before the fix; lines are 0-based."""

    repository: str
    object: str
    path: str
    first: int
    removed: int
    new_first: int
    added: int
    digest: str
    rule: str = ""

    @classmethod
    def of(cls, repository: str, object: str, edit: Edit, rule: str = "") -> EditId:
        """The id of an edit."""
        counts = (edit.first, len(edit.removed), edit.new_first, len(edit.added))
        return cls(repository, object, edit.path, *counts, digest(edit), rule)


_COLUMNS = [field.name for field in fields(EditId)]


def digest(edit: Edit) -> str:
    """Eight hexadecimal digits of a hash of the removed and added lines."""
    lines = [f"-{line}" for line in edit.removed] + [f"+{line}" for line in edit.added]
    return sha256("\n".join(lines).encode(errors="replace")).hexdigest()[:8]


def ids_file(split: str, test: str) -> Path:
    """Where the ids of a split ("held-out", "validation") and a test ("past", "rules") are."""
    return FROZEN / f"{split}-{test}.tsv.gz"


def write_ids(file: Path, ids: Sequence[EditId]) -> None:
    """Write a table; the same ids give the same bytes. Raises ValueError if a value would break its row."""
    rows = [_COLUMNS, *([str(value) for value in astuple(one)] for one in ids)]
    if any(len(value.splitlines()) > 1 or "\t" in value for row in rows for value in row):
        raise ValueError("an id holds a tab or a line end")
    text = "".join("\t".join(row) + "\n" for row in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode(errors="surrogateescape"), mtime=0))


def read_ids(file: Path) -> list[EditId]:
    """The ids of a table, in its order."""
    header, *rows = gzip.decompress(file.read_bytes()).decode(errors="surrogateescape").splitlines()
    if header.split("\t") != _COLUMNS:
        raise ValueError(f"{file} is no table of edit ids")
    return [_parsed(row.split("\t")) for row in rows]


def _parsed(values: Sequence[str]) -> EditId:
    repository, object, path, first, removed, new_first, added, digest, rule = values
    return EditId(repository, object, path, int(first), int(removed), int(new_first), int(added), digest, rule)
