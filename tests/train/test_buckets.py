"""Grouping the sides of a batch by length changes what is padded, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from datasets import TINY, random_side, tiny_preset

from codewm_model.nn.encoder import Encoded, Encoder
from codewm_train.batches import Batch, Sampler, collate
from codewm_train.buckets import encode_in_buckets, ranges_of_length
from codewm_train.data import Dataset
from codewm_train.step import TrainingStep


def batch(data: Dataset) -> Batch:
    preset = tiny_preset(place_pairs=8, topic_pairs=8)
    return Sampler(data, preset.training, TINY).batch(0)


@pytest.mark.parametrize("buckets", [2, 3, 4, 100])
def test_states_do_not_depend_on_the_grouping(data: Dataset, buckets: int) -> None:
    torch.manual_seed(0)
    encoder, seen = Encoder(TINY).eval(), batch(data)
    plain = encode_in_buckets(encoder, [seen.before, seen.after, seen.rival], 1)
    grouped = encode_in_buckets(encoder, [seen.before, seen.after, seen.rival], buckets)
    for one, other in zip(plain, grouped, strict=True):
        assert len(one.states) == len(other.states) == TINY.n_loops
        for a, b in zip([*one.states, one.focus, one.place], [*other.states, other.focus, other.place], strict=True):
            assert torch.allclose(a, b, atol=1e-5)
    assert not torch.allclose(plain[0].states[-1][0], plain[0].states[-1][1], atol=1e-2)


def test_gradients_do_not_depend_on_the_grouping_either(data: Dataset) -> None:
    found = []
    for buckets in (1, 4):
        torch.manual_seed(0)
        step = TrainingStep(tiny_preset(buckets=buckets))
        step(batch(data))[0].backward()
        found.append([weight.grad for weight in step.parameters() if weight.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*found, strict=True))


def test_a_group_is_padded_to_its_own_longest_and_no_side_is_read_twice() -> None:
    rng = np.random.default_rng(0)
    lengths = [[12, 3, 5], [1, 12, 7]]
    before, after = (collate([random_side(rng, length) for length in of_side]) for of_side in lengths)
    shown: list[tuple[int, int]] = []

    class Watched(Encoder):
        def forward(self, text: torch.Tensor, *rest: torch.Tensor) -> Encoded:
            shown.append(tuple(text.shape))  # type: ignore[arg-type]
            return super().forward(text, *rest)

    encode_in_buckets(Watched(TINY), [before, after], 4)
    assert shown == [(2, 3), (1, 5), (1, 7), (2, 12)]


def test_every_row_is_in_the_one_range_of_its_length() -> None:
    lengths = torch.tensor([0, 1, 31, 32, 33, 64, 65, 128, 128])
    groups = [(rows.tolist(), longest) for rows, longest in ranges_of_length(lengths, 4)]
    assert groups == [([0, 1, 2, 3], 32), ([4, 5], 64), ([6], 65), ([7, 8], 128)]
    assert [rows.tolist() for rows, _ in ranges_of_length(torch.tensor([0, 0]), 4)] == [[0, 1]]
