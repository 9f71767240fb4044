"""A document the slow way: one string, and an offset for each position. What the real one is compared with."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from codewm_lsp.server.convert import Encoding
from codewm_lsp.server.document import Change

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")

# Whatever some notion of a line end knows, and characters of every width, beside plain text.
PIECES = (
    "a",
    "bc",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\f",
    "\v",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "ä",
    "€",
    "漢",
    "😀",
    "👩‍🚀",
    "\ufeff",
)
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
positions = st.tuples(st.integers(0, 8), st.integers(0, 20))


def encoded_width(text: str, encoding: Encoding) -> int:
    """Code units as the encoder itself counts them."""
    name, unit = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    return len(text.encode(name, "surrogatepass")) // unit


def offset_of(text: str, line: int, units: int, encoding: Encoding) -> int:
    """Where a position lies in a plain string: LSP 3.17, "Text Documents" and "Position"."""
    starts = [0] + [end.end() for end in re.finditer(r"\r\n|\n|\r", text)]
    if line >= len(starts):
        return len(text)
    start = starts[line]
    end = re.compile(r"[\r\n]|\Z").search(text, start)
    assert end is not None
    here = start
    while here < end.start() and encoded_width(text[start : here + 1], encoding) <= units:
        here += 1
    return here


def edited(text: str, change: Change, encoding: Encoding) -> str:
    """The text after a change."""
    if change.span is None:
        return change.text
    first, last = sorted((offset_of(text, *change.span[:2], encoding), offset_of(text, *change.span[2:], encoding)))
    return text[:first] + change.text + text[last:]
