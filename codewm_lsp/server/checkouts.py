"""All git work trees that a connection has to do with, found by folder; on the worker's thread for texts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codewm_lsp.server.checkout import Checkout

if TYPE_CHECKING:
    from codewm_lsp.engine.past_texts import Side

_log = logging.getLogger(__name__)


class Checkouts:
    """All work trees that open files lie in, found by folder."""

    def __init__(self) -> None:
        self._by_folder: dict[Path, Checkout | None] = {}
        self._by_tree: dict[Path, Checkout] = {}

    def of(self, path: Path) -> tuple[Checkout, str] | None:
        """The work tree that a file or folder lies in, and its path there with `/`; None outside of git.

        The path is resolved first: a link's text at HEAD is not the text of the file it leads to.
        """
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            return None
        folder = next((place for place in (real, *real.parents) if _is_folder(place)), None)
        if folder is None:
            return None
        if folder not in self._by_folder:
            self._by_folder[folder] = self._open(folder)
        checkout = self._by_folder[folder]
        if checkout is None or not real.is_relative_to(checkout.work_tree):
            return None
        return checkout, real.relative_to(checkout.work_tree).as_posix()

    def forget_misses(self) -> None:
        """Look again at folders that were in no repository: `git init` may have run."""
        self._by_folder = {folder: found for folder, found in self._by_folder.items() if found is not None}

    def past_text(self, folders: Sequence[Path], commit: str, path: str, side: Side, check: Callable[[], None]) -> str:
        """A file before or after a commit of any work tree in `folders` or around open files.

        A commit's id is that of its content, so that it does not matter which of them has it.

        Raises:
            HistoryError: none has, or git cannot give the text.
        """
        from codewm_lsp.engine.past_texts import has_commit, past_text
        from codewm_model.errors import HistoryError

        for folder in folders:
            check()
            self.of(folder)
        for checkout in self._by_tree.values():
            check()
            if has_commit(checkout.repository, commit):
                return past_text(checkout.repository, commit, path, side)
        raise HistoryError(f"no open repository has a commit {commit!r}")

    def let_go(self, used: Sequence[Path]) -> list[Checkout]:
        """Forget the work trees in which none of `used` lies; those that were forgotten."""
        kept = {found[0] for path in used if (found := self.of(path)) is not None}
        gone = [checkout for checkout in self._by_tree.values() if checkout not in kept]
        self._by_tree = {tree: checkout for tree, checkout in self._by_tree.items() if checkout in kept}
        self._by_folder = {folder: found for folder, found in self._by_folder.items() if found not in gone}
        return gone

    def _open(self, folder: Path) -> Checkout | None:
        from codewm_model.errors import CodewmError
        from codewm_model.git import Repository

        try:
            repository = Repository.open(folder)
        except CodewmError as error:
            _log.info("%s", error)
            return None
        if repository.work_tree is None:
            return None
        tree = repository.work_tree.resolve()
        if tree not in self._by_tree:
            self._by_tree[tree] = Checkout(repository, tree)
        return self._by_tree[tree]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # a name longer than any can be, for one
