"""Which text a document's live edits are counted from: its base.

It is the file at HEAD, and follows HEAD. A file that HEAD does not know may be one that it knows by another name: then
its base is that one's. Whoever renames a file or saves it under another name goes on with the work that was begun, and
what has changed stays changed; only with a file that comes from nowhere does it begin at the text at open.
"""

from __future__ import annotations

from codewm_lsp.server.checkout import Checkout
from codewm_lsp.server.document import Document

_CLOSED_KEPT = 8  # documents; an editor closes a renamed one just before or after it opens the new one


class Bases:
    """Bases of the open documents. Belongs to the worker for texts."""

    def __init__(self) -> None:
        self._names: dict[Document, tuple[Checkout, str]] = {}
        self._origins: dict[Document, str | None] = {}

    def opened(self, document: Document, checkout: Checkout, name: str) -> None:
        """A document was opened, at the path `name` in a work tree."""
        self._origins[document] = self._origin(document, checkout, name)
        self._names[document] = (checkout, name)
        for closed in [known for known in self._names if known.closed][:-_CLOSED_KEPT]:
            del self._names[closed], self._origins[closed]

    def lines(self, document: Document, checkout: Checkout, name: str) -> tuple[str, ...]:
        """The base's lines without their ends; the same object as long as nothing has changed."""
        origin = self._origins.get(document)
        for known_as in (name, origin):
            if known_as is not None and (base := checkout.base_lines(known_as)) is not None:
                return base
        return document.opened_lines()

    def _origin(self, document: Document, checkout: Checkout, name: str) -> str | None:
        """By what name HEAD knows a file of a name that it does not know."""
        if checkout.base_lines(name) is not None or not any(document.opened_lines()):
            return None
        for other, (tree, other_name) in reversed(self._names.items()):
            if tree is checkout and other_name != name and other.newest_lines() == document.opened_lines():
                return self._origins[other] or other_name
        return checkout.moved_from(name, document.opened_lines())
