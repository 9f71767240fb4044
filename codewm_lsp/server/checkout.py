"""One git work tree as the server uses it: the base of its files, and the index of its history.

Everything here may start git or read the disk and runs on a worker's thread: `base_lines` on the one for texts,
`similar`, `predicted` and `diffs` on the one for the engine. The engine is imported on first use, since numpy and the
index library would delay the answer to `initialize`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codewm_lsp.memory import give_back
from codewm_lsp.server.document import content_lines, split_keeping_ends
from codewm_lsp.server.settings import Settings, read_table

if TYPE_CHECKING:
    from codewm_lsp.engine.dismissed import Dismissals, Dismissed
    from codewm_lsp.engine.encoder import EncodedPlace
    from codewm_lsp.engine.index import Hit
    from codewm_lsp.engine.predict import Prediction, Predictor
    from codewm_lsp.engine.similar import SimilarEdits
    from codewm_model.edit import Edit
    from codewm_model.git import Repository

_log = logging.getLogger(__name__)

T = TypeVar("T")

_SECONDS_BETWEEN_LOOKS = 1.0
_MOST_BASES = 16  # those that were asked for last; a long one takes half a megabyte
_MOST_PROBLEMS = 5  # that are said of one file, which strangers wrote


class Checkout:
    """One work tree: which text git has at HEAD, and which past edits are similar."""

    def __init__(self, repository: Repository, work_tree: Path) -> None:
        self.work_tree = work_tree
        self.repository = repository
        self._head: str | None = None
        self._head_seen = float("-inf")
        self._bases: dict[str, tuple[str, ...] | None] = {}
        self._engine: SimilarEdits | None = None
        self._predictor: Predictor | None = None
        self._opened: tuple[int, int] | None = None
        self._missed: tuple[int, int, int] | None = None  # the file that could not be opened, and when
        self._missed_at = float("-inf")
        self._dismissals: Dismissals | None = None
        self._table: Mapping[str, Any] = {}
        self._table_problems: list[str] = []
        self._table_seen = float("-inf")
        self.complaint: str | None = None
        """Why there is no index, in a sentence that names the command which mends it."""

    def head(self) -> str | None:
        """The commit at HEAD, asked of git at most once a second: the cursor moves more often than that."""
        now = time.monotonic()
        if now - self._head_seen >= _SECONDS_BETWEEN_LOOKS:
            head = self.repository.head()
            if head != self._head:
                self._bases.clear()
            self._head, self._head_seen = head, now
        return self._head

    def base_lines(self, path: str) -> tuple[str, ...] | None:
        """The lines of `path` at HEAD without their ends, None where git has no text for it."""
        from codewm_lsp.engine.worktree import base_text

        if self.head() is None:
            return None
        if path in self._bases:
            lines = self._bases.pop(path)
        else:
            text = base_text(self.repository, path)
            lines = None if text is None else content_lines(split_keeping_ends(text))
        self._bases[path] = lines
        if len(self._bases) > _MOST_BASES:
            del self._bases[next(iter(self._bases))]
        return lines

    def moved_from(self, path: str, lines: Sequence[str]) -> str | None:
        """The file at HEAD that seems to have been moved to `path`, None where none does."""
        from codewm_lsp.engine.worktree import moved_from
        from codewm_model.errors import CodewmError

        if self.head() is None:
            return None
        try:
            return moved_from(self.repository, path, lines)
        except CodewmError as error:
            _log.warning("%s", error)
            return None

    def settings(self, of_client: Settings) -> tuple[Settings, list[str]]:
        """The client's settings as `[tool.codewm]` changes them, and what was wrong with that table.

        The file is looked at at most once a second.
        """
        from codewm_lsp.engine.project import project_table
        from codewm_model.errors import ProjectFileError

        now = time.monotonic()
        if now - self._table_seen >= _SECONDS_BETWEEN_LOOKS:
            self._table_seen = now
            try:
                self._table, self._table_problems = project_table(self.work_tree), []
            except ProjectFileError as error:
                self._table, self._table_problems = {}, [str(error)]
        settings, problems = read_table(self._table, of_client)
        return settings, (self._table_problems + problems)[:_MOST_PROBLEMS]

    @property
    def is_open(self) -> bool:
        """Whether the index has been opened; the one thing here that any thread may ask."""
        return self._engine is not None

    def has_index(self) -> bool:
        """Whether there is an index that can be read; otherwise `complaint` says why not."""
        return self._similar() is not None

    def similar(self, edits: Sequence[Edit], k: int, check: Callable[[], None]) -> list[list[Hit]] | None:
        """Up to `k` hits for each edit, None without an index. `check` is called between edits and may raise."""

        def ask(engine: SimilarEdits) -> list[list[Hit]]:
            engine.refresh()
            hits: list[list[Hit]] = []
            for edit in edits:
                check()
                hits.append(self._seen(engine, edit, k))
            return hits

        return self._asked(ask)

    def predicted(self, place: EncodedPlace, k: int) -> list[Prediction] | None:
        """Up to `k` likely next edits of a place, None without an index."""
        from codewm_lsp.engine.encoder import Encoder
        from codewm_lsp.engine.predict import Predictor

        def ask(engine: SimilarEdits) -> list[Prediction]:
            if self._predictor is None:
                self._predictor = Predictor(Encoder.default(), engine.store)
            return self._predictor.predict(place, k, self._dismissed())

        return self._asked(ask)

    def _asked(self, ask: Callable[[SimilarEdits], T]) -> T | None:
        """What the index answers, None without one that can be read."""
        from codewm_lsp.engine.index_state import index_file
        from codewm_model.errors import CodewmError

        try:
            if self._engine is not None and index_file(self.repository) != self._opened:
                self.close()  # it was made anew, while the old one would still answer us
            engine = self._similar()
            return None if engine is None else ask(engine)
        except CodewmError as error:
            # The index was replaced or damaged under us; a later question opens it afresh.
            self.close()
            self.complaint = str(error)
            _log.warning("%s", error)
            return None

    @property
    def dismissals(self) -> Dismissals:
        """What the person never wants to see again."""
        from codewm_lsp.engine.dismissed import Dismissals

        if self._dismissals is None:
            self._dismissals = Dismissals(self.repository)
        return self._dismissals

    def _seen(self, engine: SimilarEdits, edit: Edit, k: int) -> list[Hit]:
        """The best `k` hits that are not dismissed."""
        (hits,) = engine.query([edit], k, dismissed=self._dismissed())
        return hits

    def _dismissed(self) -> Dismissed:
        """What is dismissed now; nothing, if that cannot be read."""
        from codewm_lsp.engine.dismissed import Dismissed
        from codewm_model.errors import DismissalError

        try:
            return self.dismissals.load()
        except DismissalError as error:
            _log.warning("%s", error)
            return Dismissed()

    def diffs(self, hits: Sequence[Hit]) -> list[str]:
        """The hits' changes as unified diffs, read from git; "" where git cannot give one."""
        from codewm_model.errors import CodewmError

        if self._engine is None or not hits:
            return ["" for _ in hits]
        try:
            return self._engine.diff_of(list(hits))
        except CodewmError as error:
            _log.warning("%s", error)
            return ["" for _ in hits]

    def close(self) -> None:
        """Let go of the index; a later question opens it afresh."""
        engine, self._engine, self._predictor = self._engine, None, None
        if engine is not None:
            engine.close()

    def _similar(self) -> SimilarEdits | None:
        """The index, opened if it has to be: at most once a second, or when its file has changed."""
        if self._engine is None:
            from codewm_lsp.engine.index_state import index_stamp
            from codewm_lsp.engine.similar import SimilarEdits
            from codewm_model.errors import CodewmError

            stamp = index_stamp(self.repository)
            if stamp == self._missed and time.monotonic() - self._missed_at < _SECONDS_BETWEEN_LOOKS:
                return None
            try:
                self._engine = SimilarEdits.open(self.repository)
                self._opened = stamp and stamp[:2]
                give_back()  # what it took to check the graph's file
            except CodewmError as error:
                self._missed, self._missed_at = stamp, time.monotonic()
                self.complaint = str(error)
        return self._engine
