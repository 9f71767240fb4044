"""Shards and datasets on disk: written row by row, whole or not there, in memory no more than an edit."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from datasets import Shard, made_up, random_side

from codewm_model.actions import ACTION_SIZE
from codewm_model.errors import CodewmError
from codewm_train.arrays import ArrayWriter
from codewm_train.data import Dataset, pack
from codewm_train.shards import PARTIAL, ShardWriter, Source, remove_partial, shard_arrays, shard_info

SOURCE = Source("me/box", "MIT", "0" * 40)
ACTION = np.zeros(ACTION_SIZE)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 1000])
@pytest.mark.parametrize("row", [(), (4,)])
def test_an_array_that_grew_has_the_bytes_of_one_that_was_saved(
    count: int, row: tuple[int, ...], tmp_path: Path
) -> None:
    whole = np.arange(count * (row or (1,))[0], dtype=np.uint32).reshape(count, *row)
    np.save(tmp_path / "saved.npy", whole)
    with ArrayWriter(tmp_path / "grown.npy", np.uint32, row) as writer:
        for part in np.array_split(whole, 3):
            writer.extend(part)
    assert (tmp_path / "grown.npy").read_bytes() == (tmp_path / "saved.npy").read_bytes()


def large_edits(count: int) -> Iterator[tuple[str, tuple[str, str], np.ndarray, np.ndarray]]:
    """Edits of 320 kB each."""
    for i in range(count):
        before, after = (random_side(np.random.default_rng((i, side)), 20_000) for side in (0, 1))
        yield str(i), ("a.py", "f"), before, after


def write_large(path: Path, count: int) -> None:
    with ShardWriter(path, SOURCE) as shard:
        for i, (commit, place, before, after) in enumerate(large_edits(count)):
            shard.add("me/box", commit, place, before, after, ACTION, i)


@contextmanager
def memory() -> Iterator[Callable[[], int]]:
    """Tells the most bytes that Python and numpy held at once."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_writing_and_packing_take_the_memory_of_one_edit(tmp_path: Path) -> None:
    write_large(tmp_path / "warm", 1)
    pack([tmp_path / "warm"], tmp_path / "warm-data", 1)
    with memory() as one:
        for _ in large_edits(1):
            pass
        making_one = one()
    for count in (10, 40):
        with memory() as peak:
            write_large(tmp_path / str(count), count)
            assert peak() < making_one + 1_000_000
        with memory() as peak:
            assert pack([tmp_path / str(count)], tmp_path / "data", 1).edits == count
            assert peak() < 2_000_000 < 320_000 * count
        assert (tmp_path / "data" / "before.npy").stat().st_size > 160_000 * count


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ShardWriter(tmp_path / "x", SOURCE) as shard:
        assert shard.folder.is_dir()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    assert shard_info(tmp_path / "x") is None


def test_what_a_kill_leaves_is_removed_and_shards_are_not(tmp_path: Path) -> None:
    made_up("me/box").write(tmp_path / "x")
    killed = ShardWriter(tmp_path / "y", SOURCE)
    assert killed.folder.name.endswith(PARTIAL)
    remove_partial(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    info = shard_info(tmp_path / "x")
    assert info is not None and info.edits == 30


def test_of_two_that_make_a_shard_the_first_to_end_is_kept(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "x", SOURCE) as slow:
        made_up("me/box").write(tmp_path / "x")
        inode = (tmp_path / "x").stat().st_ino
        assert len(slow) == 0
    assert (tmp_path / "x").stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("file", ["shard.json", "before.npy"])
def test_a_damaged_shard_is_named_with_what_mends_it(file: str, tmp_path: Path) -> None:
    made_up("me/box").write(tmp_path / "x")
    (tmp_path / "x" / file).write_text("[]")
    with pytest.raises(CodewmError, match=r"x is damaged .* remove it and run `codewm-train mine` again"):
        shard_info(tmp_path / "x")
        shard_arrays(tmp_path / "x")
    with pytest.raises(CodewmError, match="is damaged"):
        pack([tmp_path / "x"], tmp_path / "data", 1)
    assert not (tmp_path / "data").exists()


def test_a_missing_shard_is_no_shard_without_edits(tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match="there is no shard"):
        pack([tmp_path / "x"], tmp_path / "data", 1)
    Shard("me/box", "MIT", "0").write(tmp_path / "x")
    assert pack([tmp_path / "x"], tmp_path / "data", 1).edits == len(Dataset.open(tmp_path / "data")) == 0


def test_there_may_be_more_repositories_than_a_byte_counts(tmp_path: Path) -> None:
    paths = [tmp_path / str(i) for i in range(300)]
    for i, path in enumerate(paths):
        made_up(f"me/{i}", 1, first=i).write(path)
    assert pack(paths, tmp_path / "data", 1).edits == 300
    assert Dataset.open(tmp_path / "data").repository.tolist() == list(range(300))
