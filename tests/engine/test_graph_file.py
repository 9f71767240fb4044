"""A graph's file is refused or harmless, whatever its bytes are: hnswlib in the hands of a hostile one would crash."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hnswlib
import numpy as np
import pytest
from graph_victim import SHAPE
from hypothesis import given, settings
from hypothesis import strategies as st

from codewm_lsp.engine.graph_file import GraphFileError, read_graph_file

PROGRAM = Path(__file__).parents[1] / "graph_victim.py"
COUNT = 60
HEADER = 96
TAIL = HEADER + COUNT * SHAPE.element
LIST = 4 * (1 + SHAPE.links)  # bytes of an element's links on one upper level
AT_COUNT, AT_TOP, AT_ENTRY = 16, 48, 52


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file as hnswlib writes it, with elements on upper levels."""
    keys = np.random.default_rng(0).standard_normal((COUNT, SHAPE.size)).astype(np.float32)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    graph = hnswlib.Index("ip", SHAPE.size)
    graph.init_index(COUNT + 4, M=SHAPE.links, ef_construction=SHAPE.breadth, random_seed=0)
    graph.add_items(keys, np.arange(1, COUNT + 1), num_threads=1)
    path = tmp_path_factory.mktemp("graph") / "whole.hnsw"
    graph.save_index(str(path))
    return path.read_bytes()


class Victim:
    """A process that opens files; another one if it died of the last."""

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, str(PROGRAM), str(folder / "fed.hnsw")]
        self._process = self._start()

    def opens(self, data: bytes) -> str:
        """What it says of a file; its death fails the test."""
        if self._process.poll() is not None:
            self._process = self._start()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(len(data).to_bytes(4, "little") + data)
        self._process.stdin.flush()
        answer = self._process.stdout.readline().decode().strip()
        assert answer, f"the process ended with {self._process.wait()}"
        return answer

    def close(self) -> None:
        self._process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    process = Victim(tmp_path_factory.mktemp("victim"))
    yield process
    process.close()


def put(data: bytes, place: int, value: int, form: str = "=I") -> bytes:
    number = struct.pack(form, value)
    return data[:place] + number + data[place + len(number) :]


def first_list(data: bytes) -> int:
    """Where the first upper list stands, after its size."""
    place = TAIL
    while data[place : place + 4] == b"\0\0\0\0":
        place += 4
    return place + 4


def test_a_file_of_hnswlibs_is_read_with_its_labels(whole: bytes, victim: Victim, tmp_path: Path) -> None:
    (tmp_path / "whole.hnsw").write_bytes(whole)
    assert sorted(read_graph_file(tmp_path / "whole.hnsw", SHAPE).labels) == list(range(1, COUNT + 1))
    assert victim.opens(whole) == "fine"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda data: put(data, 0, 4096, "=Q"), "header"),
        (lambda data: put(data, 24, 16, "=Q"), "header"),
        (lambda data: put(data, 88, 10**9, "=Q"), "header"),
        (lambda data: put(data, AT_COUNT, 0, "=Q"), "number of elements"),
        (lambda data: put(data, AT_COUNT, 1 << 60, "=Q"), "number of elements"),
        (lambda data: put(put(data, 8, 1 << 60, "=Q"), AT_COUNT, 1 << 59, "=Q"), "too short"),
        (lambda data: put(data, AT_ENTRY, COUNT), "entry point"),
        (lambda data: put(data, AT_TOP, 9), "entry point"),
        (lambda data: put(data, HEADER, 2 * SHAPE.links + 1), "too many links"),
        (lambda data: put(data, HEADER, 1 << 16 | 3), "too many links"),  # marked as removed
        (lambda data: put(data, HEADER + 4, COUNT), "no element"),
        (lambda data: put(data, HEADER + SHAPE.element - 12, 0x7FC00000), "unit vector"),
        (lambda data: put(data, HEADER + SHAPE.element - 8, 2, "=Q"), "twice"),
        (lambda data: put(data, first_list(data) - 4, LIST + 1), "impossible size"),
        (lambda data: put(data, first_list(data) - 4, 1000 * LIST), "longer than the file"),
        (lambda data: put(put(data, first_list(data), 1), first_list(data) + 4, 1 << 31), "no element"),
        (lambda data: data[:-4], "longer than the file"),
        (lambda data: data + bytes(4), "another number of elements"),
        (lambda data: data[:-1], "within a number"),
        (lambda data: b"", "too short"),
    ],
)
def test_a_file_that_would_lead_out_of_bounds_is_refused(whole: bytes, victim: Victim, wrong, why: str) -> None:  # type: ignore[no-untyped-def]
    assert why in victim.opens(wrong(whole))


def test_a_link_to_a_level_that_is_not_there_is_refused(whole: bytes, victim: Victim) -> None:
    place, flat = TAIL, None
    for element in range(COUNT):
        size = int.from_bytes(whole[place : place + 4], "little")
        if size == 0:
            flat = element
        place += 4 + size
    assert flat is not None
    here = first_list(whole)
    assert "a level that is not there" in victim.opens(put(put(whole, here, 1), here + 4, flat))


ODD = st.sampled_from([0, 1, 4, 5, 8, 9, 20, 40, COUNT - 1, COUNT, COUNT + 1, 1 << 15, 1 << 16, (1 << 31) - 1, 1 << 31,
                       (1 << 32) - 1])  # fmt: skip
PLACES = st.one_of(
    st.integers(0, HEADER // 4 - 1),
    st.integers(HEADER // 4, TAIL // 4 - 1),
    st.integers(TAIL // 4, TAIL // 4 + COUNT + 30),
)


@settings(max_examples=300)
@given(
    words=st.lists(st.tuples(PLACES, ODD | st.integers(0, (1 << 32) - 1)), max_size=4),
    cut=st.none() | st.integers(0, TAIL + 400),
    more=st.binary(max_size=64),
)
def test_no_file_crashes_the_process_that_opens_it(
    whole: bytes, victim: Victim, words: list[tuple[int, int]], cut: int | None, more: bytes
) -> None:
    data = whole
    for place, value in words:
        data = put(data, place * 4, value)
    answer = victim.opens(data[:cut] + more)
    assert answer == "fine" or answer.startswith("refused: ")


def test_a_pipe_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.hnsw")
    with pytest.raises(GraphFileError, match="no file"):
        read_graph_file(tmp_path / "pipe.hnsw", SHAPE)
