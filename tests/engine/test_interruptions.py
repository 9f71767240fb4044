"""An index survives whatever ends its making: the rows are the same as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repositories import Repo
from rows import indexed_commits, rows

from codewm_lsp.engine import extraction, vectors
from codewm_lsp.engine.database import Transaction
from codewm_lsp.engine.graph_file import GraphFile, Shape, read_graph_file
from codewm_lsp.engine.index import EditIndex
from codewm_lsp.engine.indexing import Progress, update_index
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.store import Store, index_folder
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.errors import IndexBusyError, IndexStoreError
from codewm_model.git import Repository
from codewm_model.sketch import sketch

INDEX = [sys.executable, "-m", "codewm_lsp", "index", "--json", "--jobs", "2"]


def start(repo: Repo) -> subprocess.Popen[bytes]:
    """An indexer in a process group of its own, as a terminal starts one; Ctrl-C is for it even if not for us."""
    return subprocess.Popen(
        [*INDEX, str(repo.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def wait_for(process: subprocess.Popen[bytes], folder: Path, commits: int) -> None:
    """Return as soon as that many commits are stored."""
    while len(indexed_commits(folder)) < commits:
        assert process.poll() is None, "the indexer ended before it could be interrupted"
        time.sleep(0.002)


def folder_of(repo: Repo) -> Path:
    return index_folder(Repository.open(repo.root))


@pytest.fixture(scope="module")
def uninterrupted(long_repository: Repo) -> list[tuple[object, ...]]:
    update_index(Repository.open(long_repository.root), jobs=1)
    return rows(folder_of(long_repository))


def test_five_kills_and_a_run_give_the_rows_of_one_run(
    long_copy: Repo, uninterrupted: list[tuple[object, ...]]
) -> None:
    folder = folder_of(long_copy)
    order = long_copy.git("rev-list", "--date-order", "HEAD").split()
    for moment in (0, 1, 150, 300, 500):
        process = start(long_copy)
        if moment == 0:
            while not (folder / "writer.lock").exists():
                time.sleep(0.002)
        wait_for(process, folder, moment)
        process.kill()  # and nobody tells its workers
        process.communicate()
        stored = indexed_commits(folder)
        assert stored == order[: len(stored)], "what is stored is the newest part of the history, newest first"
    assert subprocess.run([*INDEX, str(long_copy.root)], capture_output=True).returncode == 0
    assert rows(folder) == uninterrupted
    assert EditIndex(folder).refresh() is False


def test_nothing_is_lost_by_kills_at_moments_spread_over_an_indexing(long_repository: Repo) -> None:
    program = Path(__file__).parents[2] / "benchmarks" / "kills.py"
    command = [sys.executable, str(program), str(long_repository.root), "--kills", "5", "--commits", "210", "--json"]
    done = subprocess.run(command, capture_output=True)
    found = json.loads(done.stdout)
    assert (found["n"], found["ours"], found["broken"]) == (5, 5, {}), done.stderr.decode()
    assert found["commits"] == 210
    assert found["live"] >= 2  # of 5: the machine has other tests to run


def test_ctrl_c_exits_130_and_leaves_a_valid_index(long_copy: Repo, uninterrupted: list[tuple[object, ...]]) -> None:
    folder = folder_of(long_copy)
    process = start(long_copy)
    wait_for(process, folder, 1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert (process.returncode, errors.decode().strip().splitlines()[-1]) == (130, "codewm-lsp: interrupted")
    interrupted = rows(folder)
    assert 0 < len(interrupted) < len(uninterrupted)
    assert set(interrupted) <= set(uninterrupted)
    assert update_index(Repository.open(long_copy.root), jobs=1).edits == len(uninterrupted) - len(interrupted)
    assert rows(folder) == uninterrupted


def test_workers_end_with_a_killed_indexer(long_copy: Repo) -> None:
    process = start(long_copy)
    wait_for(process, folder_of(long_copy), 1)
    process.kill()
    output, _ = process.communicate(timeout=20)  # the workers hold these pipes: they end when the last of them does
    assert output == b""


def test_a_full_disk_loses_nothing(small: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks: list[int] = []
    write = Store.transaction

    def on_a_small_disk(store: Store) -> Transaction:
        chunks.append(1)
        if len(chunks) > 5:
            store._db.execute("PRAGMA max_page_count = 1")  # as many as there are
        return write(store)

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "CHUNK", 8)
        patch.setattr(Store, "transaction", on_a_small_disk)
        with pytest.raises(IndexStoreError, match=r"disk is full\); what was stored before is safe"):
            update_index(Repository.open(small.root), jobs=1)
    stored = indexed_commits(folder_of(small))
    assert 0 < len(stored) < 60
    assert update_index(Repository.open(small.root), jobs=1).commits == 60 - len(stored)
    kept = rows(folder_of(small))
    update_index(Repository.open(small.root), jobs=1, rebuild=True)
    assert rows(folder_of(small)) == kept


def test_a_graph_that_cannot_be_written_is_an_error_and_the_old_one_stays(
    small: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    update_index(Repository.open(small.root), jobs=1)
    (before,) = folder_of(small).glob("vectors-*.hnsw")
    small.commit("new", {f"new_{i}.py": f"x = {i}\n" for i in range(9)})

    def cut(path: Path, shape: Shape) -> GraphFile:
        if path != before:
            os.truncate(path, path.stat().st_size // 2)  # hnswlib does not say that the disk was full
        return read_graph_file(path, shape)

    with monkeypatch.context() as patch:
        patch.setattr(vectors, "read_graph_file", cut)
        with pytest.raises(IndexStoreError, match=r"graph cannot be written to .*nothing is lost: make room"):
            update_index(Repository.open(small.root), jobs=1)
    assert list(folder_of(small).glob("vectors-*.hnsw")) == [before]
    assert len(indexed_commits(folder_of(small))) == 61
    assert update_index(Repository.open(small.root), jobs=1).commits == 0
    assert EditIndex(folder_of(small)).refresh() is False


def test_the_lock_of_a_killed_process_stops_nobody(small: Repo) -> None:
    folder = folder_of(small)
    script = (
        "import sys, time; from pathlib import Path; from codewm_lsp.engine.lock import only_writer\n"
        "with only_writer(Path(sys.argv[1])): print('held', flush=True); time.sleep(1000)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    with pytest.raises(IndexBusyError, match=f"process {process.pid} is indexing"), only_writer(folder):
        pass
    process.kill()
    process.communicate()
    assert (folder / "writer.pid").exists()
    with only_writer(folder):
        pass


def test_workers_import_nothing_from_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "multiprocessing.py").write_text("import pathlib; pathlib.Path('run').touch()\n")
    script = tmp_path / "script.py"
    script.write_text(
        "from codewm_lsp.engine.extraction import extract_all\n"
        "from codewm_model.edit import Commit\n"
        "from codewm_model.history import CommitEdits\n"
        "if __name__ == '__main__':\n"
        "    commit = Commit('0' * 40, 'Ada', 'ada@example.org', 0, 'nothing')\n"
        "    assert list(extract_all(iter([CommitEdits(commit, (), {})]), 2)) == [[(commit, [], {})]]\n"
    )
    subprocess.run([sys.executable, str(script)], cwd=tmp_path / "repository", check=True)
    assert not (tmp_path / "repository" / "run").exists()


def test_queries_are_answered_while_an_indexer_runs(small: Repo) -> None:
    repository = Repository.open(small.root)
    wanted = sketch(change_of(edit_between("return get(key)\n", "return get(key, timeout=5)\n")))
    found: list[tuple[int, list[str]]] = []

    def ask(progress: Progress) -> None:
        if progress.commits:
            reader = EditIndex(folder_of(small))
            found.append((progress.commits, [hit.commit for hit in reader.query(wanted, 3)]))
            reader.close()

    update_index(repository, jobs=1, report=ask)
    assert [len(hits) for _, hits in found] == [3] * len(found) != []
