"""One line of a JSONL file of commits: what it must have, and why it may not be learned from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from codewm_model.git import MAX_BLOB
from codewm_model.languages import LANGUAGES, has_grammar
from codewm_train.ids import SPLITS
from codewm_train.licences import is_permissive

_KEPT = {name.lower().rpartition("/")[2] for names in SPLITS.values() for name in names}


class UnusableError(Exception):
    """A line that is passed over; the message is the reason, in the words that it is counted by."""


@dataclass(frozen=True)
class Record:
    """A file's text before and after a commit. `commit` is "" where the line names none."""

    repository: str
    licence: str
    commit: str
    subject: str
    old_path: str
    path: str
    old: str
    new: str


def parse_record(line: bytes) -> Record:
    """The record of a line.

    Raises:
        UnusableError: it is no record, its licence is not permissive, its file is of no known language, or it is of a
            repository that is kept for judging, which any repository of the same name may be a fork of.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnusableError("not JSON") from error
    if not isinstance(fields, dict):
        raise UnusableError("not a record")
    old, new = (_text(fields, f"{side}_contents") for side in ("old", "new"))
    subject, licence = _text(fields, "subject", "message"), _text(fields, "license")
    path = _path(fields, "new_file", "old_file")
    old_path = _path(fields, "old_file", "new_file")
    if any("\0" in text for text in (old, new, subject, path, old_path)):
        raise UnusableError("NUL bytes")
    if max(len(old), len(new)) > MAX_BLOB:
        raise UnusableError("too large")
    if not has_grammar(path):
        raise UnusableError("no grammar")
    repositories = _repositories(fields.get("repos"))
    if any(name.lower().rpartition("/")[2] in _KEPT for name in repositories):
        raise UnusableError("kept for judging")
    if not is_permissive(licence):
        raise UnusableError("licence not permissive")
    commit = fields.get("commit")
    return Record(
        repositories[0] if repositories else "",
        licence,
        commit if isinstance(commit, str) else "",
        subject,
        old_path,
        path,
        old,
        new,
    )


def _text(fields: dict[str, Any], *names: str) -> str:
    """The first of these that is text."""
    for name in names:
        if isinstance(value := fields.get(name), str):
            return value
    raise UnusableError("missing keys")


def _path(fields: dict[str, Any], *names: str) -> str:
    """The first of these that names a file, else one of the record's language."""
    for name in names:
        if isinstance(value := fields.get(name), str) and value:
            return value
    language = str(fields.get("lang")).lower()
    return next((f"unknown{known.extensions[0]}" for known in LANGUAGES if known.name == language), "unknown")


def _repositories(value: object) -> list[str]:
    """`repos` is a list, or names with commas between them."""
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [name.strip() for name in names if isinstance(name, str) and name.strip()]
