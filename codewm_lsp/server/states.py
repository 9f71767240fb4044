"""The live states of the open documents.

They are made on a thread of their own. The event loop only says that a document has changed. A document waits for its
turn at most once, and when that comes its newest text is read: the versions before it cost nothing more. States that
nobody asked for let questions about the history pass: both want the processor at the moment when something was typed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from codewm_lsp.memory import Tidying
from codewm_lsp.server.document import Document, StaleError
from codewm_lsp.server.worker import Stop, Worker
from codewm_model.left_alone import holds_secrets

if TYPE_CHECKING:
    from codewm_lsp.engine.buffer import Place
    from codewm_lsp.engine.encoder import EncodedPlace
    from codewm_lsp.engine.states import LiveStates
    from codewm_lsp.server.snapshot import Snapshot
    from codewm_model.languages import Language

_log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_ENCODED = 64
"""Regions that one question may run the model for, a fifth of a second; what is left has to be asked for again."""

MOST_TREES = 8
"""Documents whose trees are kept, those that were read last. A tree takes megabytes and is made in an instant."""

_SECONDS_BEHIND_QUESTIONS = 0.03
_AT_ONCE = 8  # regions, before another document may have its turn


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Places of one version of a document with what the model makes of them, None where that was not made yet.

    `milliseconds` says what this version has cost so far, `fresh` of it how long after the change the first state was
    there. `model` is the id of the bundle: states of two models have nothing in common.
    """

    regions: tuple[tuple[Place, EncodedPlace | None], ...]
    lines: tuple[str, ...]
    milliseconds: dict[str, float | None]
    model: str


class States:
    """The documents whose states are kept up to date. Its public methods belong to the event loop."""

    def __init__(self, questions: Worker) -> None:
        """`questions` is the thread on which the history is asked."""
        self._worker = Worker("states")
        self._questions = questions
        self._waiting: set[Document] = set()
        self._followed: dict[Document, _Followed] = {}
        self._failed = ""
        self._tidying = Tidying()

    def follow(self, document: Document) -> None:
        """A document was opened or changed: make the states that this made old, unless that is due already."""
        if document not in self._waiting:
            self._waiting.add(document)
            self._worker.submit(partial(self._freshen, document))

    def forget(self, document: Document) -> None:
        """A document was closed."""
        self._worker.submit(lambda: self._followed.pop(document, None))

    async def at(self, snapshot: Snapshot, line: int) -> View:
        """The state at a line, 0-based, of the place that the line is in. The document must be one that `is_read`.

        Raises StaleError, and CodewmError where the model cannot be run.
        """

        def look(followed: _Followed) -> View:
            place = followed.states.buffer.place_at(line)
            return followed.view([(place, followed.encoded_at(line))], snapshot)

        return await self._run(snapshot, look)

    async def between(self, snapshot: Snapshot, first: int, end: int | None) -> View:
        """The states of the places in lines [first, end), 0-based, each at its own first line. Raises as `at` does."""
        places = await self._run(snapshot, lambda followed: followed.states.buffer.places(first, end))
        found: list[tuple[Place, EncodedPlace | None]] = []
        left = MOST_ENCODED
        for start in range(0, len(places), _AT_ONCE):
            look = partial(_Followed.some_states, places=places[start : start + _AT_ONCE], most=left)
            made, left = await self._run(snapshot, look)
            found += made
        return await self._run(snapshot, lambda followed: followed.view(found, snapshot))

    def close(self, seconds: float) -> bool:
        """Stop working; what runs is given a moment to end, and whether it has is said."""
        return self._worker.close(seconds)

    async def _run(self, snapshot: Snapshot, look: Callable[[_Followed], T]) -> T:
        def work(stop: Stop) -> T:
            snapshot.check()
            followed = self._caught_up(snapshot.document)
            snapshot.check()
            return look(followed)

        found = await self._worker.run(work)
        snapshot.check()
        return found

    def _freshen(self, document: Document) -> None:
        """Make the states that the newest change made old; another change in between has a turn of its own."""
        self._waiting.discard(document)  # before its text is read: what comes after that is not seen here
        self._tidying.now_and_then()
        with self._unasked(document):
            if not is_read(document):
                document.settle()
                return
            followed = self._caught_up(document)
            lines = islice(followed.states.touched_lines(), MOST_ENCODED)
            self._make_next(followed, followed.revision, lines)

    def _make_next(self, followed: _Followed, revision: int, lines: Iterator[int]) -> None:
        """Make one state and queue the next, so that a question waits for one at most."""
        document = followed.document
        self._questions.let_pass(_SECONDS_BEHIND_QUESTIONS)
        with self._unasked(document):
            if document in self._waiting or document.closed or followed.revision != revision:
                return
            for line in islice(lines, 1):
                followed.encoded_at(line)
                self._worker.submit(partial(self._make_next, followed, revision, lines))

    @contextmanager
    def _unasked(self, document: Document) -> Iterator[None]:
        """Nobody waits for this; whoever asks for the states meets the same error and is answered."""
        try:
            yield
        except StaleError:
            pass
        except Exception as error:
            document.settle()
            if str(error) != self._failed:
                self._failed = str(error)
                _log.exception("the states of %s cannot be made", document.uri)

    def _caught_up(self, document: Document) -> _Followed:
        """The document at its newest version. Raises StaleError where it is closed, and CodewmError without a model."""
        from codewm_lsp.engine.encoder import Encoder
        from codewm_lsp.engine.states import LiveStates

        followed = self._followed.pop(document, None)  # and back only when it is up to date
        if followed is None:
            encoder = Encoder.default()
            encoder.encode_tokens([])  # loads the networks, before the first key is pressed
            revision, splices = document.catch_up(whole=True)
            language = _language_of(document)
            assert language is not None, "nobody asks for the states of a document that is not read"
            states = LiveStates(language, splices[0][2], encoder)
            followed = _Followed(document, encoder.bundle.id, states, revision)
        else:
            revision, splices = document.catch_up(whole=False)
            if revision != followed.revision:
                followed.states.change(splices)
                followed.revision, followed.fresh_ms = revision, None
        self._followed[document] = followed
        while len(self._followed) > MOST_TREES:
            del self._followed[next(iter(self._followed))]
        return followed


@dataclass(slots=True, eq=False)
class _Followed:
    """A document's states, and what of it they are of. Belongs to the worker."""

    document: Document
    model: str
    states: LiveStates
    revision: int
    fresh_ms: float | None = None

    def encoded_at(self, line: int) -> EncodedPlace:
        encoded = self.states.encoded_at(line)
        if self.fresh_ms is None and self.document.revision == self.revision:
            self.fresh_ms = (monotonic() - self.document.changed_at) * 1000
        return encoded

    def some_states(self, places: Sequence[Place], most: int) -> tuple[list[tuple[Place, EncodedPlace | None]], int]:
        """The states of places at their first lines, of which `most` may be made now; and how many may be still."""
        found: list[tuple[Place, EncodedPlace | None]] = []
        for place in places:
            encoded = self.states.known_at(place.first)
            if encoded is None and most > 0:
                encoded = self.encoded_at(place.first)
                most -= 1
            found.append((place, encoded))
        return found, most

    def view(self, regions: Sequence[tuple[Place, EncodedPlace | None]], snapshot: Snapshot) -> View:
        milliseconds = {**self.states.milliseconds, "fresh": self.fresh_ms}
        return View(tuple(regions), snapshot.lines(), milliseconds, self.model)


def is_read(document: Document) -> bool:
    """Whether a document has states: a file of a language with a grammar, and none that holds secrets."""
    return _language_of(document) is not None


def _language_of(document: Document) -> Language | None:
    from codewm_model.languages import language_of

    if document.path is None or holds_secrets(document.path):
        return None
    return language_of(document.path.name)
