"""Mining: the table says where every edit comes from, nothing is read twice, and nothing kept for judging is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import made_up, number_of, random_side, stored
from repositories import Repo, habits, numbered

from codewm_model.actions import ACTION_SIZE
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import list_commits, read_history
from codewm_train import data as data_module
from codewm_train import mine as mine_module
from codewm_train.cli import REPOSITORIES
from codewm_train.clones import ProtocolError
from codewm_train.data import Dataset, pack
from codewm_train.executors import LocalPool
from codewm_train.ids import SPLITS
from codewm_train.licences import is_permissive
from codewm_train.mine import MAX_COMMIT_EDITS, RepositoryJob, mine
from codewm_train.repository_list import MinedRepository, read_list
from codewm_train.shards import ShardInfo
from codewm_train.shipped import changes_of
from codewm_train.views import Views, views_of, views_of_dataset

ALL = 10_000
COMMITS = 24


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Path:
    """Two repositories, the second with files of no grammar, an empty change and a sweeping commit."""
    folder = tmp_path_factory.mktemp("clones")
    Repo.init(folder / "box").history(habits(COMMITS))
    tin = Repo.init(folder / "tin")
    lines = 5 * (MAX_COMMIT_EDITS + 9)
    tin.commit("one", {"a.py": numbered(lines), "notes.txt": "some words\n"})
    tin.commit("two", {"a.py": numbered(lines, {7: "value_7 = None"}), "notes.txt": "other words\n"})
    tin.commit("empty")
    tin.commit("sweeping", {"a.py": numbered(lines, dict.fromkeys(range(0, lines, 5), "pass"))})
    return folder


def listed(clones: Path, *names: str) -> list[MinedRepository]:
    return [
        MinedRepository(f"me/{name}", "BSD-3-Clause", Repo(clones / name).git("rev-parse", "HEAD")) for name in names
    ]


@pytest.fixture(scope="module")
def mined(clones: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """Where both were mined to, by worker processes, and how many edits each gave."""
    out, counts = tmp_path_factory.mktemp("mined"), dict[str, int]()

    def report(info: ShardInfo) -> None:
        counts[info.source.name] = info.edits

    shards = mine(listed(clones, "box", "tin"), clones, out, limit=ALL, executor=LocalPool(1), report=report)
    assert pack(shards, out / "dataset", ALL).edits > 0
    return out, counts


def mine_one(item: MinedRepository, clone: Path, out: Path, limit: int = ALL) -> int:
    """In this process; how many edits it gave."""
    return RepositoryJob(item, clone, out, limit).run().edits


def table(folder: Path, stem: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(next(folder.glob(f"{stem}-*/edits.parquet"))).to_pylist()
    return rows


def test_every_mined_edit_names_its_repository_licence_and_commit(
    clones: Path, mined: tuple[Path, dict[str, int]]
) -> None:
    out, counts = mined
    for name in ("box", "tin"):
        repo, rows = Repo(clones / name), table(out, f"me+{name}")
        assert len(rows) == counts[f"me/{name}"] > 0
        assert {(row["repository"], row["licence"]) for row in rows} == {(f"me/{name}", "BSD-3-Clause")}
        assert {row["commit"] for row in rows} <= set(repo.git("rev-list", "--all").split())
    row = next(row for row in table(out, "me+tin") if row["subject"] == "two")
    assert (row["path"], row["first"], row["removed"], row["added"]) == ("a.py", 7, "value_7 = 7", "value_7 = None")
    assert (row["label"], row["commit"]) == ("change value", repo.git("rev-parse", "HEAD~2"))


def test_a_sweeping_commit_and_files_without_a_grammar_are_left_out(mined: tuple[Path, dict[str, int]]) -> None:
    rows = table(mined[0], "me+tin")
    assert {row["path"] for row in rows} == {"a.py"}
    assert {row["subject"] for row in rows} == {"one", "two"}


def test_the_dataset_names_what_it_was_made_of(clones: Path, mined: tuple[Path, dict[str, int]]) -> None:
    out, counts = mined
    data = Dataset.open(out / "dataset")
    about = data.about["repositories"]
    assert [(item["name"], item["licence"]) for item in about] == [
        ("me/box", "BSD-3-Clause"),
        ("me/tin", "BSD-3-Clause"),
    ]
    assert [item["commit"] for item in about] == [item.revision for item in listed(clones, "box", "tin")]
    assert np.bincount(data.repository).tolist() == [item["edits"] for item in about]
    assert len(data) == data.about["edits"] <= sum(counts.values())
    assert len(np.unique(data.commit)) <= COMMITS + 2
    assert not set(data.commit[data.repository == 0]) & set(data.commit[data.repository == 1])


def rows_of(views: Views) -> list[tuple[bytes, ...]]:
    """Each edit's positions and action as bytes."""
    sides = [
        [b"".join(column.tobytes() for column in (one.text, one.parent, one.depth, one.mark, one.name)) for one in side]
        for side in (views.before, views.after)
    ]
    return [(*pair, action.astype(np.float16).tobytes()) for *pair, action in zip(*sides, views.actions, strict=True)]


def test_what_is_learned_from_is_what_the_product_shows_the_model(
    clones: Path, mined: tuple[Path, dict[str, int]]
) -> None:
    repository = Repository.open(clones / "box")
    edits = [edit for part in read_history(repository, list_commits(repository)) for edit in part.edits]
    data = Dataset.open(mined[0] / "dataset")
    own = np.flatnonzero(data.repository == 0).tolist()
    for positions in (16, 128):
        learned, shown = views_of_dataset(data, own, positions), views_of(changes_of(edits), positions)
        assert set(rows_of(learned)) <= set(rows_of(shown))
    assert min(len(side.text) for side in learned.before) < 16 < max(len(side.text) for side in learned.before)


def test_at_most_about_the_limit_is_kept_and_evenly_over_the_history(clones: Path, tmp_path: Path) -> None:
    (item,) = listed(clones, "box")
    assert 4 <= mine_one(item, clones / "box", tmp_path, 18) <= 18 + MAX_COMMIT_EDITS
    times = {row["time"] for row in table(tmp_path, "me+box")}
    assert max(times) - min(times) > 0.6 * COMMITS * 3600


def test_a_repository_that_is_done_is_not_read_again(
    clones: Path, mined: tuple[Path, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, out = listed(clones, "box")[0], tmp_path / "out"
    shutil.copytree(mined[0], out)

    def read(*_: object) -> Iterator[None]:
        raise AssertionError("read again")

    monkeypatch.setattr(mine_module, "read_history", read)
    assert mine_one(item, clones / "box", out) == mined[1]["me/box"]
    for other in (MinedRepository(item.name, item.licence, "1" * 40), MinedRepository("me/b", "MIT", item.revision)):
        with pytest.raises((AssertionError, CodewmError)):
            mine_one(other, clones / "box", out)


def test_a_run_that_was_cut_off_leaves_nothing_half_done(
    clones: Path, mined: tuple[Path, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (item,) = listed(clones, "box")

    def cut_off(*arguments: Any) -> Iterator[Any]:
        for i, part in enumerate(read_history(*arguments)):
            if i == 3:
                raise KeyboardInterrupt
            yield part

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(mine_module, "read_history", cut_off)
        mine_one(item, clones / "box", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert mine_one(item, clones / "box", tmp_path) == mined[1]["me/box"]
    assert table(tmp_path, "me+box") == table(mined[0], "me+box")


class Deadly(MinedRepository):
    """Ends the process that it is sent to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_a_killed_worker_is_told_of(clones: Path, tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match="a worker was killed"):
        mine([Deadly("me/box", "MIT", "0" * 40)], clones, tmp_path, limit=ALL, executor=LocalPool(1))


@pytest.mark.parametrize("name", [*SPLITS["held-out"], "PSF/Requests"])
def test_a_held_out_repository_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text(f"# mine these\n\nme/box\tMIT\tabc\n{name}\tMIT\tabc\n")
    with pytest.raises(CodewmError, match=rf"line 4: {name} is held out"):
        read_list(tmp_path / "list.tsv")


@pytest.mark.parametrize("line", ["me/box MIT abc", "me/box\tMIT", "box\tMIT\tabc", "me/box\tMIT\tabc\tmore"])
def test_a_malformed_line_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text(line + "\n")
    with pytest.raises(CodewmError, match="line 1: expected owner/name, licence and commit"):
        read_list(tmp_path / "list.tsv")


@pytest.mark.parametrize("text", [None, "# nothing\n"], ids=["missing", "empty"])
def test_a_list_of_nothing_is_refused(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "list.tsv").write_text(text)
    with pytest.raises(CodewmError, match=r"list\.tsv"):
        read_list(tmp_path / "list.tsv")


def test_the_list_that_ships_holds_forty_permissive_repositories_and_none_kept_for_judging() -> None:
    items = read_list(REPOSITORIES)
    assert len({item.name.lower() for item in items}) == len(items) >= 40
    assert [item for item in items if not is_permissive(item.licence)] == []
    kept = {name.lower() for names in SPLITS.values() for name in names}
    assert not kept & {item.name.lower() for item in items}


def test_a_missing_clone_is_named(clones: Path, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="no clone of me/lost"):
        mine(
            [*listed(clones, "box"), MinedRepository("me/lost", "MIT", "abc")],
            clones,
            tmp_path,
            limit=ALL,
            executor=LocalPool(1),
        )
    with pytest.raises(ProtocolError, match="is no folder of clones"):
        mine(listed(clones, "box"), clones / "nowhere", tmp_path, limit=ALL, executor=LocalPool(1))


def test_repeated_and_invisible_edits_are_dropped(tmp_path: Path) -> None:
    one, other = made_up("me/box", 6), made_up("me/tin", 6, first=3)  # three edits are in both
    same = random_side(np.random.default_rng(0), 9)
    only_marked = same.copy()
    only_marked[:, 3] = 2
    one.add("last", ("a.py", "f"), same, only_marked, np.zeros(ACTION_SIZE, np.float32), 1)
    data = stored(tmp_path, [one, other])
    assert number_of(data.actions) == list(range(9))
    assert [item["edits"] for item in data.about["repositories"]] == [6, 3]
    for i, j in ((0, 0), (8, 5)):
        shard = (one, other)[i == 8]
        assert np.array_equal(data.side("before", i), shard.before[j])
        assert np.array_equal(data.side("after", i), shard.after[j])


def test_a_dataset_of_another_representation_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path, [made_up("me/box")])
    monkeypatch.setattr(data_module, "representation_version", lambda: "another")
    with pytest.raises(CodewmError, match=r"another version: run `codewm-train mine` again"):
        Dataset.open(tmp_path)


def test_a_damaged_or_missing_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match=r"no dataset in .* run `codewm-train mine`"):
        Dataset.open(tmp_path / "nowhere")
    stored(tmp_path, [made_up("me/box")])
    content = (tmp_path / "before.npy").read_bytes()
    (tmp_path / "before.npy").write_bytes(content[: len(content) // 2])
    with pytest.raises(CodewmError, match="no dataset in"):
        Dataset.open(tmp_path)
    (tmp_path / "dataset.json").write_text("[]")
    with pytest.raises(CodewmError, match="no dataset in"):
        Dataset.open(tmp_path)
