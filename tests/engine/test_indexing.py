"""Keeping an index: incremental, forgetful of what is gone, one writer, no code in it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from repositories import Repo, habits
from rows import indexed_commits, rows

from codewm_lsp.engine import indexing
from codewm_lsp.engine import vectors as vectors_module
from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.indexing import Selection, update_index
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.similar import SimilarEdits
from codewm_lsp.engine.store import DATABASE, Store, index_folder
from codewm_lsp.engine.vectors import SavedGraph, VectorIndex
from codewm_model.bundle import Bundle
from codewm_model.changes import change_of
from codewm_model.errors import BundleError, IndexBusyError, IndexMissingError, IndexStoreError, IndexVersionError
from codewm_model.git import Repository
from codewm_model.history import read_history


def update(repo: Repo, **options: object) -> tuple[int, int]:
    """Commits and edits that a run added."""
    progress = update_index(Repository.open(repo.root), jobs=1, **options)  # type: ignore[arg-type]
    return progress.commits, progress.edits


def folder_of(repo: Repo) -> Path:
    return index_folder(Repository.open(repo.root))


def spoil(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / DATABASE) as db:
        db.execute(statement)
    db.close()


def test_a_second_run_adds_nothing_and_writes_nothing(small: Repo) -> None:
    assert update(small)[0] == 60
    before = {path.name: path.read_bytes() for path in folder_of(small).iterdir()}
    assert update(small) == (0, 0)
    assert {path.name: path.read_bytes() for path in folder_of(small).iterdir()} == before


def test_a_server_that_finds_nothing_new_does_not_read_the_graph(small: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    update(small)
    loads = []
    load = VectorIndex.load
    monkeypatch.setattr(indexing.VectorIndex, "load", lambda store: loads.append(store) or load(store))
    assert update(small, existing=True) == (0, 0)
    assert not loads
    for file in folder_of(small).glob("*.hnsw"):
        file.unlink()
    assert update(small, existing=True) == (0, 0)
    assert loads and list(folder_of(small).glob("*.hnsw"))


def test_a_later_run_reads_only_what_is_new(small: Repo) -> None:
    update(small)
    small.commit("new", {"new.py": "x = 1\n"})
    assert update(small) == (1, 1)
    assert len(rows(folder_of(small))) == len(set(rows(folder_of(small))))


def test_a_selection_is_read_newest_first_and_completed_later(small: Repo) -> None:
    order = small.git("rev-list", "HEAD").split()
    assert update(small, selection=Selection(max_commits=10))[0] == 10
    assert indexed_commits(folder_of(small)) == order[:10]
    assert update(small)[0] == 50


def test_a_selection_by_date_reads_what_is_later(small: Repo) -> None:
    date = small.git("show", "-s", "--format=%cI", "HEAD~10")
    assert update(small, selection=Selection(since=date))[0] == 11


def test_workers_give_the_same_rows(small: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    update(small)
    alone = rows(folder_of(small))
    monkeypatch.setattr(indexing, "POOL_FROM", 1)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    progress = update_index(Repository.open(small.root), jobs=2, rebuild=True)
    assert (progress.commits, rows(folder_of(small))) == (60, alone)
    assert "PYTHONSAFEPATH" not in os.environ  # it was for the workers alone


def test_a_long_history_is_read_in_rounds_and_the_graph_is_kept_after_each(
    small: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(small)
    at_once = rows(folder_of(small))
    kept: list[tuple[int, int]] = []

    def keep_graph(store: Store, vectors: VectorIndex) -> int:
        removed = vectors_module.keep_graph(store, vectors)
        saved = SavedGraph.of(store)
        kept.append((store.counts()[0], store.last_edit() - (saved.last if saved else 0)))
        return removed

    monkeypatch.setattr(indexing, "POOL_FROM", 10)
    monkeypatch.setattr(indexing, "ROUND", 20)
    monkeypatch.setattr(indexing, "keep_graph", keep_graph)
    monkeypatch.setattr(vectors_module, "LEFT_TO_READERS", 0)
    update(small, rebuild=True)
    assert kept == [(20, 0), (40, 0), (60, 0)]
    assert rows(folder_of(small)) == at_once


def test_rounds_grow_with_what_is_known_and_a_short_rest_is_no_round() -> None:
    commits = [str(number) for number in range(10_000)]
    first = [len(part) for part in indexing.rounds(commits, 0)]
    assert first[:3] == [indexing.ROUND] * 3 and sum(first) == 10_000
    assert all(size <= max(indexing.ROUND, sum(first[:i]) // 8) + indexing.POOL_FROM for i, size in enumerate(first))
    assert [len(part) for part in indexing.rounds(commits, 80_000)] == [10_000]
    assert [len(part) for part in indexing.rounds(commits[:600], 0)] == [600]
    assert list(indexing.rounds([], 5)) == [[]]


def test_paths_restrict_what_is_indexed_and_are_remembered(small: Repo) -> None:
    update(small, paths=("app/part_1.py", "app/part_1?.py"))
    small.commit("two files", {"app/part_11.py": "x = 1\n", "app/part_2.py": "x = 1\n"})
    update(small)
    assert {row[5] for row in rows(folder_of(small))} == {"app/part_1.py", "app/part_10.py", "app/part_11.py"}


def test_other_paths_make_the_index_anew(small: Repo) -> None:
    update(small, paths=("app/part_1.py",))
    assert update(small, paths=("app/part_2.py",))[0] == 60
    assert {row[5] for row in rows(folder_of(small))} == {"app/part_2.py"}


def test_edits_of_a_deleted_branch_are_forgotten(small: Repo) -> None:
    update(small)
    kept = rows(folder_of(small))
    small.git("checkout", "--quiet", "-b", "topic")
    small.commit("on the topic", {"topic.py": "topic = 1\n"})
    small.git("checkout", "--quiet", "main")
    assert update(small) == (1, 1)
    assert len(rows(folder_of(small))) == len(kept) + 1
    small.git("branch", "--quiet", "-D", "topic")
    assert update(small) == (0, 0)
    assert rows(folder_of(small)) == kept


def test_edits_of_a_merged_and_deleted_branch_stay(small: Repo) -> None:
    small.git("checkout", "--quiet", "-b", "topic")
    small.commit("on the topic", {"topic.py": "topic = 1\n"})
    small.git("checkout", "--quiet", "main")
    update(small)
    indexed = rows(folder_of(small))
    small.git("merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    small.git("branch", "--quiet", "-d", "topic")
    assert update(small) == (0, 0)
    assert rows(folder_of(small)) == indexed


def test_worktrees_share_one_index(small: Repo, tmp_path: Path) -> None:
    small.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    other = Repo(tmp_path / "other", small.clock)
    other.commit("detached", {"new.py": "x = 1\n"})
    assert folder_of(other) == folder_of(small) == small.git_dir / "codewm"
    assert update(small)[0] == 61
    assert update(other) == (0, 0)


def test_the_work_tree_stays_clean(small: Repo) -> None:
    update(small)
    assert small.git("status", "--porcelain", "--ignored") == ""


def test_no_code_is_stored_in_any_file_of_the_index(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "secret")
    repo.commit("Say nothing", {"a.py": "def xylograph():\n    return 'quokka'  # zeppelin\n"})
    repo.commit("Say less", {"a.py": "def xylograph(marmot):\n    return 'quokka wombat'\n", "b.txt": "ocelots\n"})
    update(repo)
    content = b"".join(path.read_bytes() for path in folder_of(repo).iterdir()).lower()
    assert b"say nothing" in content
    words = ("xylograph", "quokka", "zeppelin", "marmot", "wombat", "ocelot")
    assert [word for word in words if word.encode() in content] == []


def test_a_read_only_git_directory_puts_the_index_in_the_users_cache(
    small: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codewm_lsp.engine.store.is_writable", lambda folder: folder != small.git_dir)
    folder = folder_of(small)
    assert folder.parent == Path(platformdirs.user_cache_dir("codewm"))
    assert update(small)[0] == 60
    assert not (small.git_dir / "codewm").exists()
    assert len(indexed_commits(folder)) == 60


def test_a_folder_that_cannot_be_written_is_named(small: Repo) -> None:
    (small.git_dir / "codewm").write_text("a file where the folder should be")
    with pytest.raises(IndexStoreError, match=r"index folder .*codewm cannot be written"):
        update(small)


def test_a_second_writer_is_told_who_is_first(small: Repo) -> None:
    with (
        only_writer(folder_of(small)),
        pytest.raises(
            IndexBusyError, match=rf"process {os.getpid()} is indexing this repository already since 20\d\d-"
        ),
    ):
        update(small)
    assert update(small)[0] == 60


def test_readers_refuse_another_version_and_the_indexer_rebuilds_it(small: Repo) -> None:
    update(small)
    expected = rows(folder_of(small))
    spoil(folder_of(small), "UPDATE meta SET value = 'other' WHERE key = 'representation'")
    with pytest.raises(IndexVersionError, match=r"representation other.*`codewm-lsp index`"):
        Store(folder_of(small))
    assert update(small)[0] == 60
    assert rows(folder_of(small)) == expected


def test_an_index_of_another_model_is_refused_and_rebuilt(
    small: Repo, random_bundle: Bundle, weigh: Callable[[float, float], Bundle]
) -> None:
    update(small)
    other = weigh(0.2, 0.2)
    for reader in (lambda: Store(folder_of(small)), lambda: SimilarEdits.open(Repository.open(small.root))):
        with pytest.raises(IndexVersionError, match=rf"model {random_bundle.id}.*`codewm-lsp index`"):
            reader()
    assert update(small)[0] == 60
    store = Store(folder_of(small))
    assert (store.get_meta("model"), store.bundle.id) == (other.id, other.id)
    store.close()


def test_another_share_of_the_score_needs_no_new_index(small: Repo, weigh: Callable[[float, float], Bundle]) -> None:
    update(small)
    weigh(0.0, 0.2)
    assert update(small) == (0, 0)


@pytest.mark.parametrize("present", [False, True])
def test_without_a_model_nothing_is_indexed_or_searched(
    small: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: bool
) -> None:
    if present:
        update(small)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(BundleError, match=rf"no model in .*nowhere.*{VARIABLE}"):
        update(small)
    with pytest.raises(BundleError if present else IndexMissingError):
        Store(folder_of(small))


def test_rows_hold_what_the_model_says_of_an_edit(small: Repo) -> None:
    small.commit("words", {"notes.txt": "some words\n"})
    update(small)
    repository = Repository.open(small.root)
    encoder = Encoder.default()
    history = read_history(repository, indexed_commits(folder_of(small)))
    edits = {(part.commit.id, edit.path, *edit.lines): edit for part in history for edit in part.edits}
    with sqlite3.connect(folder_of(small) / DATABASE) as db:
        stored = db.execute(
            "SELECT hash, path, first, last, learned, before_state FROM edits"
            " JOIN commits ON commits.id = commit_id JOIN paths ON paths.id = path_id"
        ).fetchall()
    db.close()
    assert len(stored) == len(edits)
    for *place, learned, before in stored:
        (expected,) = encoder.encode([encoder.read(change_of(edits[tuple(place)]))])
        if place[1] == "notes.txt":
            assert (learned, before) == (None, None)
            continue
        assert np.frombuffer(learned, "<f2") == pytest.approx(expected.learned, abs=2e-3)
        assert np.frombuffer(before, "<f2") == pytest.approx(expected.before, abs=4e-3)


@pytest.mark.parametrize("damage", ["header", "middle", "truncated", "no table"])
def test_a_damaged_database_is_named_and_mended_by_a_rebuild(small: Repo, damage: str) -> None:
    update(small)
    folder = folder_of(small)
    expected = rows(folder)
    path = folder / DATABASE
    data = path.read_bytes()
    if damage == "no table":
        spoil(folder, "DROP TABLE meta")
    else:
        rest = {"header": b"?" * 100 + data[100:], "middle": data[:4096] + b"?" * (len(data) - 4096),
                "truncated": data[: len(data) // 2]}  # fmt: skip
        path.write_bytes(rest[damage])
    with pytest.raises(IndexStoreError, match="index --rebuild"):
        update(small)
    assert update(small, rebuild=True)[0] == 60
    assert rows(folder) == expected


def test_a_file_without_tables_is_no_index_yet(small: Repo) -> None:
    folder_of(small).mkdir()
    (folder_of(small) / DATABASE).touch()
    with pytest.raises(IndexMissingError, match="no index yet"):
        Store(folder_of(small))
    assert update(small)[0] == 60


def test_the_odd_repository_is_indexed_with_everything_counted(odd_repository: Repo, tmp_path: Path) -> None:
    odd_repository.git("clone", "--quiet", "--no-checkout", ".", str(tmp_path / "odd"))
    copy = Repo(tmp_path / "odd")
    assert update(copy)[0] == 50
    store = Store(folder_of(copy))
    assert store.counts()[2] == {
        "too large": 3, "submodule": 3, "binary": 3, "symbolic link": 4, "LFS pointer": 2,
        "line ends or encoding": 2, "blank lines": 1,
    }  # fmt: skip
    store.close()


def test_a_repository_with_missing_objects_is_indexed_but_for_them(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    for i in range(6):
        repo.commit(f"{i}", {"a.py": f"x = {i}\n"})
    repo.lose(repo.git("rev-parse", "main~2:a.py"))
    update(repo)
    store = Store(folder_of(repo))
    assert store.counts() == (6, 4, {"unreadable commit": 2})
    store.close()


def test_a_new_commit_of_an_old_date_is_indexed(small: Repo) -> None:
    update(small)
    small.clock -= 10_000_000
    small.commit("old", {"old.py": "x = 1\n"})
    assert update(small) == (1, 1)


def test_a_history_rewritten_is_indexed_anew(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.history(habits(20))
    update(repo)
    repo.git("reset", "--quiet", "--hard", "HEAD~5")
    repo.commit("instead", {"other.py": "x = 1\n"})
    assert update(repo) == (1, 1)
    assert set(indexed_commits(folder_of(repo))) == set(repo.git("rev-list", "HEAD").split())
