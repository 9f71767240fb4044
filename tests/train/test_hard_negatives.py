"""Hard negatives: with an edit, a batch holds other edits of its file and of its commit, and they are wrong answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import TINY, Shard, made_up, number_of, stored, tiny_preset

from codewm_train.batches import Sampler
from codewm_train.data import Dataset
from codewm_train.losses.info_nce import NextStateInfoNCE

PAIRS = 3
TRAINING = replace(tiny_preset().training, place_pairs=PAIRS, topic_pairs=PAIRS, kind_pairs=0, repositories=1)


def some_alone() -> Shard:
    """Thirty edits: of commits of three and one; some places hold one edit in a file of several, some files one."""
    shard = made_up("me/box")
    shard.commits = [f"{i // 3 if i < 24 else i}" for i in range(30)]
    shard.places = [
        (f"part_{i % 4}.py", f"function_{i % 8}") if i < 20 else (f"part_{i % 4}.py" if i < 25 else f"{i}.py", f"{i}")
        for i in range(30)
    ]
    return shard


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return stored(tmp_path_factory.mktemp("data"), [some_alone()])


def drawn(data: Dataset) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The place and the topic pairs of many batches, as places in the dataset."""
    sampler = Sampler(data, TRAINING, TINY)
    numbers = number_of(data.actions)
    pairs: list[tuple[int, int]] = []
    for step in range(60):
        rows = [numbers.index(number) for number in number_of(sampler.batch(step).action.numpy())]
        pairs += zip(rows[::2], rows[1::2], strict=True)
    place = [pair for i, pair in enumerate(pairs) if i % (2 * PAIRS) < PAIRS]
    return place, [pair for i, pair in enumerate(pairs) if i % (2 * PAIRS) >= PAIRS]


def company(labels: np.ndarray, i: int) -> bool:
    return int((labels == labels[i]).sum()) > 1


def test_an_edit_comes_with_another_of_its_place_else_of_its_file_wherever_there_is_one(data: Dataset) -> None:
    place, path = np.array(data.place), np.array(data.path)
    alone_in_place = alone_in_file = 0
    for i, j in drawn(data)[0]:
        if company(place, i):
            assert i != j and place[i] == place[j]
        elif company(path, i):
            assert i != j and path[i] == path[j]
            alone_in_place += 1
        else:
            alone_in_file += 1
    assert alone_in_place and alone_in_file


def test_an_edit_comes_with_another_of_its_commit_wherever_there_is_one(data: Dataset) -> None:
    commit = np.array(data.commit)
    pairs = drawn(data)[1]
    accompanied = [(i, j) for i, j in pairs if company(commit, i)]
    assert 0 < len(accompanied) < len(pairs)
    assert all(i != j and commit[i] == commit[j] for i, j in accompanied)


def test_every_edit_and_every_other_of_its_file_and_commit_can_be_drawn_together(data: Dataset) -> None:
    place_pairs, topic_pairs = drawn(data)
    commit = np.array(data.commit)
    wanted = {(i, j) for i in range(24) for j in range(24) if i != j and commit[i] == commit[j]}
    assert wanted <= {pair for one, other in topic_pairs for pair in ((one, other), (other, one))}
    assert {i for pair in place_pairs for i in pair} == set(range(30))


def test_the_other_edit_of_a_pair_is_a_wrong_answer() -> None:
    torch.manual_seed(0)
    before, after = torch.randn(6, 8), torch.randn(6, 8)
    same = torch.zeros(6, 12, dtype=torch.bool)
    loss = NextStateInfoNCE()
    for i in range(6):
        partner = i + 1 - 2 * (i % 2)
        right, wrong = after.clone(), after.clone()
        wrong[i] = after[partner]
        assert loss(right, after, before, same) < loss(wrong, after, before, same)
        wrong[i] = before[partner]
        assert loss(right, after, before, same) < loss(wrong, after, before, same)
