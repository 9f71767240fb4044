"""Which edits the page of docs/demo may read otherwise."""

from __future__ import annotations

import pytest
from docs_recovery import recovered_otherwise

from codewm_model.edit import edit_between


@pytest.mark.parametrize("after", ["", "x = '😀' + 𝒳\n", "def f(:\n    return\n", "s = '\ud800'\n"])
def test_code_that_recovers_in_one_way_has_one_tree(after: str) -> None:
    assert not recovered_otherwise(edit_between("x = 1\n", after))


def test_text_that_is_no_code_may_have_two() -> None:
    text = "d and nowhere e t of the product starts without it."
    assert recovered_otherwise(edit_between("", text))
    assert recovered_otherwise(edit_between(text, ""))
