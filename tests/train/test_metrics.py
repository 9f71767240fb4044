"""What the measures say of rankings made by hand."""

import numpy as np
import pytest

from codewm_model.edit import Edit
from codewm_train.metrics import Task, error_removed, judge, paired_bootstrap, rank_order

EDIT = Edit("a.py", (), 0, (), ("x",), 0)


def positions(*items):
    return np.array(items, dtype=np.intp)


def test_average_precision_weighs_every_answer_by_its_rank():
    found = judge(positions(7, 3, 9, 4), positions(7, 4))
    assert found == {"map": pytest.approx((1 / 1 + 2 / 4) / 2), "mrr": 1.0, "hit@1": 1.0, "hit@10": 1.0}


def test_reciprocal_rank_counts_to_the_first_answer_only():
    assert judge(positions(5, 6, 1, 2), positions(1, 2))["mrr"] == pytest.approx(1 / 3)


def test_a_query_without_an_answer_is_an_error_and_not_a_zero():
    with pytest.raises(ValueError):
        judge(positions(1, 2), positions())


def test_neither_the_query_nor_what_is_excluded_is_ranked():
    order = rank_order(np.array([9, 8, 7, 6], dtype=np.float32), 0, positions(2))
    assert order.tolist() == [1, 3]


def test_a_perfect_score_gives_one_and_the_worst_gives_what_its_ranks_give():
    task = Task("t", [EDIT] * 4, [0, 2], [positions(1), positions(3)], [positions(), positions(0)], ["a"] * 4)
    partner = {0: 1, 2: 3}

    def right(query):
        return np.eye(4, dtype=np.float32)[partner[query]]

    assert task.evaluate(right) == {"map": 1.0, "mrr": 1.0, "hit@1": 1.0, "hit@10": 1.0}
    worst = task.evaluate(lambda query: -right(query))
    assert worst["mrr"] == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_error_removed_is_the_share_of_what_the_baseline_left_to_gain():
    assert error_removed(0.75, 0.5) == 0.5
    assert error_removed(0.4, 0.5) == pytest.approx(-0.2)


def test_the_interval_of_a_sure_gain_excludes_zero_and_of_no_gain_holds_it():
    assert paired_bootstrap([0.9] * 50, [0.5] * 50) == pytest.approx((0.4, 0.4))
    low, high = paired_bootstrap([0.0, 1.0] * 50, [1.0, 0.0] * 50)
    assert low < 0 < high
