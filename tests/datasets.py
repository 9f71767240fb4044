"""Datasets made up for the trainer's tests: random edits of a few positions, stored as `mine` stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from codewm_model.actions import ACTION_SIZE
from codewm_model.nn.config import ModelConfig
from codewm_model.regions import CHANGED, ON_CHANGED_LINE, UNCHANGED
from codewm_model.tokenizer import MAX_DEPTH, PARENT_BUCKETS, TEXT_BUCKETS
from codewm_train.data import CENTER_FLAG, NAME_FLAG, Dataset, pack
from codewm_train.losses.objective import LossWeights
from codewm_train.presets import Preset, TrainingConfig
from codewm_train.shards import ShardWriter, Source

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


@dataclass
class Shard:
    """Edits of one repository, before they are stored; a test may change them."""

    repository: str
    licence: str
    revision: str
    commits: list[str] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)
    before: list[np.ndarray] = field(default_factory=list)
    after: list[np.ndarray] = field(default_factory=list)
    actions: list[np.ndarray] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)

    def add(
        self,
        commit: str,
        place: tuple[str, str],
        before: np.ndarray,
        after: np.ndarray,
        action: np.ndarray,
        signature: int,
    ) -> None:
        """One edit, as `ShardWriter.add` takes it."""
        self.commits.append(commit)
        self.places.append(place)
        self.before.append(before)
        self.after.append(after)
        self.actions.append(action)
        self.signatures.append(signature)

    def write(self, path: Path) -> None:
        """Store it as a shard."""
        with ShardWriter(path, Source(self.repository, self.licence, self.revision)) as writer:
            rows = zip(self.commits, self.places, self.before, self.after, self.actions, self.signatures, strict=True)
            for row in rows:
                writer.add(self.repository, *row)


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
    with TemporaryDirectory() as made:
        paths = [Path(made) / str(i) for i in range(len(shards))]
        for path, shard in zip(paths, shards, strict=True):
            shard.write(path)
        pack(paths, folder, limit=8000)
    return Dataset.open(folder)


def tiny_dataset(folder: Path) -> Dataset:
    """Sixty edits of two repositories."""
    return stored(folder, [made_up("me/box"), made_up("me/tin", first=30)])
