"""Where jobs run makes no difference to what they make, and a run that is killed goes on where it stopped."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mine_victim
import pytest
from repositories import Repo, habits

from codewm_model.errors import CodewmError, DependencyError
from codewm_train.data import Dataset, pack
from codewm_train.executors import Executor, LocalPool, RayCluster
from codewm_train.mine import mine
from codewm_train.repository_list import read_list
from codewm_train.shards import PARTIAL

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: its wheel takes 79 MB, 240 MB unpacked")
VICTIM = Path(mine_victim.__file__)


@pytest.fixture(autouse=True)
def _importable_by_ray_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """They find the tests' own modules where this process does."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(VICTIM.parent)))))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Path:
    """Three repositories, of which the second is a fork of the first, and their list."""
    folder = tmp_path_factory.mktemp("sources")
    lines = []
    for name, commits in (("box", habits(30)), ("fork", habits(40)), ("tin", [*habits(60)[::-1], *habits(9)])):
        repo = Repo.init(folder / "clones" / name)
        repo.history(commits)
        lines.append(f"me/{name}\tMIT\t{repo.git('rev-parse', 'HEAD')}\n")
    (folder / "list.tsv").write_text("".join(lines))
    return folder


def mined(sources: Path, out: Path, executor: Executor) -> dict[str, bytes]:
    """The files of the dataset that an executor's workers make."""
    limit = mine_victim.LIMIT
    shards = mine(read_list(sources / "list.tsv"), sources / "clones", out, limit=limit, executor=executor)
    pack(shards, out / "dataset", limit)
    return files(out / "dataset")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def uninterrupted(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    made = mined(sources, tmp_path_factory.mktemp("uninterrupted"), LocalPool(1))
    assert len(made) == 11
    return made


def test_two_workers_make_what_one_makes(sources: Path, uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    assert mined(sources, tmp_path, LocalPool(2)) == uninterrupted


@needs_ray
def test_two_ray_workers_make_what_a_local_one_makes(
    sources: Path, uninterrupted: dict[str, bytes], tmp_path: Path
) -> None:
    assert mined(sources, tmp_path, RayCluster("local", 2)) == uninterrupted


def test_a_fork_adds_only_what_the_original_has_not(
    uninterrupted: dict[str, bytes], sources: Path, tmp_path: Path
) -> None:
    mined(sources, tmp_path, LocalPool(1))
    about = Dataset.open(tmp_path / "dataset").about
    box, fork, _ = (item["edits"] for item in about["repositories"])
    assert 0 < fork < box
    assert about["repeated"] >= box


def killed_when(folder: Path, ready: Callable[[], bool]) -> None:
    """Start a run and kill it, and not its workers, once this holds."""
    process = subprocess.Popen([sys.executable, str(VICTIM), str(folder)])
    while process.poll() is None and not ready():
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_run_that_is_killed_again_and_again_makes_what_an_uninterrupted_one_makes(
    sources: Path, uninterrupted: dict[str, bytes], tmp_path: Path
) -> None:
    for name in ("clones", "list.tsv"):
        (tmp_path / name).symlink_to(sources / name)
    out = tmp_path / "out"

    def shards() -> list[Path]:
        return [path for path in out.glob("me+*") if path.suffix != PARTIAL]

    def begun() -> list[Path]:
        return [path for path in out.glob(f"me+*{PARTIAL}/before.npy") if path.stat().st_size > 0]

    killed_when(tmp_path, lambda: bool(begun()))
    assert (begun() or shards()) and not (out / "dataset").exists()  # its worker may have finished the one it had begun
    for count in (1, 2, 3):
        killed_when(tmp_path, lambda wanted=count: len(shards()) >= wanted)
        assert len(shards()) >= count
    killed_when(tmp_path, lambda: (out / "dataset.partial").exists() or (out / "dataset").exists())
    done = [shard.stat().st_ino for shard in shards()]
    mine_victim.mine_all(tmp_path)
    assert files(out / "dataset") == uninterrupted
    assert [shard.stat().st_ino for shard in shards()] == done, "what was done has been done again"
    assert list(out.glob(f"*{PARTIAL}")) == []


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = subprocess.Popen([sys.executable, str(VICTIM), "hold", str(path)])
    while not path.with_suffix(".held").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the worker had it; it would have it for an hour


def double(number: int) -> int:
    return 2 * number


def refuse(number: int) -> int:
    raise CodewmError(f"no {number}")


def die(number: int) -> int:
    os._exit(number)


EXECUTORS = [LocalPool(2), pytest.param(RayCluster("local", 2), marks=needs_ray)]


@pytest.mark.parametrize("executor", EXECUTORS, ids=["local", "ray"])
def test_every_item_is_done_once_and_few_are_asked_for_ahead(executor: Executor) -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            asked.append(number)
            yield number

    done = []
    for result in executor.run(double, items()):
        done.append(result)
        assert len(asked) <= len(done) + 2 * 2
    assert sorted(done) == [2 * number for number in range(20)]


@pytest.mark.parametrize("executor", EXECUTORS, ids=["local", "ray"])
def test_a_workers_error_arrives_as_it_was_raised_and_its_death_is_told(executor: Executor) -> None:
    with pytest.raises(CodewmError) as raised:
        list(executor.run(refuse, [7]))
    assert (type(raised.value), str(raised.value)) == (CodewmError, "no 7")
    with pytest.raises(CodewmError, match="worker was killed"):
        list(executor.run(die, [1]))


def test_without_ray_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DependencyError, match=r"pip install 'codewm-lsp\[ray\]'"):
        list(RayCluster("local").run(double, [1]))


@needs_ray
def test_a_cluster_that_is_not_there_is_told_of() -> None:
    with pytest.raises(CodewmError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        list(RayCluster("127.0.0.1:1").run(double, [1]))
