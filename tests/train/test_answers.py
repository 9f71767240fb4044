"""Figures over seeds."""

from __future__ import annotations

import pytest

from codewm_train.answers import headlines, over_seeds


def test_spread_is_the_range_over_the_mean() -> None:
    table = over_seeds([{"a": 0.4, "b": 1.0}, {"a": 0.5, "b": 1.0}, {"a": 0.6, "b": 1.0}])
    assert table["a"]["values"] == [0.4, 0.5, 0.6]
    assert (table["a"]["mean"], table["a"]["spread"]) == pytest.approx((0.5, 0.4))
    assert table["b"]["spread"] == 0


def test_headlines_leave_out_what_no_seed_changes() -> None:
    ways = {"ours": 0.6, "borrowed": 0.2, "shuffled": 0.1, "copy": 0.0, "ridge": 0.3}
    found = {
        "next_state": {"copy_proof_knn1": ways, "rival_proof_knn1": ways, "knn1": ways},
        "rank": {"prediction": 80.0, "prediction_delta": 60.0, "true_delta": 80.0},
        "action_class_top5": {"prior": 0.2, "tfidf": 0.3, "states": 0.4},
        "sibling_mrr": {"learned": 0.2, "ranking+learned": 0.5, "ranking": 0.5},
        "rule_map": {"learned": 0.7, "ranking+learned": 0.9, "tfidf": 0.4},
    }
    named = headlines(found)
    assert named["copy_proof_knn1 ours"] == 0.6
    assert named["rank_delta_share"] == 0.75
    assert not [name for name in named if name.endswith((" copy", " ridge", " prior", " tfidf", " ranking"))]
