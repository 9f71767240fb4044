"""Sketches and keys: what makes two edits near, what keeps them apart, and that nothing depends on the process."""

from __future__ import annotations

import numpy as np
import pytest

from codewm_model.bundle import LearnedWeight
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.idf import BUCKETS, bucket, idf
from codewm_model.ranking import FeatureMatrix, Ranker, fuse, reasons, weighed
from codewm_model.sketch import KEY_SIZE, MAX_FEATURES, Sketch, directions, index_keys, project, sketch
from codewm_model.version import key_version, representation_version


def made(before: str, after: str, path: str = "a.py") -> Sketch:
    return sketch(change_of(edit_between(before, after, path)))


TIMEOUT = made("r = get(url)\n", "r = get(url, timeout=3)\n")
RETRIES = made("answer = ask(host)\n", "answer = ask(host, tries=9)\n")
REMOVED = made("r = get(url, timeout=3)\n", "r = get(url)\n")
IMPORT = made("import os\n", "import os\nimport re\n")


def channels(one: Sketch, two: Sketch) -> tuple[float, float]:
    lexical, structural = Ranker.of([two]).channels(one)
    return float(lexical[0]), float(structural[0])


def test_the_same_kind_of_edit_with_other_names_is_near_in_structure_alone() -> None:
    lexical, structural = channels(TIMEOUT, RETRIES)
    assert lexical < 0.05
    assert structural > 0.99


def test_adding_is_not_removing() -> None:
    assert channels(TIMEOUT, REMOVED)[1] < 0.1


def test_an_edit_is_nearest_to_itself_in_both_channels() -> None:
    assert channels(IMPORT, IMPORT) == pytest.approx((1.0, 1.0), abs=1e-5)


def test_text_without_a_grammar_has_a_lexical_sketch_only() -> None:
    both = made("old words here\n", "new words here\n", "notes.rst")
    assert len(both.lexical.hashes) > 0
    assert len(both.structural.hashes) == 0


def test_the_key_keeps_the_order_of_the_exact_channels() -> None:
    keys = project([TIMEOUT, RETRIES, REMOVED, IMPORT])
    assert keys.shape == (4, KEY_SIZE)
    assert np.linalg.norm(keys, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    products = keys @ keys[0]
    assert products[1] > products[3] + 0.1


def test_projected_products_are_unbiased_estimates_of_exact_ones() -> None:
    rng = np.random.default_rng(0)
    hashes = np.unique(rng.integers(0, 1 << 32, 400, dtype=np.uint32))
    signs = directions(hashes, 128)
    assert abs(float(signs.mean())) < 0.02
    products = signs @ signs.T / 128 - np.eye(len(hashes))
    assert abs(float(products.mean())) < 0.001
    assert float(products.std()) == pytest.approx(128**-0.5, rel=0.05)


def test_an_edit_of_nothing_has_no_features_and_a_zero_key() -> None:
    both = made("x = 1\n", "x = 1\n")
    assert len(both.lexical.hashes) + len(both.structural.hashes) == 0
    assert not project([both]).any()


def test_a_huge_edit_keeps_only_its_heaviest_features() -> None:
    lines = "\n".join(f"name_{i} = other_{i} + {i}" for i in range(3000))
    both = made("", lines + "\n")
    assert len(both.lexical.hashes) <= 2 * MAX_FEATURES
    assert len(both.structural.hashes) <= MAX_FEATURES


def test_hashes_ascend_and_say_the_side_in_their_lowest_bit() -> None:
    hashes = TIMEOUT.structural.hashes
    assert (np.diff(hashes.astype(np.int64)) > 0).all()
    assert {int(h) & 1 for h in made("a\n", "b\n").lexical.hashes} == {0, 1}


def test_rare_features_weigh_more_than_common_ones() -> None:
    common, rare = (made("", f"{name}\n", "a.txt").lexical.hashes for name in ("self", "zyzzyva"))
    assert idf(rare).mean() > idf(common).mean() + 2


def test_both_sides_share_a_document_frequency() -> None:
    hashes = np.arange(0, 2000, 2, dtype=np.uint32) * np.uint32(7919)
    assert (bucket(hashes) == bucket(hashes | np.uint32(1))).all()
    assert int(bucket(hashes).max()) < BUCKETS


def test_cosines_with_a_matrix_are_those_with_each_row() -> None:
    rows = [TIMEOUT.lexical, IMPORT.lexical, REMOVED.lexical]
    together = FeatureMatrix.of(rows).cosines(TIMEOUT.lexical)
    alone = [float(FeatureMatrix.of([row]).cosines(TIMEOUT.lexical)[0]) for row in rows]
    assert together.tolist() == pytest.approx(alone)
    dense = [dict(zip(row.hashes.tolist(), row.weights.tolist(), strict=True)) for row in rows]
    by_hand = [sum(dense[0].get(h, 0.0) * w for h, w in row.items()) for row in dense]
    assert together.tolist() == pytest.approx(by_hand, abs=1e-5)


def test_an_empty_gallery_and_an_empty_query_have_cosines() -> None:
    nothing = made("", "").lexical
    assert FeatureMatrix.of([]).cosines(TIMEOUT.lexical).tolist() == []
    assert FeatureMatrix.of([nothing, TIMEOUT.lexical]).cosines(nothing).tolist() == [0.0, 0.0]


def test_the_score_of_an_equal_edit_is_one() -> None:
    assert float(fuse(*Ranker.of([IMPORT]).channels(IMPORT))[0]) == pytest.approx(1.0, abs=1e-5)


def test_a_learned_channel_takes_its_share_and_one_of_zero_changes_nothing() -> None:
    lexical, structural = Ranker.of([IMPORT, TIMEOUT]).channels(IMPORT)
    learned = np.array([0.5, -0.5], np.float32)
    without = fuse(lexical, structural)
    assert np.array_equal(fuse(lexical, structural, learned, 0.0), without)
    assert np.array_equal(fuse(lexical, structural, None, 0.3), without)
    assert fuse(lexical, structural, learned, 0.3) == pytest.approx(0.7 * without + 0.3 * learned)


def test_the_halves_of_an_embedding_count_by_their_weights() -> None:
    rng = np.random.default_rng(0)
    halves = rng.normal(size=(2, 2, 4))
    halves /= np.linalg.norm(halves, axis=2, keepdims=True)
    one, other = (np.concatenate(pair).astype(np.float32) * np.float32(0.5**0.5) for pair in halves)
    kind, topic = (float(halves[0, i] @ halves[1, i]) for i in range(2))
    for weight, expected in (
        (LearnedWeight(kind=0.2), kind),
        (LearnedWeight(topic=0.1), topic),
        (LearnedWeight(kind=0.1, topic=0.3), (kind + 3 * topic) / 4),
    ):
        assert float(weighed(one, weight) @ other) == pytest.approx(expected, abs=1e-6)
        assert float(weighed(one, weight) @ one) == pytest.approx(1, abs=1e-6)


def test_a_learned_part_of_the_key_takes_its_share_and_one_of_zero_takes_no_room() -> None:
    sketches = [TIMEOUT, RETRIES, made("", "")]
    learned = np.eye(3, 5, dtype=np.float32)
    learned[1] = 0  # an edit that the model does not see
    plain, keys = project(sketches), index_keys(sketches, learned, 0.36)
    assert np.array_equal(index_keys(sketches, learned, 0.0), plain)
    assert keys.shape == (3, KEY_SIZE + 5)
    assert np.linalg.norm(keys, axis=1) == pytest.approx([1, 1, 0], abs=1e-5)
    assert keys[0, KEY_SIZE:] == pytest.approx(0.6 * learned[0])
    assert keys[1, :KEY_SIZE] == pytest.approx(plain[1], abs=1e-6)


@pytest.mark.parametrize(
    ("cosines", "expected"),
    [
        ((0.5, 0.9), ("same names", "same shape")),
        ((0.5, 0.1), ("same names",)),
        ((0.1, 0.9), ("same shape",)),
        ((0.2, 0.1), ("some of the same names",)),
        ((0.1, 0.2), ("a similar shape",)),
        ((0.5, 0.1, 0.9), ("same names", "near in the model")),
        ((0.1, 0.2, 0.9), ("near in the model",)),
        ((0.1, 0.2, 0.3), ("a similar shape",)),
    ],
)
def test_reasons_name_the_channels(cosines: tuple[float, ...], expected: tuple[str, ...]) -> None:
    assert reasons(*cosines) == expected


def test_the_version_changes_with_behaviour_and_not_without(monkeypatch: pytest.MonkeyPatch) -> None:
    version = representation_version.__wrapped__()
    assert version == representation_version()
    monkeypatch.setattr("codewm_model.sketch.PAIR", 0.9)
    assert representation_version.__wrapped__() != version


def test_another_projection_is_another_version_of_the_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, keys = representation_version(), key_version()
    monkeypatch.setattr("codewm_model.sketch.KEY_LEXICAL", 0.5)
    assert key_version.__wrapped__() != keys
    assert representation_version.__wrapped__() == stored
