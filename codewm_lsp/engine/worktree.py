"""What the working tree's files were at HEAD: the base that live edits are counted from."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from codewm_model.edit import split_lines
from codewm_model.git import BlobReader, Repository
from codewm_model.left_alone import holds_secrets

LEAST_ALIKE = 0.5
"""Share of lines that a moved file has kept, as git has it for a rename."""


def base_text(repository: Repository, path: str) -> str | None:
    """The file at HEAD, line ends as they are stored; None if it is not tracked, binary or too large."""
    with BlobReader(repository) as blobs:
        content = blobs.read(f"HEAD:{path}")
    if content is None or content.startswith(b"version https://git-lfs.github.com/spec/"):
        return None
    return decoded(content)


def decoded(content: bytes) -> str | None:
    """A file's text: UTF-8 where it fits, else Latin-1, which fits everything; None if it is binary."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def moved_from(repository: Repository, path: str, lines: Sequence[str]) -> str | None:
    """Which file at HEAD has become `path`, whose lines are given: one that is gone and most like it, or None.

    Looked at are files of the same kind that kept their folder or their name; git itself sees only moves that are
    staged.

    Raises:
        HistoryError: git cannot list the files.
    """
    best, best_share = None, LEAST_ALIKE
    written = Counter(line for line in lines if line.strip())
    for old in _gone(repository, PurePosixPath(path)):
        text = base_text(repository, old)
        kept = Counter(line for line in split_lines(text or "") if line.strip())
        share = (kept & written).total() / max(1, kept.total(), written.total())
        if share >= best_share:
            best, best_share = old, share
    return best


def _gone(repository: Repository, path: PurePosixPath) -> Iterator[str]:
    if repository.work_tree is None:
        return
    for name in repository.run("ls-tree", "-r", "-z", "--full-tree", "--name-only", "HEAD").split(b"\0"):
        old = PurePosixPath(os.fsdecode(name))
        alike = old.suffix == path.suffix and (old.parent == path.parent or old.name == path.name)
        if name and alike and not holds_secrets(old) and not os.path.lexists(repository.work_tree / old):
            yield str(old)
