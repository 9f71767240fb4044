"""What `codewm-lsp doctor` finds of an index: what it holds, what it lacks and why, and who writes it."""

from __future__ import annotations

from typing import Any

from codewm_lsp.engine.database import is_writable
from codewm_lsp.engine.examination import Examination, at_home
from codewm_lsp.engine.lock import current_writer
from codewm_lsp.engine.store import Store, index_folder
from codewm_model.errors import IndexStoreError
from codewm_model.git import Repository


def examine_index(repository: Repository, found: Examination) -> dict[str, Any]:
    """The facts of a repository's index; what is wrong with it is noted in `found`, not raised."""
    from codewm_lsp.engine.indexing import indexed_paths, pending_commits, reachable_commits

    folder = index_folder(repository)
    facts: dict[str, Any] = {
        "folder": at_home(str(folder)),
        "place": "git directory" if folder.parent == repository.common_dir else "cache of the user",
        "writable": is_writable(next(place for place in (folder, *folder.parents) if place.exists())),
        "writer": current_writer(folder),
    }
    with found.noting():
        store = Store(folder)
        try:
            commits, edits, skipped = store.counts()
            pending = len(pending_commits(store, reachable_commits(repository)))
            facts |= {"commits": commits, "edits": edits, "bytes": store.size(), "pending_commits": pending}
            facts |= {"skipped": skipped, "restricted_to_paths": len(indexed_paths(store))}
            facts["graph"] = _graph(store, edits, found)
        finally:
            store.close()
        if pending:
            cause = f"{pending} commits are not indexed yet"
            found.add("the newest edits are not found", cause, "codewm-lsp index {path}")
        unread = sum(skipped.get(reason, 0) for reason in ("missing object", "unreadable commit"))
        if unread:
            _add_unread(unread, found)
        elif facts["edits"] == 0:
            found.add("no past edit is ever found", "the history holds no edit yet", "codewm-lsp index {path}")
    if not facts["writable"]:
        cause = f"{facts['folder']} cannot be written by this user"
        found.add("new commits are never found", cause, "let its owner run `codewm-lsp index {path}`")
    if facts["writer"] is not None:
        cause = f"{facts['writer']} is writing the index"
        found.add("the newest edits are not found yet", cause, "codewm-lsp status {path}")
    if (repository.common_dir / "shallow").is_file():
        found.add("older edits are not found", "this is a shallow clone", "git -C {path} fetch --unshallow")
    return facts


def _add_unread(count: int, found: Examination) -> None:
    cause, remedy = f"{count} commits or edits need objects that are damaged or missing", "git -C {path} fsck"
    if found.facts["repository"]["partial"]:
        cause = f"{count} commits or edits need objects that this partial clone has not"
        remedy = "git -C {path} fetch --refetch --no-filter && codewm-lsp index --rebuild {path}"
    found.add("some past edits are never found", cause, remedy)


def _graph(store: Store, edits: int, found: Examination) -> dict[str, Any]:
    from codewm_lsp.engine.vectors import VectorIndex

    vectors = VectorIndex.load(store)
    whole = len(vectors) > 0 or edits == 0
    if not whole:
        cause = "the graph's file is missing or damaged, and is made anew at each start"
        found.add("every start takes long", cause, "codewm-lsp index {path}", IndexStoreError.exit_code)
    return {"whole": whole, "vectors": len(vectors), "behind": max(0, store.last_edit() - vectors.last)}
