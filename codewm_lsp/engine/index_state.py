"""Whether a repository has an index, and whether that holds what it should."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from codewm_lsp.engine.indexing import pending_commits, reachable_commits
from codewm_lsp.engine.store import DATABASE, Store, index_folder
from codewm_model.errors import CodewmError, IndexMissingError
from codewm_model.git import Repository

Kind = Literal["none", "indexing", "ready", "stale", "error"]


@dataclass(frozen=True, slots=True)
class IndexState:
    """What is known of an index.

    `none`: there is none. `ready`: it holds all commits that it should. `stale`: it holds `commits` of `commits_total`.
    `indexing`: a run is under way or about to begin; the numbers are those of the run, None where they are not known.
    `error`: it cannot be used. `message` is a sentence for people: what is wrong and what mends it, or who is indexing.
    """

    kind: Kind
    commits: int | None = None
    commits_total: int | None = None
    edits: int | None = None
    message: str | None = None


def look(repository: Repository) -> IndexState:
    """What the index holds beside what branches and worktrees' HEADs reach; asks git for the whole list of commits.

    Nothing is raised: what fails is the state.
    """
    try:
        with closing(Store(index_folder(repository))) as store:
            commits, edits, _ = store.counts()
            pending = len(pending_commits(store, reachable_commits(repository)))
    except IndexMissingError:
        return IndexState("none")
    except (CodewmError, OSError) as error:
        return IndexState("error", message=str(error))
    return IndexState("stale" if pending else "ready", commits, commits + pending, edits)


def index_file(repository: Repository) -> tuple[int, int] | None:
    """Which file on the disk the index is: another one after a rebuild. None where there is none."""
    stamp = index_stamp(repository)
    return None if stamp is None else stamp[:2]


def index_stamp(repository: Repository) -> tuple[int, int, int] | None:
    """The same, and when it was last written: an indexer may be given the very place of the file that it removed."""
    try:
        found = (index_folder(repository) / DATABASE).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def has_index(repository: Repository) -> bool:
    """Whether there is an index, even one that cannot be used; not a file that an indexer has only just made."""
    try:
        Store(index_folder(repository)).close()
    except IndexMissingError:
        return False
    except CodewmError:
        pass
    return True
