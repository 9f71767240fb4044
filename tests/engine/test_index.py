"""Asking an index: the nearest edits, filtered as wished, whatever became of the graph's file."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from repositories import GRACE, Repo, habits, numbered

from codewm_lsp.engine import vectors
from codewm_lsp.engine.index import EditIndex, Filters
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.packing import pack, unpack
from codewm_lsp.engine.similar import SimilarEdits
from codewm_lsp.engine.store import Store, index_folder
from codewm_lsp.engine.vectors import VectorIndex
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.errors import IndexStoreError
from codewm_model.git import Repository
from codewm_model.sketch import Sketch, project, sketch
from codewm_model.version import key_version

TIMEOUT = (
    "def call(session):\n    return session.get(1)\n",
    "def call(session):\n    return session.get(1, timeout=9)\n",
)


def asked(before: str, after: str) -> Sketch:
    return sketch(change_of(edit_between(before, after, "a.py")))


def folder_of(repo: Repo) -> Path:
    return index_folder(Repository.open(repo.root))


@pytest.fixture
def indexed(small: Repo) -> Repo:
    update_index(Repository.open(small.root), jobs=1)
    return small


@pytest.fixture
def index(indexed: Repo) -> Iterator[EditIndex]:
    opened = EditIndex(folder_of(indexed))
    yield opened
    opened.close()


def answers(repo: Repo, filters: Filters | None = None, k: int = 10) -> list[tuple[str, tuple[int, int], float]]:
    opened = EditIndex(folder_of(repo))
    try:
        return [(hit.commit, hit.lines, hit.score) for hit in opened.query(asked(*TIMEOUT), k, filters)]
    finally:
        opened.close()


def test_the_best_hits_are_edits_of_the_same_kind(index: EditIndex) -> None:
    best = index.query(asked(*TIMEOUT), 3)
    assert {hit.commit for hit in best} <= {edit.commit for edit in index.store.candidates(range(1, 200))}
    assert all(int(hit.subject.removeprefix("Change number ")) % 3 == 0 for hit in best)


def test_hits_are_ordered_by_score_and_say_why(index: EditIndex) -> None:
    hits = index.query(asked(*TIMEOUT), 10)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 < hit.score <= 1 and -1.001 <= hit.similarity <= 1.001 and hit.reasons for hit in hits)


def test_an_edit_is_its_own_best_hit(indexed: Repo, index: EditIndex) -> None:
    stored = [sketch for _, sketch, _ in index.store.sketches_after(0)]
    best = [index.query(sketch, 1)[0] for sketch in stored]
    assert [round(hit.score, 2) for hit in best] == [1.0] * len(stored)


def test_the_graphs_best_is_the_best_of_an_exact_search(index: EditIndex) -> None:
    keys = project([sketch for _, sketch, _ in index.store.sketches_after(0)])
    for key in keys:
        exact = np.sort(keys @ key)[::-1]
        assert list(index._vectors.nearest(key, 5).values()) == pytest.approx(exact[:5], abs=1e-3)


def test_k_limits_the_hits(index: EditIndex) -> None:
    assert [len(index.query(asked(*TIMEOUT), k)) for k in (1, 4)] == [1, 4]


def test_filtered_hits_are_those_of_an_unfiltered_query_that_pass(indexed: Repo, index: EditIndex) -> None:
    everything = index.query(asked(*TIMEOUT), 100)
    filtered = index.query(asked(*TIMEOUT), 100, Filters(author="grace"))
    assert [hit.commit for hit in filtered] == [hit.commit for hit in everything if hit.author == "Grace Hopper"]


@pytest.mark.parametrize("author", ["Grace", "hopper", "GRACE@example.com"])
def test_an_author_is_found_by_any_part_of_name_or_address(index: EditIndex, author: str) -> None:
    assert {hit.author for hit in index.query(asked(*TIMEOUT), 100, Filters(author=author))} == {"Grace Hopper"}


@pytest.mark.parametrize("author", ["%", "_", "' OR 1=1 --"])
def test_an_author_is_no_pattern(index: EditIndex, author: str) -> None:
    assert index.query(asked(*TIMEOUT), 100, Filters(author=author)) == []


def test_since_leaves_out_what_is_older(index: EditIndex) -> None:
    times = sorted(hit.time for hit in index.query(asked(*TIMEOUT), 100))
    recent = index.query(asked(*TIMEOUT), 100, Filters(since=times[-5]))
    assert sorted(hit.time for hit in recent) == times[-5:]


@pytest.mark.parametrize(
    ("glob", "count"), [("app", 12), ("app/", 12), ("app/part_3.py", 1), ("*_1?.py", 2), ("lib", 0)]
)
def test_a_path_is_a_folder_a_file_or_a_glob(index: EditIndex, glob: str, count: int) -> None:
    assert len({hit.path for hit in index.query(asked(*TIMEOUT), 100, Filters(path=glob))}) == count


def test_left_out_commits_are_never_hits(index: EditIndex) -> None:
    best = index.query(asked(*TIMEOUT), 2)
    others = index.query(asked(*TIMEOUT), 2, Filters(without=frozenset({best[0].commit})))
    assert others[0] == best[1]


def test_a_large_commit_left_out_does_not_crowd_out_the_others(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("the one", {"one.py": "def one(s):\n    return s.get(1)\n"})
    one = repo.commit("its timeout", {"one.py": "def one(s):\n    return s.get(1, timeout=5)\n"})
    bodies = {f"many/{i}.py": f"def many_{i}(s):\n    return s.get({i})\n" for i in range(400)}
    repo.commit("many", {**bodies})
    mass = repo.commit("all timeouts", {path: text.replace(")\n", ", timeout=5)\n").replace("(s, timeout=5)", "(s)")
                                        for path, text in bodies.items()})  # fmt: skip
    update_index(Repository.open(repo.root), jobs=1)
    assert [commit for commit, *_ in answers(repo, Filters(without=frozenset({mass})), 1)] == [one]


def test_a_cherry_pick_is_one_hit(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("start", {"a.py": numbered(20)})
    repo.git("branch", "release")
    picked = repo.commit("fix", {"a.py": numbered(20, {4: "total = price(4, timeout=1)"})})
    repo.git("checkout", "--quiet", "release")
    repo.commit("other", {"b.py": "x = 1\n"})
    repo.clock += 60
    repo.git("cherry-pick", picked)
    update_index(Repository.open(repo.root), jobs=1)
    opened = EditIndex(folder_of(repo))
    hits = opened.query(asked(numbered(20), numbered(20, {4: "total = price(4, timeout=1)"})), 10)
    assert [hit.subject for hit in hits].count("fix") == 1


@pytest.mark.parametrize("damage", ["overwritten", "truncated", "empty", "gone", "huge"])
def test_without_a_whole_graph_file_the_answers_are_the_same_and_the_next_run_mends_it(
    indexed: Repo, damage: str
) -> None:
    expected = answers(indexed)
    (path,) = folder_of(indexed).glob("vectors-*.hnsw")
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        half = len(data) // 2
        path.write_bytes(
            {"overwritten": data[:half] + b"\xff" * 64 + data[half + 64 :], "truncated": data[:half], "empty": b"",
             "huge": b"\xff" * len(data)}[damage]
        )  # fmt: skip
    assert answers(indexed) == expected
    update_index(Repository.open(indexed.root), jobs=1)
    store = Store(folder_of(indexed))
    assert VectorIndex.load(store).last == store.last_edit()
    store.close()


@pytest.mark.parametrize(
    "record", ["", "nonsense", "../../etc/passwd 0 1 1", f"vectors-9.hnsw 0 9 {key_version()}", "a b c d"]
)
def test_a_wrong_record_of_the_graph_changes_no_answer(indexed: Repo, record: str) -> None:
    expected = answers(indexed)
    with sqlite3.connect(folder_of(indexed) / "edits.sqlite3") as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'vectors'", (record,))
    assert answers(indexed) == expected


def test_a_graph_of_other_keys_is_made_again_from_the_rows(indexed: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = answers(indexed)
    folder = folder_of(indexed)
    (old,) = folder.glob("vectors-*.hnsw")
    with sqlite3.connect(folder / "edits.sqlite3") as db:
        ((record,),) = db.execute("SELECT value FROM meta WHERE key = 'vectors'")
        other = (record.replace(key_version(), "0123456789ab"),)
        db.execute("UPDATE meta SET value = ? WHERE key = 'vectors'", other)
    monkeypatch.setattr(vectors, "read_graph_file", lambda *_: pytest.fail("its keys are not ours"))
    assert answers(indexed) == expected
    monkeypatch.undo()
    update_index(Repository.open(indexed.root), jobs=1, existing=True)
    (new,) = folder.glob("vectors-*.hnsw")
    assert new != old
    with closing(Store(folder)) as store:
        assert VectorIndex.load(store).last == store.last_edit()


def test_rows_that_the_graph_has_not_seen_are_found_after_a_refresh(indexed: Repo, index: EditIndex) -> None:
    new = indexed.commit("the newest", {"app/part_1.py": "import requests\n\n\nx = zeta.omega(kappa=1)\n"})
    update_index(Repository.open(indexed.root), jobs=1)
    wanted = asked("", "x = zeta.omega(kappa=1)\n")
    assert new not in {hit.commit for hit in index.query(wanted)}
    assert index.query(wanted, 100, Filters(author="Ada"))  # filters ask the rows, which know it already
    assert (index.refresh(), index.refresh()) == (True, False)
    assert index.query(wanted)[0].commit == new


def test_a_reader_survives_a_rebuild(indexed: Repo, index: EditIndex) -> None:
    expected = [hit.commit for hit in index.query(asked(*TIMEOUT))]
    update_index(Repository.open(indexed.root), jobs=1, rebuild=True)
    assert [hit.commit for hit in index.query(asked(*TIMEOUT))] == expected


def test_forgotten_edits_are_no_hits(indexed: Repo, index: EditIndex) -> None:
    gone = index.query(asked(*TIMEOUT))[0].commit
    position = indexed.git("rev-list", f"{gone}..HEAD").count("\n") + 2
    indexed.git("reset", "--quiet", "--hard", f"HEAD~{position}")
    update_index(Repository.open(indexed.root), jobs=1)
    assert gone not in {hit.commit for hit in index.query(asked(*TIMEOUT))}
    assert gone not in {commit for commit, *_ in answers(indexed)}


def test_damaged_rows_are_an_error_with_its_remedy(indexed: Repo) -> None:
    path = folder_of(indexed) / "edits.sqlite3"
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"?" * (len(data) - 8192))
    with pytest.raises(IndexStoreError, match="index --rebuild"):
        answers(indexed)


@pytest.mark.parametrize("value", ["NULL", "7", "'text'"])
def test_values_that_no_indexer_wrote_are_damage(indexed: Repo, index: EditIndex, value: str) -> None:
    with sqlite3.connect(folder_of(indexed) / "edits.sqlite3") as db:
        db.execute(f"UPDATE edits SET lexical = {value}")
    with pytest.raises(IndexStoreError, match="index --rebuild"):
        index.query(asked(*TIMEOUT))


def test_an_index_that_runs_statements_of_its_own_is_refused(indexed: Repo) -> None:
    with sqlite3.connect(folder_of(indexed) / "edits.sqlite3") as db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON commits BEGIN DELETE FROM edits; END")
    with pytest.raises(IndexStoreError, match="holds a trigger 't' that is not ours"):
        answers(indexed)


def test_edits_that_came_twice_and_went_once_are_found(indexed: Repo) -> None:
    text = "def late(session):\n" + "".join(f"    session.get({i})\n" for i in range(40))
    indexed.git("checkout", "--quiet", "-b", "topic")
    indexed.commit("before", {"late.py": text})
    indexed.commit("the same everywhere", {f"copy_{i}.py": text for i in range(300)})
    update_index(Repository.open(indexed.root), jobs=1)
    indexed.git("commit", "--quiet", "--amend", "--message", "the same, with other words")
    update_index(Repository.open(indexed.root), jobs=1)
    opened = EditIndex(folder_of(indexed))
    hits = opened.query(asked("", text), 300)
    opened.close()
    assert {hit.subject for hit in hits if hit.path.startswith("copy_")} == {"the same, with other words"}


def test_texts_of_hits_are_read_from_git(indexed: Repo) -> None:
    similar = SimilarEdits.open(Repository.open(indexed.root))
    (hits,) = similar.query([edit_between(*TIMEOUT, "a.py")], 5)
    for hit, edit, diff in zip(hits, similar.texts_of(hits), similar.diff_of(hits), strict=True):
        assert edit is not None
        assert (edit.path, edit.lines) == (hit.path, hit.lines)
        assert [line[1:] for line in diff.splitlines() if line.startswith("+")] == list(edit.added)
    similar.close()


def test_the_text_of_a_hit_that_git_lost_is_none(indexed: Repo) -> None:
    similar = SimilarEdits.open(Repository.open(indexed.root))
    (hits,) = similar.query([edit_between(*TIMEOUT, "a.py")], 1)
    for path in (indexed.git_dir / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    assert (similar.texts_of(hits), similar.diff_of(hits)) == ([None], [""])
    similar.close()


def test_a_hit_of_a_shown_diff_applies(indexed: Repo, tmp_path: Path) -> None:
    similar = SimilarEdits.open(Repository.open(indexed.root))
    (hits,) = similar.query([edit_between(*TIMEOUT, "a.py")], 1)
    (diff,) = similar.diff_of(hits)
    indexed.git("checkout", "--quiet", "--detach", f"{hits[0].commit}~1")
    patch = f"--- a/{hits[0].path}\n+++ b/{hits[0].path}\n{diff}".encode()
    indexed.git("apply", "--check", stdin=patch)
    similar.close()


def test_features_survive_being_stored() -> None:
    features = asked(*TIMEOUT).lexical
    again = unpack(pack(features))
    assert np.array_equal(again.hashes, features.hashes)
    assert again.weights == pytest.approx(features.weights, rel=1e-3)


def test_equal_histories_have_equal_answers(tmp_path: Path) -> None:
    both = []
    for name in ("one", "two"):
        repo = Repo.init(tmp_path / name, "--object-format=sha1")
        repo.history(habits(40))
        update_index(Repository.open(repo.root), jobs=1)
        both.append(answers(repo))
    assert both[0] == both[1]


def test_the_author_is_the_commits(indexed: Repo, index: EditIndex) -> None:
    hit = index.query(asked(*TIMEOUT), 1)[0]
    shown = indexed.git("show", "-s", "--format=%an|%at|%s", hit.commit)
    assert f"{hit.author}|{hit.time}|{hit.subject}" == shown
    assert hit.author in {"Ada Lovelace", GRACE[0]}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_somebody_elses_index_can_be_read(indexed: Repo, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shutil.copytree(folder_of(indexed), shared)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        parent.chmod(parent.stat().st_mode | 0o111)  # so that the other user gets there
    shared.chmod(0o555)
    nobody = 65534
    os.seteuid(nobody)
    try:
        opened = EditIndex(shared)
        hits = opened.query(asked(*TIMEOUT), 3)
        opened.close()
    finally:
        os.seteuid(0)
    assert len(hits) == 3
    assert not list(shared.glob("*-wal"))


def test_a_larger_graph_is_searched_more_widely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "WIDER_BY", 2)
    graph = VectorIndex.empty(2)
    assert graph._graph.ef == vectors.BREADTH_SEARCH
    angles = np.linspace(0, 6, 1000)
    graph.add(range(1, 1001), np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))
    assert graph._graph.ef == 500
