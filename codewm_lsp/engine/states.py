"""The states of a text that is being typed: made for the places that are asked about, and only where tokens are new.

With a state comes what the model tells of edits at that line, from the same run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from codewm_lsp.engine.buffer import Buffer, Splice, touched
from codewm_lsp.engine.encoder import EncodedPlace, Encoder
from codewm_model.languages import Language
from codewm_model.tokenizer import TokenSequence


class LiveStates:
    """One text followed from change to change. One thread at a time.

    `milliseconds` says what its present version has cost so far: to `parse` it, to `tokenize` and `encode` its places.
    """

    def __init__(self, language: Language, lines: Sequence[str], encoder: Encoder) -> None:
        self._encoder = encoder
        self._touched: list[tuple[int, int]] = []
        self._tokens: dict[int, TokenSequence] = {}  # by line, of the present version
        self.milliseconds = _nothing()
        with self._timed("parse"):
            self.buffer = Buffer.parse(language, lines)

    def change(self, splices: Sequence[Splice]) -> None:
        """Take over changes; no state is made before one is asked for."""
        self.milliseconds = _nothing()
        self._tokens.clear()
        self._touched = touched(splices)
        with self._timed("parse"):
            self.buffer = self.buffer.edited(splices)

    def touched_lines(self) -> Iterator[int]:
        """Lines whose states the last change made old: where it ended, which is where the cursor is, comes first.

        After those, where lines were added: the first line of each place that stands there.
        """
        spans = [(first, max(first + 1, end)) for first, end in reversed(self._touched)]
        yield from (end - 1 for _, end in spans)
        for first, end in spans:
            if end - first > 1:
                yield from (place.first for place in self.buffer.places(first, end))

    def encoded_at(self, line: int) -> EncodedPlace:
        """What the model makes of a line, 0-based: the state of the region around it, and what is likely there.

        Raises:
            BundleError, DependencyError: the model cannot be run.
        """
        tokens = self._tokens_at(line)
        with self._timed("encode"):
            (encoded,) = self._encoder.encode_tokens([tokens])
        return encoded

    def known_at(self, line: int) -> EncodedPlace | None:
        """The same where it is remembered, None where the model would have to run."""
        tokens = self._tokens_at(line)
        return self._encoder.encode_tokens([tokens])[0] if self._encoder.remembers(tokens) else None

    def _tokens_at(self, line: int) -> TokenSequence:
        """What the model is shown around a line: no more leaves are read than it has positions, for each has one."""
        known = self._tokens.get(line)
        if known is None:
            with self._timed("tokenize"):
                region = self.buffer.region_at(line, self._encoder.bundle.config.positions)
                known = self._tokens[line] = self._encoder.tokens(region)
        return known

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.milliseconds[what] += (time.perf_counter() - start) * 1000


def _nothing() -> dict[str, float]:
    return dict.fromkeys(("parse", "tokenize", "encode"), 0.0)
