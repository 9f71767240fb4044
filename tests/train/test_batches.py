"""What a step sees: always the same for its seed, step and rank, and pairs that are what they are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import TINY, made_up, number_of, random_side, stored, tiny_dataset, tiny_preset
from hypothesis import given
from hypothesis import strategies as st

from codewm_model.regions import CHANGED, UNCHANGED, view
from codewm_model.tokenizer import TEXT_BUCKETS
from codewm_train.batches import Batch, Positions, Sampler, collate, cropped, replace_names, same_as_after, same_reading
from codewm_train.data import CENTER_FLAG, MARKS, NAME_FLAG, Dataset
from codewm_train.presets import TrainingConfig

TRAINING = replace(tiny_preset().training, renamed=0.0)
PLACE, TOPIC, KIND = slice(0, 4), slice(4, 8), slice(8, 12)  # of a batch: two pairs of each
STEPS = range(20)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data"))


def batches(data: Dataset, training: TrainingConfig = TRAINING) -> list[tuple[Batch, list[int]]]:
    """Some batches, each with the places in the dataset that its edits come from."""
    sampler = Sampler(data, training, TINY)
    made = [sampler.batch(step) for step in STEPS]
    return [(one, [number_of(data.actions).index(number) for number in number_of(one.action.numpy())]) for one in made]


def pairs(values: np.ndarray, rows: list[int], part: slice) -> list[tuple[int, int]]:
    chosen = values[rows][part].tolist()
    return list(zip(chosen[::2], chosen[1::2], strict=True))


def equal(one: Batch, other: Batch) -> bool:
    def tensors(batch: Batch) -> list[torch.Tensor]:
        return [*batch.before, *batch.after, batch.action, batch.commit, batch.signature, batch.reads]

    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


def test_a_batch_depends_on_seed_step_and_rank_alone(data: Dataset) -> None:
    sampler = Sampler(data, TRAINING, TINY)
    sampler.batch(0)
    assert equal(sampler.batch(5), Sampler(data, TRAINING, TINY).batch(5))
    others = [
        sampler.batch(6),
        Sampler(data, TRAINING, TINY, rank=1).batch(5),
        Sampler(data, replace(TRAINING, seed=1), TINY).batch(5),
    ]
    assert not any(equal(sampler.batch(5), other) for other in others)


def test_the_first_pairs_are_of_one_place_and_the_next_of_one_commit(data: Dataset) -> None:
    for batch, rows in batches(data):
        for values, part in ((data.place, PLACE), (data.commit, TOPIC)):
            assert all(one == other for one, other in pairs(values, rows, part))
        assert all(one != other for one, other in pairs(np.arange(len(data)), rows, slice(0, 8)))
        assert batch.commit.tolist() == data.commit[rows].tolist()


def test_kind_pairs_are_of_one_shape_and_of_different_commits(data: Dataset) -> None:
    for batch, rows in batches(data):
        assert all(one == other != 0 for one, other in pairs(data.signature, rows, KIND))
        assert all(one != other for one, other in pairs(data.commit, rows, KIND))
        shapes = data.signature[rows].astype(int)
        assert batch.signature.tolist() == np.where(shapes == 0, -1, shapes).tolist()


def test_place_and_topic_pairs_come_from_few_repositories(data: Dataset) -> None:
    found = [set(data.repository[rows[:8]].tolist()) for _, rows in batches(data, replace(TRAINING, repositories=1))]
    assert {len(repositories) for repositories in found} == {1}
    assert set.union(*found) == {0, 1}


def test_where_no_shape_recurs_there_are_no_kind_pairs(tmp_path: Path) -> None:
    shard = made_up("me/box")
    shard.signatures[:] = range(1, len(shard.signatures) + 1)
    assert len(Sampler(stored(tmp_path, [shard]), TRAINING, TINY).batch(0).commit) == 8


def test_a_model_that_may_not_know_the_action_never_sees_one(data: Dataset) -> None:
    batch = Sampler(data, replace(TRAINING, use_action=False), TINY).batch(0)
    assert not batch.action.any()
    assert Sampler(data, TRAINING, TINY).batch(0).action.any()


def shown(batch: Batch, row: int) -> list[Positions]:
    """Both sides of an edit of the batch, without the padding."""
    sides = [torch.stack(tuple(side), dim=-1)[row].numpy() for side in (batch.before, batch.after)]
    return [side[side[:, 0] > 0] for side in sides]


@pytest.mark.parametrize("renamed", [0.0, 1.0])
def test_renaming_gives_a_name_one_other_name_on_both_sides_and_touches_nothing_else(
    data: Dataset, renamed: float
) -> None:
    changed: set[int] = set()
    for batch, rows in batches(data, replace(TRAINING, renamed=renamed)):
        for row, i in enumerate(rows):
            names: dict[int, int] = {}
            for side, new in zip(("before", "after"), shown(batch, row), strict=True):
                old = data.side(side, i).astype(int)
                is_name = old[:, 3] & NAME_FLAG > 0
                assert np.array_equal(new[:, 3], old[:, 3] & (MARKS | CENTER_FLAG))
                assert np.array_equal(new[:, 1:3], old[:, 1:3])
                assert np.array_equal(new[~is_name, 0], old[~is_name, 0])
                for name, now in zip(old[is_name, 0].tolist(), new[is_name, 0].tolist(), strict=True):
                    assert names.setdefault(name, now) == now
                    assert 0 < now < TEXT_BUCKETS
            if any(name != now for name, now in names.items()):
                changed.add(row)
    second_of_kind, nowhere_near = {9, 11}, set(range(4, 12))
    assert changed == (nowhere_near if renamed else second_of_kind), "edits of one place keep their names"


def test_most_names_are_replaced_and_what_only_reads_like_one_stays() -> None:
    side = np.tile(random_side(np.random.default_rng(0), 500), (2, 1))
    side[:500, 3], side[500:, 3] = NAME_FLAG, CHANGED
    new = side.copy()
    replace_names([new], np.random.default_rng(0))
    assert 0.5 < (new[:500, 0] != side[:500, 0]).mean() < 0.7
    assert np.array_equal(new[500:], side[500:])


SIDES = st.tuples(st.integers(0, 40), st.integers(0, 60), st.integers(0, 40))


def marked(head: int, focus: int, tail: int) -> Positions:
    """Positions numbered by their text; the focus is marked, and where it begins, or would if it were none."""
    side = np.zeros((head + focus + tail, 4), np.uint16)
    side[:, 0] = np.arange(1, len(side) + 1)
    side[head : head + focus, 3] = CHANGED + NAME_FLAG
    side[head : head + 1, 3] += CENTER_FLAG
    return side


@given(SIDES, st.integers(1, 50))
def test_a_crop_is_the_view_that_regions_are_cut_to(parts: tuple[int, int, int], positions: int) -> None:
    side, (head, focus, _) = marked(*parts), parts
    start, stop = view(head, len(side), positions)
    crop = cropped(side, positions)
    assert np.array_equal(crop, side[start:stop])
    assert (crop[:, 3] & MARKS != UNCHANGED).sum() == max(0, min(focus, stop - head))


def test_a_side_without_a_changed_line_is_cut_around_the_place_of_the_change() -> None:
    side = marked(40, 0, 20)
    assert cropped(side, 5)[:, 0].tolist() == [39, 40, 41, 42, 43]


def test_padding_is_bucket_zero_and_of_the_flags_the_marks_are_left_and_where_the_change_begins() -> None:
    sides = [random_side(np.random.default_rng(i), length) for i, length in enumerate((3, 7, 0))]
    tokens = collate(sides)
    assert tokens.text.shape == (3, 7)
    assert (tokens.text == 0).sum(dim=1).tolist() == [4, 0, 7]
    assert tokens.mark[1].tolist() == (sides[1][:, 3] & (MARKS | CENTER_FLAG)).tolist()
    assert collate([sides[2]]).text.shape == (1, 1)


def test_what_reads_like_an_edits_after_is_known_but_not_its_own_before() -> None:
    a, b, c = (random_side(np.random.default_rng(i), 5) for i in range(3))
    marked_otherwise = a.copy()
    marked_otherwise[:, 3] = UNCHANGED
    before, after = [a, b, a], [a, marked_otherwise, c]
    own, others = same_as_after(before, after)[:, :3], same_as_after(before, after)[:, 3:]
    assert own.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    assert others.tolist() == [[False, False, True], [True, False, True], [False, False, False]]


def test_the_batch_says_which_of_its_sides_read_alike(data: Dataset) -> None:
    batch = Sampler(data, TRAINING, TINY).batch(3)
    befores, afters = zip(*(shown(batch, row) for row in range(12)), strict=True)
    same = same_reading(batch.reads, batch.rival_reads)
    assert np.array_equal(same.numpy(), same_as_after(befores, afters))
    assert same.diagonal().all()
