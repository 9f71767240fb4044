"""Whether a repository's branches or HEADs have moved, without asking git: a handful of `stat` calls a look.

git replaces a loose ref by renaming a file over it, which changes the folder, and writes HEAD, packed-refs and the
list of a reftable in the same way. So only folders and these few files are looked at, however many branches there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from codewm_lsp.engine.left_out import main_work_tree
from codewm_lsp.engine.project import NAME
from codewm_model.git import Repository

_MOST_FOLDERS = 4000

Mark = tuple[int, int, int] | None


class RefWatch:
    """What a repository's branches and HEADs looked like at the last look."""

    def __init__(self, repository: Repository) -> None:
        common = repository.common_dir
        tree = main_work_tree(repository)
        self._worktrees, self._heads = common / "worktrees", common / "refs" / "heads"
        self._files = [common / "HEAD", common / "packed-refs", common / "reftable" / "tables.list"]
        self._files += [tree / NAME] if tree is not None else []  # what is left out of an index stands there
        self._paths: list[str] = []
        self._marks: list[Mark] = []
        self.changed()

    def changed(self) -> bool:
        """Whether anything is different from the last look; some microseconds while nothing is."""
        if self._paths and [_mark(path) for path in self._paths] == self._marks:
            return False
        self._paths = [str(path) for path in self._watched()]
        self._marks = [_mark(path) for path in self._paths]
        return True

    def _watched(self) -> Iterator[Path | str]:
        yield from self._files
        yield self._worktrees
        yield from (f"{folder}{os.sep}HEAD" for folder in _folders_in(self._worktrees))
        waiting: list[Path | str] = [self._heads]
        for _ in range(_MOST_FOLDERS):
            if not waiting:
                return
            folder = waiting.pop()
            yield folder
            waiting += _folders_in(folder)


def _folders_in(folder: Path | str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _mark(path: str) -> Mark:
    try:
        found = os.stat(path)  # noqa: PTH116  twice as fast as through pathlib, many times a minute
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
