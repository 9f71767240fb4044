"""Which edits a step sees, and as what: pairs that belong together, renamed views, windows, padding.

A batch depends on the seed, the step and the rank alone, so a run that is resumed sees what it would have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from codewm_model.action_classes import ActionClasses
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.world_model import Tokens
from codewm_model.tokenizer import TEXT_BUCKETS
from codewm_train.data import CENTER_FLAG, MARKS, NAME_FLAG, Dataset
from codewm_train.ids import CLASSES_FILE
from codewm_train.presets import TrainingConfig
from codewm_train.transplants import center_of, cut, transplants

Positions = npt.NDArray[np.uint16]
RENAMED_NAMES = 0.6  # of an edit's names are replaced in its renamed view


@dataclass(frozen=True)
class Batch:
    """Both sides of B edits, their actions `[B, A]`, commits `[B]` and shapes `[B]` (-1: none).

    `action_class` `[B]` are the actions' classes, `rival` R afters that never were. `reads` `[B, 2]` and `rival_reads`
    `[R]`, int64, are digests of what each after and each before, and each rival, reads like.
    """

    before: Tokens
    after: Tokens
    rival: Tokens
    action: Tensor
    action_class: Tensor
    commit: Tensor
    signature: Tensor
    reads: Tensor
    rival_reads: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        moved: dict[str, Any] = {
            name: Tokens(*(ids.to(device) for ids in value)) if isinstance(value, Tokens) else value.to(device)
            for name, value in vars(self).items()
        }
        return Batch(**moved)


class Sampler:
    """Draws the edits of each step from a dataset."""

    def __init__(self, dataset: Dataset, training: TrainingConfig, model: ModelConfig, rank: int = 0) -> None:
        self._data, self._training, self._model, self._rank = dataset, training, model, rank
        self._commit, self._signature = np.array(dataset.commit), np.array(dataset.signature)
        self._classes = ActionClasses.load(CLASSES_FILE)
        self._near = [(labels, _groups(labels)) for labels in (np.array(dataset.place), np.array(dataset.path))]
        self._siblings = [(self._commit, _groups(self._commit))]
        self._by_shape = {
            shape: members
            for shape, members in _groups(self._signature).items()
            if shape != 0 and len(np.unique(self._commit[members])) > 1
        }
        self._shapes = np.array(list(self._by_shape), np.uint32)
        self._of_repository = [
            np.flatnonzero(dataset.repository == i) for i in range(len(dataset.about["repositories"]))
        ]

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        rng = np.random.default_rng([self._training.seed, step, self._rank])
        pool = self._pool(rng)
        place = _pairs(rng, pool, self._training.place_pairs, self._near)
        topic = _pairs(rng, pool, self._training.topic_pairs, self._siblings)
        kind = self._kind_pairs(rng)
        chosen = np.concatenate([place, topic, kind])
        renamed = rng.random(len(chosen)) < self._training.renamed
        renamed[: len(place)] = False  # their names are what makes them near
        renamed[len(chosen) - len(kind) + 1 :: 2] = True
        sides = [self._sides(int(i), bool(rename), rng) for i, rename in zip(chosen, renamed, strict=True)]
        before, after = ([cropped(pair[i], self._model.positions) for pair in sides] for i in range(2))
        rivals = transplants(rng, sides, min(self._training.rivals, len(sides)), self._model.positions)
        actions = np.array(self._data.actions[chosen], np.float32)
        shapes = self._signature[chosen].astype(np.int64)
        return Batch(
            collate(before),
            collate(after),
            collate(rivals),
            torch.from_numpy(actions * self._training.use_action),
            torch.from_numpy(self._classes.assign(actions).astype(np.int64)),
            torch.from_numpy(self._commit[chosen].astype(np.int64)),
            torch.from_numpy(np.where(shapes == 0, -1, shapes)),
            _reads(after, before),
            _reads(rivals)[:, 0],
        )

    def _pool(self, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """The edits of a few repositories: near neighbours are the harder negatives."""
        few = rng.choice(len(self._of_repository), min(self._training.repositories, len(self._of_repository)), False)
        return np.concatenate([self._of_repository[i] for i in few])

    def _kind_pairs(self, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """Pairs of edits of one shape that different commits made."""
        pairs = []
        for shape in rng.choice(self._shapes, self._training.kind_pairs) if len(self._shapes) else ():
            members = self._by_shape[int(shape)]
            i = rng.choice(members)
            pairs += [i, rng.choice(members[self._commit[members] != self._commit[i]])]
        return np.array(pairs, np.intp)

    def _sides(self, i: int, rename: bool, rng: np.random.Generator) -> tuple[Positions, Positions]:
        before, after = (np.array(self._data.side(name, i)) for name in ("before", "after"))
        if rename:
            replace_names([before, after], rng)
        return before, after


def _pairs(
    rng: np.random.Generator,
    pool: npt.NDArray[np.intp],
    count: int,
    groupings: Sequence[tuple[npt.NDArray[np.generic], dict[int, npt.NDArray[np.intp]]]],
) -> npt.NDArray[np.intp]:
    """Pairs of edits that share a label, by the first grouping in which one does not stand alone; else any two."""
    pairs = []
    for i in rng.choice(pool, count):
        partners = pool
        for labels, members in groupings:
            own = members[int(labels[i])]
            if len(own) > 1:
                partners = own[own != i]
                break
        pairs += [i, rng.choice(partners)]
    return np.array(pairs, np.intp)


def same_reading(reads: Tensor, rivals: Tensor) -> Tensor:
    """`[B, 2]` and `[R]` -> `[B, 2B + R]`: which afters, befores and rivals read exactly like each edit's own after.

    An edit's own before is never among them: one that reads like its after shows a change that cannot be seen.
    """
    after, before = reads.unbind(1)
    own = torch.arange(len(reads), device=reads.device)
    same = after[:, None] == torch.cat([after, before, rivals])
    same[own, len(reads) + own] = False
    return same


def same_as_after(
    before: Sequence[npt.NDArray[np.integer]],
    after: Sequence[npt.NDArray[np.integer]],
    rivals: Sequence[npt.NDArray[np.integer]] = (),
) -> npt.NDArray[np.bool_]:
    """The same for sides `[P, 3]` or more, of which the first three columns are read."""
    same: npt.NDArray[np.bool_] = same_reading(_reads(after, before), _reads(rivals)[:, 0]).numpy()
    return same


def _reads(*columns: Sequence[npt.NDArray[np.integer]]) -> Tensor:
    """Digests `[N, columns]` of sides, N in each column; they mean the same in every process."""
    digests = [[blake2b(side[:, :3].tobytes(), digest_size=8).digest() for side in sides] for sides in columns]
    numbers = [[int.from_bytes(one, "big", signed=True) for one in column] for column in digests]
    return torch.from_numpy(np.array(numbers, np.int64).T)


def replace_names(sides: list[Positions], rng: np.random.Generator) -> None:
    """Give most identifiers of an edit other text buckets, the same ones on both sides, in place."""
    names = np.unique(np.concatenate([side[side[:, 3] & NAME_FLAG > 0, 0] for side in sides]))
    chosen = rng.random(len(names)) < RENAMED_NAMES
    table = np.arange(TEXT_BUCKETS, dtype=np.uint16)
    table[names[chosen]] = rng.integers(1, TEXT_BUCKETS, int(chosen.sum()))
    for side in sides:
        named = side[:, 3] & NAME_FLAG > 0
        side[named, 0] = table[side[named, 0]]


def cropped(side: Positions, positions: int) -> Positions:
    """At most `positions` of a side around the beginning of the change, by the product's rule."""
    return cut(side, center_of(side), positions)


def collate(sides: list[Positions]) -> Tokens:
    """Sides `[P, 4]` of any lengths as one padded batch; bucket 0 is padding."""
    length = max([1, *map(len, sides)])
    table = np.zeros((len(sides), length, 4), np.int64)
    for row, side in zip(table, sides, strict=True):
        row[: len(side)] = side
    table[..., 3] &= MARKS | CENTER_FLAG
    return Tokens(*torch.from_numpy(table).unbind(-1))


def _groups(labels: npt.NDArray[np.generic]) -> dict[int, npt.NDArray[np.intp]]:
    """The places of each label."""
    order = np.argsort(labels, kind="stable")
    values, starts = np.unique(labels[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))
