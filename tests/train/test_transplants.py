"""Afters that never were: the own surroundings, another edit's lines."""

from __future__ import annotations

import numpy as np
import pytest

from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.regions import region_pair
from codewm_model.tokenizer import tokenize
from codewm_train.batches import same_as_after
from codewm_train.mine import flat
from codewm_train.transplants import Positions, center_of, transplant, transplants

SHOP = """\
class Shop:
    def sell(self, item):
        price = item.price
        self.till.add(price)
        return price
"""
TAXED = SHOP.replace("price = item.price\n", "price = item.price * (1 + self.tax)\n")
CHECKED = SHOP.replace("        self.till.add(price)\n", "        if price:\n            self.till.add(price)\n")
LOGGED = SHOP.replace("        return price\n", "        log(item)\n        return price\n")
UNLOGGED_BUT_RETURNED = SHOP.replace("        return price\n", "")


def sides(before: str, after: str) -> tuple[Positions, Positions]:
    one, other = (flat(tokenize(region)) for region in region_pair(change_of(edit_between(before, after))))
    return one, other


def texts(side: Positions) -> list[int]:
    return side[:, 0].tolist()


def test_a_rival_is_what_the_source_would_be_with_the_other_edits_lines() -> None:
    before, after = sides(SHOP, TAXED)
    _, other = sides(SHOP, LOGGED)
    rival, center = transplant(before, after, other)
    made = SHOP.replace("        price = item.price\n", "        log(item)\n")
    assert texts(rival) == texts(sides(SHOP, made)[1])
    assert center == center_of(before)


def test_the_own_lines_put_back_give_the_own_after() -> None:
    for edited in (TAXED, CHECKED, LOGGED, UNLOGGED_BUT_RETURNED):
        before, after = sides(SHOP, edited)
        assert np.array_equal(transplant(before, after, after)[0][:, :2], after[:, :2])  # depths are shifted by a guess


def test_transplanted_lines_stand_as_deep_as_the_lines_they_replace() -> None:
    before, after = sides(
        "def f():\n    if a:\n        if b:\n            c()\n", "def f():\n    if a:\n        if b:\n            d()\n"
    )
    _, other = sides("x = 1\n", "y = 2\n")
    rival, center = transplant(before, after, other)
    assert rival[center, 2] == before[center, 2] > other[center_of(other), 2]


@pytest.mark.parametrize("positions", [8, 16, 128])
def test_rivals_fit_the_models_view_and_are_drawn_by_the_seed(positions: int) -> None:
    batch = [sides(SHOP, edited) for edited in (TAXED, CHECKED, LOGGED, UNLOGGED_BUT_RETURNED)]
    one, again = (transplants(np.random.default_rng(3), batch, 4, positions) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert max(map(len, one)) <= positions
    assert len(transplants(np.random.default_rng(3), batch, 0, positions)) == 0


def test_a_rival_that_reads_like_the_after_is_known_for_it() -> None:
    before, after = sides(SHOP, TAXED)
    rival = transplant(before, after, after)[0]
    assert same_as_after([before], [after], [rival, before]).tolist() == [[True, False, True, False]]
