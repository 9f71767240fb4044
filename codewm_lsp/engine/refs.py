"""Whether a repository's branches or HEADs have moved, without asking git: a handful of `stat` calls a look.

git replaces a loose ref by renaming a file over it, which changes the folder, and writes HEAD, packed-refs and the
list of a reftable in the same way. So only folders and these few files are looked at, however many branches there are;
the refs themselves are read when one of those has changed, for much that git does changes nothing in the end.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from codewm_lsp.engine.left_out import main_work_tree
from codewm_lsp.engine.project import NAME
from codewm_model.git import Repository

_MOST_FOLDERS = 4000
_LARGEST_LIST = 1 << 26  # bytes
_ID = re.compile(rb"[0-9a-f]{40,64}")
_PACKED = re.compile(rb"^([0-9a-f]{40,64}) (refs/heads/[^\n]+)$", re.MULTILINE)

Mark = tuple[int, int, int] | None


class RefWatch:
    """What an index covers of a repository, as it was at the last look: its branches and its worktrees' HEADs."""

    def __init__(self, repository: Repository) -> None:
        self._common = repository.common_dir
        tree = main_work_tree(repository)
        # A reftable is not read here, and what is left out of an index stands in the second: any change of them counts.
        self._others = [str(self._common / "reftable" / "tables.list"), str((tree or self._common) / NAME)]
        self._paths: list[str] = []
        self._marks: list[Mark] = []
        self._state: object = None
        self.changed()

    def changed(self) -> bool:
        """Whether anything is different from the last look; some microseconds while nothing is."""
        if self._paths and [_mark(path) for path in self._paths] == self._marks:
            return False
        heads = [str(self._common / "HEAD")]
        heads += (os.path.join(folder, "HEAD") for folder in _folders_in(str(self._common / "worktrees")))  # noqa: PTH118
        folders = list(_folders_below(str(self._common / "refs" / "heads")))
        packed = str(self._common / "packed-refs")
        self._paths = [*heads, str(self._common / "worktrees"), *folders, packed, *self._others]
        self._marks = [_mark(path) for path in self._paths]  # before the refs are read: what changes now is seen later
        before, self._state = self._state, (self._tips(heads, folders, packed), [_mark(path) for path in self._others])
        return before != self._state

    def _tips(self, heads: list[str], folders: list[str], packed: str) -> set[bytes]:
        refs = {name: ident for ident, name in _PACKED.findall(_content(packed, _LARGEST_LIST))}
        for folder in folders:
            for entry in _entries(folder):
                name = os.fsencode(os.path.relpath(entry.path, self._common)).replace(os.fsencode(os.sep), b"/")
                refs[name] = _content(entry.path, 64)
        found = [*refs.values(), *(_content(head, 64) for head in heads)]
        return {match[0] for content in found if (match := _ID.match(content))}


def _folders_in(folder: str) -> list[str]:
    return sorted(entry.path for entry in _entries(folder) if entry.is_dir(follow_symlinks=False))


def _folders_below(folder: str) -> Iterator[str]:
    waiting = [folder]
    for _ in range(_MOST_FOLDERS):
        if not waiting:
            return
        yield waiting[-1]
        waiting += _folders_in(waiting.pop())


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _content(path: str, most: int) -> bytes:
    """The beginning of a file; nothing of what is none, a pipe for one would be waited for."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return b""
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read(most)
    except OSError:
        return b""


def _mark(path: str) -> Mark:
    try:
        found = os.stat(path)  # noqa: PTH116  twice as fast as through pathlib, many times a minute
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
