"""Messages come out whole however the stream is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_lsp.server.framing import Framer, FramingError, frame


@given(bodies=st.lists(st.binary(max_size=40), max_size=5), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_cutting_the_stream_anywhere_changes_nothing(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, bodies))
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    framer = Framer()
    got = [body for start, end in pairwise(marks) for body in framer.feed(stream[start:end])]
    assert got == bodies


def test_other_headers_and_any_case_are_taken() -> None:
    stream = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:2\r\n\r\n{}"
    assert Framer().feed(stream) == [b"{}"]


@pytest.mark.parametrize(
    "stream",
    [
        b"\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: ten\r\n\r\n",
        b"Content-Length: 999999999999\r\n\r\n",
        b"Content-Length: 9999999999999999999999\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_a_stream_without_lengths_is_given_up(stream: bytes) -> None:
    with pytest.raises(FramingError):
        Framer().feed(stream)
