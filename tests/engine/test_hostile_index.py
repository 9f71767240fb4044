"""Whatever the bytes and values of an index are, using it is fine or an error that a person can read and mend.

Each one is used in a process of its own kind (`tests/index_victim.py`), since the faults that are looked for are such
that a process would not survive, or would not end.
"""

from __future__ import annotations

import json
import queue
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repositories import Repo, habits
from rows import rows

from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.store import DATABASE, index_folder
from codewm_lsp.engine.transfer import export_index
from codewm_model.git import Repository
from codewm_model.version import key_version

PROGRAM = Path(__file__).parents[1] / "index_victim.py"
SECONDS = 120.0  # a busy machine is no hang
REMEDY = re.compile(r"run `codewm-lsp index|nothing was changed|exists already|cannot be written")
COLUMNS = {
    "edits": ("commit_id", "path_id", "first", "last", "action", "lexical", "structural", "learned", "before_state",
              "action_class"),
    "commits": ("hash", "author", "email", "time", "subject"),
    "paths": ("path",),
    "skipped": ("reason", "count"),
    "meta": ("value",),
}  # fmt: skip
PLACES = [(table, column) for table, columns in COLUMNS.items() for column in columns]
VALUES: tuple[object, ...] = (
    None, 0, -1, 7, 255, 256, 1 << 31, (1 << 63) - 1, -(1 << 63), 0.5, float("inf"), 1e308, "", "text", "\0",
    "é" * 5000, "vectors-1.hnsw 0 0", f"vectors-999999999.hnsw 9999999999 999999999999999999 {key_version()}",
    b"", b"\0", b"\xff\xfe",
    b"\x7e" * 6, b"\xff" * 24, b"\0" * 600, b"\x00\x7e" * 300, b"\0" * 2_000_000,
)  # fmt: skip

flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)
cuts = st.none() | st.floats(0, 1)


class Victim:
    """A process that uses indexes; another one if it died of the last."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process, self._answers), daemon=True).start()

    def uses(self, repo: Repo, file: Path, *, imports: bool = False) -> dict[str, str]:
        """What every use came to; its death, its silence and its faults fail the test."""
        if self._process.poll() is not None:
            self._start()
        assert self._process.stdin is not None
        asked = {"repository": str(repo.root), "file": str(file), "import": imports}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        try:
            answer = self._answers.get(timeout=SECONDS)
        except queue.Empty:
            self._process.kill()
            raise AssertionError("it hangs") from None
        assert answer, f"the process ended with {self._process.wait()}"
        found: dict[str, str] = json.loads(answer)
        for use, outcome in found.items():
            assert not outcome.startswith("fault"), f"{use}: {outcome}"
            assert outcome == "fine" or REMEDY.search(outcome), f"{use}: {outcome}"
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    @staticmethod
    def _read(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            answers.put(line)
        answers.put("")


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    process = Victim()
    yield process
    process.close()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, _model: None) -> Repo:
    """Forty commits and something left out, indexed, with a graph's file; and the index as one file beside it."""
    repo = Repo.init(tmp_path_factory.mktemp("hostile") / "repository")
    repo.history(habits(40))
    repo.commit("left out", {"yarn.lock": "x\n", "app/more.py": "x = 1\n"})
    update_index(of(repo), jobs=1)
    export_index(of(repo), repo.root.parent / "index.codewm")
    return repo


@pytest.fixture(scope="module")
def clone(origin: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A clone whose index is replaced for every example."""
    root = tmp_path_factory.mktemp("clone") / "repository"
    origin.git("clone", "--quiet", ".", str(root))
    return Repo(root)


def of(repo: Repo) -> Repository:
    return Repository.open(repo.root)


def fresh(origin: Repo, clone: Repo) -> Path:
    """The clone's index as the origin's is; its folder."""
    folder = index_folder(of(clone))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(index_folder(of(origin)), folder)
    return folder


def spoil(file: Path, changed: list[tuple[float, int]], cut: float | None) -> None:
    """Overwrite bytes at shares of the file's length, and cut it there."""
    data = bytearray(file.read_bytes())
    for place, value in changed:
        data[int(place * len(data))] = value
    file.write_bytes(data if cut is None else data[: int(cut * len(data))])


def overwrite(file: Path, places: list[tuple[tuple[str, str], Any, int | None]]) -> None:
    """Put values into columns, of one row in so many or of all."""
    with sqlite3.connect(file) as db:
        for (table, column), value, every in places:
            some = "" if every is None or table in ("skipped", "meta") else f" WHERE id % {every} = 0"
            try:
                db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?{some}", (value,))
            except sqlite3.IntegrityError:
                pass  # not even a hostile file can hold that
    db.close()


def vectors(folder: Path) -> Path:
    (found,) = folder.glob("vectors-*.hnsw")
    return found


@settings(max_examples=25)
@given(changed=flips, cut=cuts, name=st.sampled_from([DATABASE, "vectors"]))
def test_bytes_of_an_index_may_be_anything(
    origin: Repo, clone: Repo, victim: Victim,
    changed: list[tuple[float, int]], cut: float | None, name: str,
) -> None:  # fmt: skip
    folder = fresh(origin, clone)
    spoil(folder / DATABASE if name == DATABASE else vectors(folder), changed, cut)
    victim.uses(clone, folder.parent / "exported")


@settings(max_examples=60)
@given(places=st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES), st.sampled_from([None, 2, 7])),
                       min_size=1, max_size=3))  # fmt: skip
def test_values_of_an_index_may_be_of_any_kind(
    origin: Repo, clone: Repo, victim: Victim, places: list[tuple[tuple[str, str], Any, int | None]]
) -> None:
    folder = fresh(origin, clone)
    overwrite(folder / DATABASE, places)
    victim.uses(clone, folder.parent / "exported")


@settings(max_examples=25)
@given(changed=flips.filter(bool), claim=st.booleans())
def test_a_graph_that_the_rows_vouch_for_may_still_be_anything(
    origin: Repo, clone: Repo, victim: Victim, changed: list[tuple[float, int]], claim: bool
) -> None:
    folder = fresh(origin, clone)
    file = vectors(folder)
    spoil(file, changed, None)
    if claim:
        with sqlite3.connect(folder / DATABASE) as db:
            ((record,),) = db.execute("SELECT value FROM meta WHERE key = 'vectors'")
            name, _, *rest = record.split()
            db.execute("UPDATE meta SET value = ? WHERE key = 'vectors'",
                       (" ".join([name, str(zlib.crc32(file.read_bytes())), *rest]),))  # fmt: skip
        db.close()
    assert set(victim.uses(clone, folder.parent / "exported").values()) == {"fine"}, "the rows are whole"


@settings(max_examples=40)
@given(
    changed=flips, cut=cuts,
    places=st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES), st.sampled_from([None, 2, 7])),
                    max_size=2),
)  # fmt: skip
def test_a_file_to_import_may_be_anything(
    origin: Repo, clone: Repo, victim: Victim, changed: list[tuple[float, int]], cut: float | None,
    places: list[tuple[tuple[str, str], Any, int | None]],
) -> None:  # fmt: skip
    folder, file = index_folder(of(clone)), clone.root.parent / "index.codewm"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copyfile(origin.root.parent / "index.codewm", file)
    overwrite(file, places)
    spoil(file, changed, cut)
    if victim.uses(clone, file, imports=True)["import"] == "fine":
        # A path is what the file says, and one that its commit does not have leads to no text; the commits are checked.
        told = 1 if ("paths", "path") in [place for place, *_ in places] else 2
        found, own = ({(row[0], row[5])[:told] for row in rows(one)} for one in (folder, index_folder(of(origin))))
        assert found <= own, "of what this repository has"
        assert set(victim.uses(clone, folder.parent / "exported").values()) == {"fine"}
    else:
        assert not (folder / DATABASE).exists(), "nothing was changed"


@pytest.mark.parametrize("swapped", ["each other", "noise", "folders", "an old graph", "links to themselves"])
def test_files_in_each_others_place_are_refused_or_made_again(
    origin: Repo, clone: Repo, victim: Victim, swapped: str
) -> None:
    folder = fresh(origin, clone)
    database, graph = folder / DATABASE, vectors(folder)
    if swapped == "each other":
        database.rename(folder / "x")
        graph.rename(database)
        (folder / "x").rename(graph)
    elif swapped == "noise":
        database.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 500)
        graph.write_bytes(bytes(range(256)) * 500)
    elif swapped == "folders":
        for file in (database, graph):
            file.unlink()
            file.mkdir()
    elif swapped == "an old graph":
        clone.commit("more", {f"more_{i}.py": "x = 1\n" * i for i in range(20)})
        before = graph.read_bytes()
        update_index(of(clone), jobs=1)
        vectors(folder).write_bytes(before)
        clone.git("reset", "--quiet", "--hard", "origin/main")
    else:
        for file in (database, graph):
            file.unlink()
            file.symlink_to(file.name)
    victim.uses(clone, folder.parent / "exported")


def test_a_rebuild_mends_whatever_was_wrong(origin: Repo, clone: Repo) -> None:
    folder = fresh(origin, clone)
    overwrite(folder / DATABASE, [(place, b"\xff", 2) for place in PLACES])
    update_index(of(clone), jobs=1, rebuild=True)
    assert rows(folder) == rows(index_folder(of(origin)))
