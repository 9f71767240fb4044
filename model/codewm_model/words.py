"""What a word is, and what its parts are: one rule for sketches and tokens."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def words(text: str) -> list[str]:
    """The words of a text, punctuation left out."""
    return _WORD.findall(text)


def subwords(word: str) -> list[str]:
    """The parts of a name at case, digits and underscores, in lower case; none for `_`."""
    return [part.lower() for part in _SUBWORD.findall(word)]
