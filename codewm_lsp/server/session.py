"""The state of one connection: the one mutable thing. It belongs to the event loop.

A handler takes a `Snapshot`, which never changes, awaits what the workers make of it, and converts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from codewm_lsp.server.bases import Bases
from codewm_lsp.server.checkout import Checkout
from codewm_lsp.server.checkouts import Checkouts
from codewm_lsp.server.convert import Encoding, document_key, path_of
from codewm_lsp.server.document import Change, Document, TooLargeError, content_lines
from codewm_lsp.server.folders import Folders
from codewm_lsp.server.following import Followed, Following
from codewm_lsp.server.settings import read_settings
from codewm_lsp.server.snapshot import LiveEdits, Refusal, Snapshot
from codewm_lsp.server.states import States
from codewm_lsp.server.worker import Stop, Worker
from codewm_model.left_alone import holds_secrets

if TYPE_CHECKING:
    from codewm_lsp.engine.past_texts import Side

_log = logging.getLogger(__name__)

_SECONDS_TO_END = 2.0

T = TypeVar("T")


class Session:
    """Open documents, settings, work trees, and the two threads that work for them."""

    def __init__(self, tell: Callable[[str], None], following: Following) -> None:
        self._following = following
        self.folders = Folders()
        self.encoding: Encoding = "utf-16"
        self.action_literals = True
        self.resolves_commands = False
        self.markdown_hover = True
        self.shows_status = False
        """Whether the client shows by itself how the indexes stand."""
        self._problems: list[str] = []
        self._tell = tell
        self._told: set[object] = set()
        self._documents: dict[str, Document] = {}
        self._checkouts = Checkouts()
        self._bases = Bases()
        self._live: dict[Document, tuple[int, tuple[str, ...], LiveEdits]] = {}
        self._texts = Worker("texts")
        self._engine = Worker("engine")
        self.states = States(self._engine)

    def configure(self, given: object, folder: str | None = None) -> None:
        """Take over the client's settings, for a folder's files (None: it has none of its own) or for all others."""
        settings, problems = read_settings(given)
        self._problems += problems
        if folder is None:
            self.folders.settings = settings
        else:
            self.folders.configure(folder, None if given is None else settings)

    def change_folders(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Workspace folders came or went. What belongs to a folder that went is let go, unless it is still in use."""
        self.folders.remove(removed)
        self.folders.add(added)
        used = self._used()
        self._texts.submit(lambda: self._let_go(used))

    def report_settings(self) -> None:
        """Say once what of the settings was not usable; apart, for nothing may be said in `initialize`."""
        for problem in self._problems:
            self.tell_once(problem, problem)
        self._problems.clear()

    def tell_once(self, about: object, text: str) -> None:
        """Show a message to the person, one for each thing that it is `about`."""
        if about not in self._told:
            self._told.add(about)
            self._tell(text)

    def open(self, uri: str, version: int | None, text: str) -> None:
        """A document was opened. Its index is opened too, so that the first question finds it ready."""
        self.close(uri)
        document = Document(uri, path_of(uri), version, text, self.encoding)
        self._documents[document_key(uri)] = document
        self.states.follow(document)
        path = document.path
        if path is not None and not holds_secrets(path):
            loop = asyncio.get_running_loop()
            self._texts.submit(lambda: self._prepare(document, path, loop))

    def change(self, uri: str, version: int | None, changes: Sequence[Change]) -> None:
        """A document was changed; unknown ones are passed over."""
        document = self._documents.get(document_key(uri))
        if document is None:
            _log.warning("a change to a document that is not open: %s", uri)
        else:
            document.record(version, changes)
            self.states.follow(document)

    def close(self, uri: str) -> None:
        """A document was closed, or can no longer be followed."""
        document = self._documents.pop(document_key(uri), None)
        if document is not None:
            document.closed = True
            self.states.forget(document)
            self._texts.submit(lambda: self._live.pop(document, None))

    def snapshot(self, uri: str) -> Snapshot | None:
        """The document as it is now, None where it is not open."""
        document = self._documents.get(document_key(uri))
        if document is None:
            return None
        return Snapshot(document, document.version, document.revision, self.folders.settings_for(document.path))

    def asked(self, uri: str, version: int | None) -> Snapshot | Refusal:
        """The document as it is now, unless it is not open or no longer of the `version` that is asked about."""
        snapshot = self.snapshot(uri)
        if snapshot is None:
            return Refusal(None, "unsupported")
        return snapshot if version in (None, snapshot.version) else Refusal(snapshot.version, "stale")

    async def live_edits(self, snapshot: Snapshot) -> LiveEdits | None:
        """What the buffer changes, None for files that are left alone, are too large or lie outside of git.

        Raises StaleError.
        """
        path = snapshot.document.path
        if path is None or holds_secrets(path):
            return None
        try:
            live = await self._texts.run(lambda stop: self._live_edits(snapshot, path, stop))
        except TooLargeError:
            return None
        if live is not None:
            tree = live.checkout.work_tree
            for problem in live.problems:
                self.tell_once((tree, problem), f"{tree.name}: {problem}")
        return live

    async def changed_definitions(self, snapshot: Snapshot, live: LiveEdits) -> list[tuple[int, int, int]]:
        """Where the definitions with live edits begin, and the lines of the edits in each; see the engine's function.

        Raises StaleError.
        """

        def work(stop: Stop) -> list[tuple[int, int, int]]:
            from codewm_lsp.engine.definitions import changed_definitions

            snapshot.check()
            return changed_definitions(live.edits[0].path, content_lines(live.lines), live.edits)

        found = await self._engine.run(work) if live.edits else []
        snapshot.check()
        return found

    async def has_index(self, checkout: Checkout) -> bool:
        """Whether the work tree has an index; if not, the person is told so, once for each work tree."""
        found = checkout.is_open or await self._engine.run(lambda stop: checkout.has_index())
        if not found:
            self._complain(checkout)
        return found

    async def ask_history(
        self, snapshot: Snapshot, checkout: Checkout, ask: Callable[[Callable[[], None]], T | None]
    ) -> T | None:
        """What `ask` finds in the index, on the engine's thread; None without one, and then the person is told so.

        `ask` gets a function to call between its steps, which raises where nobody waits for the answer any more.
        Raises StaleError.
        """

        def work(stop: Stop) -> T | None:
            def check() -> None:
                stop.check()
                snapshot.check()

            check()
            return ask(check)

        found = await self._engine.run(work)
        snapshot.check()
        if found is None:
            self._complain(checkout)
        return found

    async def with_checkout(self, uri: str, work: Callable[[Checkout], T]) -> T | None:
        """Run `work`, which may read the disk, on the work tree of a file or folder; None outside of git."""
        path = path_of(uri)
        if path is None:
            return None

        def found(stop: Stop) -> T | None:
            place = self._checkouts.of(path)
            return work(place[0]) if place is not None else None

        return await self._texts.run(found)

    async def follow(self, uri: str | None = None) -> list[Followed]:
        """Follow the work tree of a file or folder, open or not; without, those of all folders and open documents."""
        paths, loop = self._used() if uri is None else [path_of(uri)], asyncio.get_running_loop()

        def found(stop: Stop) -> list[Followed]:
            self._checkouts.forget_misses()
            places = [self._checkouts.of(path) for path in paths if path is not None]
            trees = dict.fromkeys(place[0] for place in places if place is not None)
            return [self._following.start(checkout, loop) for checkout in trees]

        return await self._texts.run(found)

    def _used(self) -> list[Path]:
        return [*self.folders.paths, *(document.path for document in self._documents.values() if document.path)]

    async def past_text(self, commit: str, path: str, side: Side) -> str:
        """A file before or after a commit of an open repository.

        Raises HistoryError where git cannot give it.
        """
        folders = self.folders.paths
        return await self._texts.run(lambda stop: self._checkouts.past_text(folders, commit, path, side, stop.check))

    def end(self) -> bool:
        """Stop working; what runs is given a moment to end, and whether it has is said."""
        self._following.end()
        ended = [worker.close(_SECONDS_TO_END) for worker in (self.states, self._texts, self._engine)]
        return all(ended)

    def _complain(self, checkout: Checkout) -> None:
        if not self.shows_status:
            self.tell_once((checkout, checkout.complaint), f"{checkout.work_tree.name}: {checkout.complaint}")

    def _prepare(self, document: Document, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._checkouts.forget_misses()
            if (found := self._checkouts.of(path)) is not None:
                self._engine.submit(found[0].has_index)
                if not document.was_opened_too_large:
                    self._bases.opened(document, *found)
                self._following.start(found[0], loop)
        except Exception:
            # Nobody waits for this; the first question fails the same way and is answered.
            _log.exception("preparing for %s failed", path)

    def _let_go(self, used: Sequence[Path]) -> None:
        gone = self._checkouts.let_go(used)
        self._following.stop(gone)
        for checkout in gone:
            self._engine.submit(checkout.close)

    def _live_edits(self, snapshot: Snapshot, path: Path, stop: Stop) -> LiveEdits | None:
        snapshot.check()
        found = self._checkouts.of(path)
        if found is None:
            return None
        from codewm_model.linediff import diff_edits

        checkout, name = found
        base = self._bases.lines(snapshot.document, checkout, name)
        lines = snapshot.lines()
        settings, problems = checkout.settings(snapshot.settings)
        known = self._live.get(snapshot.document)
        if known is not None and known[0] == snapshot.revision and known[1] is base:
            return replace(known[2], settings=settings, problems=tuple(problems))
        stop.check()
        edits = tuple(diff_edits(name, base, content_lines(lines)))
        live = LiveEdits(checkout, edits, lines, settings, tuple(problems))
        self._live[snapshot.document] = (snapshot.revision, base, live)
        return live
