"""A document through its whole life, step by step beside a plain string: changes alone and in bursts, read or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from oracle import ENCODINGS, applied, positions, texts

from codewm_lsp.server.convert import Encoding
from codewm_lsp.server.document import Change, Document, StaleError, content_lines, split_keeping_ends
from codewm_model.edit import split_lines

partial = st.builds(lambda start, end, text: Change(text, (*start, *end)), positions, positions, texts)
whole = st.builds(Change, texts)


class DocumentMachine(RuleBasedStateMachine):
    """Clients send versions as they like; only the order of what they send counts."""

    @initialize(text=texts, encoding=st.sampled_from(ENCODINGS))
    def open(self, text: str, encoding: Encoding) -> None:
        self.encoding = encoding
        self.opened_with = self.text = text
        self.document = Document("file:///f.py", Path("/f.py"), 1, text, encoding)

    @rule(changes=st.lists(partial | whole, max_size=4), version=st.none() | st.integers(-3, 9))
    def change(self, changes: list[Change], version: int | None) -> None:
        self.document.record(version, changes)
        for change in changes:
            self.text = applied(self.text, change, self.encoding)
        assert self.document.version == version

    @rule(burst=st.lists(partial, min_size=2, max_size=6))
    def type_fast(self, burst: list[Change]) -> None:
        for change in burst:
            self.change([change], None)

    @rule()
    def read(self) -> None:
        lines = self.document.lines_at(self.document.revision)
        assert "".join(lines) == self.text
        assert list(lines) == split_keeping_ends(self.text)
        assert content_lines(lines) == split_lines(self.text.removeprefix("\ufeff"))

    @rule(back=st.integers(1, 3))
    def read_what_is_gone(self, back: int) -> None:
        with pytest.raises(StaleError):
            self.document.lines_at(self.document.revision - back)

    @rule(text=texts)
    def reopen(self, text: str) -> None:
        self.document.closed = True
        with pytest.raises(StaleError):
            self.document.lines_at(self.document.revision)
        self.open(text, self.encoding)

    @invariant()
    def the_text_at_open_stays(self) -> None:
        if hasattr(self, "document"):
            assert self.document.opened_lines() == split_lines(self.opened_with.removeprefix("\ufeff"))

    def teardown(self) -> None:
        if hasattr(self, "document"):
            self.read()


DocumentMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
test_a_document_is_its_text_whatever_happens = DocumentMachine.TestCase
