"""A process that uses whatever index it is pointed at in every way that the product does.

On standard input, for each index: a line of JSON with the repository's folder, and the file to export to or to import.
On standard output, for each: a line of JSON with what every use came to: "fine", "refused: ..." as a person would read
it, or "fault: ...", which is an error that nobody was meant to see.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.index import EditIndex, Filters
from codewm_lsp.engine.indexing import indexed_paths, pending_commits, reachable_commits, update_index
from codewm_lsp.engine.predict import Predictor
from codewm_lsp.engine.similar import SimilarEdits
from codewm_lsp.engine.store import Store, index_folder
from codewm_lsp.engine.tidy import tidy_index
from codewm_lsp.engine.transfer import export_index, import_index
from codewm_model.edit import edit_between
from codewm_model.errors import CodewmError
from codewm_model.git import Repository

BEFORE, AFTER = "def f(s):\n    return s.get(1)\n", "def f(s):\n    return s.get(1, timeout=5)\n"
FILTERS = (None, Filters(author="ada"), Filters(path="app/part_1.py", since=1), Filters(path="app"))


def search(repository: Repository) -> None:
    """As `similar` and the server do."""
    with closing(SimilarEdits.open(repository)) as index:
        index.refresh()
        for filters in FILTERS:
            (hits,) = index.query([edit_between(BEFORE, AFTER)], 5, filters)
            json.dumps([hit.to_json() for hit in hits]).encode()
        index.diff_of(hits)


def predict(repository: Repository) -> None:
    """As `predict` does."""
    with closing(Store(index_folder(repository))) as store:
        json.dumps([one.to_json() for one in Predictor(Encoder.default(), store).predict_at(AFTER, 2)]).encode()


def look(repository: Repository) -> None:
    """As `status` and `doctor` do."""
    with closing(Store(index_folder(repository))) as store:
        json.dumps([store.counts(), indexed_paths(store), store.size()])
        pending_commits(store, reachable_commits(repository))
        list(store.commits_with_edits())
        EditIndex(store.folder).close()


def uses(repository: Repository, file: Path) -> dict[str, Callable[[], object]]:
    """Every use, those that write last."""
    return {
        "search": lambda: search(repository),
        "predict": lambda: predict(repository),
        "look": lambda: look(repository),
        "export": lambda: (file.unlink(missing_ok=True), export_index(repository, file)),
        "update": lambda: update_index(repository, jobs=1, existing=True),
        "tidy": lambda: tidy_index(repository),
    }


def outcome(use: Callable[[], object]) -> str:
    """What it came to."""
    try:
        use()
    except CodewmError as error:
        return f"refused: {error}"
    except BaseException:
        return f"fault: {traceback.format_exc()}"
    return "fine"


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        repository, file = Repository.open(asked["repository"]), Path(asked["file"])
        wanted = {"import": lambda: import_index(repository, file)} if asked["import"] else uses(repository, file)  # noqa: B023
        sys.stdout.write(json.dumps({name: outcome(use) for name, use in wanted.items()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
