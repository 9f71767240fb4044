"""What a code action or a code lens offers: the lines it stands for, which the client keeps until it is resolved."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from codewm_lsp.server.messages import SHOW_SIMILAR_EDITS
from codewm_lsp.server.protocol import invalid_params
from codewm_lsp.server.session import Session
from codewm_lsp.server.settings import MOST_HITS
from codewm_lsp.server.similar_edits import Selection, similar_edits


@dataclass(frozen=True, slots=True)
class Offer:
    """Lines `first` to `last` of a document, 1-based and inclusive; without `last` the edit nearest to `first`."""

    uri: str
    first: int
    last: int | None
    version: int | None

    @property
    def selection(self) -> Selection:
        """The edits that are meant."""
        return Selection(self.first, self.last or self.first, is_cursor=self.last is None)

    def command(self, title: str, name: str = SHOW_SIMILAR_EDITS) -> types.Command:
        """The command that shows the past edits, or another one with the same arguments."""
        return types.Command(title, name, arguments=self.to_json())

    def to_json(self) -> list[int | str | None]:
        """The command's arguments: `[uri, line, version]` or `[uri, line, version, last line]`, lines from 0."""
        arguments: list[int | str | None] = [self.uri, self.first - 1, self.version]
        return arguments if self.last is None else [*arguments, self.last - 1]


async def count_close(session: Session, offer: Offer) -> int | None:
    """How many past edits share more than some names or a vague shape with the offered edits; at most 50 of each.

    None where there is nothing to count, or not any more.
    """
    from codewm_model.ranking import WEAK_REASONS

    answer = await similar_edits(session, offer.uri, offer.selection, offer.version, MOST_HITS, diffs=False)
    if answer["status"] != "ok":
        return None
    hits = {
        (hit["commit"], hit["path"], *hit["lines"])
        for edit in answer["edits"]
        for hit in edit["hits"]
        if not set(hit["reasons"]) <= set(WEAK_REASONS)
    }
    return len(hits)


def read_offer(given: object) -> Offer:
    """What `Offer.to_json` made; checked by hand, for it comes as `LSPAny`, which the protocol's types let through.

    Raises an invalid-params error.
    """
    values = list(given) if isinstance(given, list | tuple) else []
    if not 2 <= len(values) <= 4:
        raise invalid_params("the arguments are [uri, line, version, last line]")
    uri, line, version, last = (*values, None, None)[:4]
    if not isinstance(uri, str):
        raise invalid_params("the first argument is the document's URI")
    if not _is_number(line) or line < 0:
        raise invalid_params("the second argument is a line, counted from 0")
    if version is not None and not _is_number(version):
        raise invalid_params("the third argument is the document's version, or null")
    if last is not None and (not _is_number(last) or last < line):
        raise invalid_params("the fourth argument is a line not before the second, or null")
    return Offer(uri, line + 1, None if last is None else last + 1, version)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
