"""The contract of `Encoder` that other programs build on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_lsp.engine import Encoder

TIMEOUT = ("def f(s):\n    return s.get(url)\n", "def f(s):\n    return s.get(url, timeout=5)\n")
OTHER_TIMEOUT = ("def g(t):\n    x = t.get(link)\n", "def g(t):\n    x = t.get(link, timeout=9)\n")
IMPORT = ("import os\n", "import os\nfrom collections import deque\n")


def test_rows_are_unit_float32() -> None:
    rows = Encoder.default().encode_edits([TIMEOUT, OTHER_TIMEOUT, IMPORT])
    assert (rows.shape, rows.dtype) == ((3, Encoder.size), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_edits_are_no_rows() -> None:
    assert Encoder.default().encode_edits([]).shape == (0, Encoder.size)


def test_an_edit_is_nearer_to_its_like_than_to_another() -> None:
    timeout, other, imported = Encoder.default().encode_edits([TIMEOUT, OTHER_TIMEOUT, IMPORT])
    assert timeout @ other > timeout @ imported + 0.2


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    encoder = Encoder.default()
    together = encoder.encode_edits([IMPORT, TIMEOUT, OTHER_TIMEOUT])[1]
    assert np.array_equal(together, encoder.encode_edits([TIMEOUT])[0])


def test_adding_is_not_removing() -> None:
    added, removed = Encoder.default().encode_edits([TIMEOUT, TIMEOUT[::-1]])
    assert added @ removed < 0.6


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_have_a_row_of_length_one_or_zero(before: str, after: str) -> None:
    (row,) = Encoder.default().encode_edits([(before, after)])
    assert float(np.linalg.norm(row)) == pytest.approx(1.0 if row.any() else 0.0, abs=1e-5)
