"""Python source for property tests: real, broken, and with a stretch of it about to be replaced."""

from __future__ import annotations

import inspect
import tokenize

from hypothesis import strategies as st

REAL = inspect.getsource(tokenize).splitlines()[200:360]
PIECES = [
    "def f(", "):", '"""', "'", "\\", "    ", "class", "é = 'naïve ☃'", "(", ")]}", "f'{", "}'", "lambda", "# comment",
    "", "\t", "@", "if x:", "\x00", "\ud800", "\r", "async for", "match x:", "    case {", "else:", "=", "x" * 300,
]  # fmt: skip
broken_sources = st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(REAL)), max_size=25)


@st.composite
def replacements(draw: st.DrawFn) -> tuple[list[str], int, int, list[str]]:
    """Lines of code, real or broken, and a stretch of them (first, count) with the lines that come instead."""
    lines = draw(st.one_of(st.just(REAL), broken_sources))
    first = draw(st.integers(0, len(lines)))
    count = draw(st.integers(0, min(6, len(lines) - first)))
    return lines, first, count, draw(st.lists(st.sampled_from([*PIECES, *REAL]), max_size=5))
