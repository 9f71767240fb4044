"""Datasets made up for the trainer's tests: random edits of a few positions, stored as `mine` stores them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from codewm_model.actions import ACTION_SIZE
from codewm_model.nn.config import ModelConfig
from codewm_model.regions import CHANGED, ON_CHANGED_LINE, UNCHANGED
from codewm_model.tokenizer import MAX_DEPTH, PARENT_BUCKETS, TEXT_BUCKETS
from codewm_train.data import CENTER_FLAG, NAME_FLAG, Dataset, Shard, pack, write_shard
from codewm_train.losses.objective import LossWeights
from codewm_train.presets import Preset, TrainingConfig

TINY = ModelConfig(d_model=16, n_heads=2, n_loops=2, d_text=8, d_hidden=24, d_predictor=24, d_head=16, d_edit=8,
                   positions=12, max_positions=16)  # fmt: skip
TINY_TOML = """\
[training]
steps = {steps}
place_pairs = 2
topic_pairs = 2
kind_pairs = 2
warmup = 2

[model]
d_model = 16
n_heads = 2
n_loops = 2
d_text = 8
d_hidden = 24
d_predictor = 24
d_head = 16
d_edit = 8
positions = 12
max_positions = 16
"""
_NUMBER = 128  # an edit's number over this is exact in half precision


def tiny_preset(**training: object) -> Preset:
    """A run of seconds; `training` replaces its settings."""
    given = {"steps": 6, "place_pairs": 2, "topic_pairs": 2, "kind_pairs": 2, "warmup": 2} | training
    return Preset(TrainingConfig(**given), LossWeights(), TINY)  # type: ignore[arg-type]


def random_side(rng: np.random.Generator, length: int) -> np.ndarray:
    """Positions `[P, 4]` uint16, some of them names, on a changed line, or changed."""
    marks = rng.choice([UNCHANGED, ON_CHANGED_LINE, CHANGED], length) + NAME_FLAG * rng.integers(0, 2, length)
    marks[length // 2 : length // 2 + 1] += CENTER_FLAG
    tops = (TEXT_BUCKETS, PARENT_BUCKETS, MAX_DEPTH)
    return np.stack([*(rng.integers(1, top, length) for top in tops), marks], axis=1).astype(np.uint16)


def made_up(repository: str, edits: int = 30, first: int = 0) -> Shard:
    """Edits that replace one token by what their action says: three a commit, five shapes and none, eight places.

    They are numbered from `first` on: `number_of` finds the number in their actions.
    """
    shard = Shard(repository, "MIT", "0" * 40)
    for i in range(first, first + edits):
        rng = np.random.default_rng(i)
        before = random_side(rng, int(rng.integers(4, TINY.positions + 1)))
        after = before.copy()
        after[0] = 1 + i % 5, 1, 1, CHANGED
        action = np.zeros(ACTION_SIZE, np.float32)
        action[0], action[1 + i % 5] = i / _NUMBER, 1
        place = (f"part_{i % 4}.py", f"function_{i % 8}")
        shard.add(f"commit {i // 3}", place, before, after, action, i % 6)
    return shard


def number_of(actions: np.ndarray) -> list[int]:
    """Which edit each of the actions `[B, A]` is of."""
    return [round(float(value) * _NUMBER) for value in actions[:, 0]]


def stored(folder: Path, shards: Sequence[Shard]) -> Dataset:
    """The dataset that `pack` makes of these in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i}.npz" for i in range(len(shards))]
    for path, shard in zip(paths, shards, strict=True):
        write_shard(shard, path)
    pack(paths, folder, limit=8000)
    return Dataset.open(folder)


def tiny_dataset(folder: Path) -> Dataset:
    """Sixty edits of two repositories."""
    return stored(folder, [made_up("me/box"), made_up("me/tin", first=30)])
