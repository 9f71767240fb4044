"""Keeping an index small: without removed edits in the graph, unused rows and files that nothing reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from codewm_lsp.engine.database import unusable
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.store import Store, index_folder
from codewm_lsp.engine.vectors import SavedGraph, VectorIndex, keep_graph
from codewm_model.git import Repository


@dataclass(frozen=True, slots=True)
class Tidied:
    """Bytes of the index before and after, and how many removed edits its graph was rid of."""

    before: int
    after: int
    removed: int


def tidy_index(repository: Repository) -> Tidied:
    """Drop what an index does not need any more. Searches go on meanwhile.

    Raises:
        IndexBusyError: another process is indexing.
        IndexMissingError, IndexVersionError, IndexStoreError: there is none, or none that could be tidied.
    """
    folder = index_folder(repository)
    Store(folder).close()  # or the lock would make a folder for an index that is not there
    with only_writer(folder), closing(Store(folder, write=True)) as store:
        before = store.size()
        try:
            removed = keep_graph(store, VectorIndex.load(store), tidy=True)
            store.compact()
        except sqlite3.DatabaseError as error:
            raise unusable(error) from error
        saved = SavedGraph.of(store)
        for path in folder.glob("vectors-*"):
            if saved is None or path.name != saved.name:
                path.unlink(missing_ok=True)
        return Tidied(before, store.size(), removed)
