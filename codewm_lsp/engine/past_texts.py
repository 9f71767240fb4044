"""A file before and after a commit, read from git as it was stored: no filter, no textconv, nothing fetched."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

from codewm_lsp.engine.store import stored_path
from codewm_lsp.engine.worktree import decoded
from codewm_model.errors import HistoryError
from codewm_model.git import BlobReader, Repository
from codewm_model.left_alone import holds_secrets

Side = Literal["before", "after"]

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ARGUMENTS = ("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--raw", "--no-abbrev")
_RECORD = re.compile(r":\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*")


def has_commit(repository: Repository, commit: str) -> bool:
    """Whether the repository has a commit of exactly this id."""
    if not _COMMIT.fullmatch(commit):
        return False
    return repository.succeeds("cat-file", "-t", commit) == "commit"


def past_text(repository: Repository, commit: str, path: str, side: Side) -> str:
    """The whole file that `commit` changed, by its path after the commit; "" on the side where there is no file.

    Line ends are those that are stored. `path` is spelt as hits spell it.

    Raises:
        HistoryError: there is no such commit or file, its object is missing, or it is no text; or it holds secrets.
    """
    where = f"{path} in {commit[:10]}"
    if holds_secrets(PurePosixPath(path)):
        raise HistoryError(f"{where} is left alone: its name says that it holds secrets")
    if not has_commit(repository, commit):
        raise HistoryError(f"git has no commit {commit!r}")
    ids = _changed_files(repository, commit).get(path)
    if ids is None:
        raise HistoryError(f"{commit[:10]} does not change {path}")
    ident = ids[side == "after"]
    if not ident.strip("0"):
        return ""
    with BlobReader(repository) as blobs:
        content = blobs.read(ident)
    if content is None:
        raise HistoryError(f"git cannot give {where}, {side}: the object is missing, too large or no file")
    text = decoded(content)
    if text is None:
        raise HistoryError(f"{where} is no text")
    return text


def _changed_files(repository: Repository, commit: str) -> dict[str, tuple[str, str]]:
    """The ids of the file before and after, by path after. git needs the contents only to see changed renames."""
    try:
        output = repository.run(*_ARGUMENTS, "-M", "-l400", commit)
    except HistoryError:  # a partial clone lacks one
        output = repository.run(*_ARGUMENTS, "-M100%", commit)
    fields = iter(output.decode("utf-8", "surrogateescape").split("\0"))
    files = {}
    for field in fields:
        if (record := _RECORD.fullmatch(field)) is None:
            continue
        before, after, status = record.groups()
        path = next(fields)
        if status in "RC":
            path = next(fields)
        files[stored_path(path)] = before, after
    return files
