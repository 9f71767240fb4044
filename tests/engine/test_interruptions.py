"""An index survives whatever ends its making: the rows are the same as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repositories import Repo
from rows import indexed_commits, rows

from codewm_lsp.engine.index import EditIndex
from codewm_lsp.engine.indexing import Progress, update_index
from codewm_lsp.engine.store import index_folder
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.git import Repository
from codewm_model.sketch import sketch

INDEX = [sys.executable, "-m", "codewm_lsp", "index", "--json", "--jobs", "2"]


def start(repo: Repo) -> subprocess.Popen[bytes]:
    """An indexer in a process group of its own, as a terminal starts one."""
    return subprocess.Popen(
        [*INDEX, str(repo.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


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
