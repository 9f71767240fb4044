"""Commits from JSONL files: edits as of clones, whatever the lines hold, and nothing that may not be learned from."""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from repositories import Repo, habits, numbered

from codewm_model.errors import CodewmError, DependencyError
from codewm_model.git import MAX_BLOB
from codewm_train import jsonl as jsonl_module
from codewm_train.cli import main
from codewm_train.data import Dataset, pack
from codewm_train.hub import hub_lines
from codewm_train.ids import SPLITS
from codewm_train.jsonl import Line, mine_lines, read_lines
from codewm_train.licences import PERMISSIVE, is_permissive
from codewm_train.mine import MAX_COMMIT_EDITS, RepositoryJob
from codewm_train.records import UnusableError, parse_record
from codewm_train.repository_list import MinedRepository

GOOD = {
    "old_contents": "a = 1\nb = 2\n",
    "new_contents": "a = 1\nb = 3\n",
    "subject": "Count on",
    "license": "mit",
    "old_file": "app/a.py",
    "new_file": "app/a.py",
    "lang": "Python",
    "repos": "me/box,you/box",
    "commit": "f" * 40,
}


class Here:
    """An executor without a process."""

    def run(self, function: Any, items: Any) -> Iterator[Any]:
        return map(function, items)


def record(**fields: object) -> dict[str, object]:
    return {name: value for name, value in {**GOOD, **fields}.items() if value is not None}


def line(**fields: object) -> bytes:
    return json.dumps(record(**fields)).encode() + b"\n"


def mined(out: Path, *lines: Line) -> tuple[list[dict[str, Any]], Counter[str]]:
    """The rows that the lines gave, and what was passed over."""
    skipped: Counter[str] = Counter()
    shards = mine_lines("x", lines, out, executor=Here(), report=lambda info: skipped.update(info.skipped))
    return [row for shard in shards for row in pq.read_table(shard / "edits.parquet").to_pylist()], skipped


def packed(out: Path, shards: list[Path]) -> Dataset:
    pack(shards, out / "dataset", 1000)
    return Dataset.open(out / "dataset")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> tuple[Path, list[bytes]]:
    """A repository, and its commits as lines, oldest first."""
    root = tmp_path_factory.mktemp("history") / "box"
    commits = habits(30)
    commits += [("Two hunks", {"long.py": numbered(40)}), ("of one file", {"long.py": numbered(40, {3: "x", 33: "y"})})]
    Repo.init(root).history(commits)
    files: dict[str, str] = {}
    lines = []
    for i, (subject, (item,)) in enumerate((subject, files.items()) for subject, files in commits):
        path, text = item
        names = {"old_file": path, "new_file": path, "repos": "me/box", "commit": str(i)}
        lines.append(line(old_contents=files.get(path, ""), new_contents=text, subject=subject, **names))
        files[path] = text
    return root, lines


def test_a_commit_of_a_file_gives_the_edits_that_a_clone_gives(
    history: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    root, lines = history
    (tmp_path / "clone").mkdir()
    job = RepositoryJob(MinedRepository("me/box", "MIT", "main"), root, tmp_path / "clone", 1000)
    job.run()
    ours = packed(tmp_path, mine_lines("x", lines[::-1], tmp_path, executor=Here()))
    theirs = packed(tmp_path / "clone", [job.shard])
    assert len(ours) > 30
    for name in ("before", "before_at", "after", "after_at", "actions", "commit", "signature", "path", "place"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


def test_how_lines_are_cut_into_pieces_makes_no_difference(
    history: tuple[Path, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = history[1][:12]
    whole = packed(tmp_path / "whole", mine_lines("x", lines, tmp_path / "whole", executor=Here()))
    monkeypatch.setattr(jsonl_module, "PIECE_LINES", 5)
    shards = mine_lines("x", lines, tmp_path / "cut", executor=Here())
    cut = packed(tmp_path / "cut", shards)
    assert len(shards) == 3
    for name in ("before", "before_at", "after", "actions", "repository", "commit", "signature", "path", "place"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name
    assert [item["name"] for item in cut.about["repositories"]] == ["x"]
    monkeypatch.setattr(jsonl_module, "PIECE_BYTES", 1)
    assert len(mine_lines("x", lines[:4], tmp_path / "bytes", executor=Here())) == 4


def test_pieces_that_are_done_are_not_read_again_and_others_are(
    history: tuple[Path, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl_module, "PIECE_LINES", 10)
    shards = mine_lines("x", history[1][:20], tmp_path, executor=Here())
    read: list[int] = []
    monkeypatch.setattr(jsonl_module, "read_records", lambda records, *_: read.append(len(records)) or iter(()))
    assert mine_lines("x", history[1], tmp_path, executor=Here())[:2] == shards
    assert read == [10, 2]


def test_a_row_says_where_its_edit_comes_from(tmp_path: Path) -> None:
    ((row,), skipped) = mined(tmp_path, line())
    shown = {name: row[name] for name in ("repository", "licence", "commit", "path", "subject", "first", "removed")}
    assert shown == {
        "repository": "me/box",
        "licence": "mit",
        "commit": "f" * 40,
        "path": "app/a.py",
        "subject": "Count on",
        "first": 1,
        "removed": "b = 2",
    }
    assert row["added"] == "b = 3" and not skipped


def test_optional_fields_may_be_missing(tmp_path: Path) -> None:
    none = dict.fromkeys(("subject", "old_file", "new_file", "repos", "commit"))
    rows, skipped = mined(tmp_path, line(**none, message="Because\n\nIt must."), b"\n", line(**none, message=""))
    assert [(row["repository"], row["commit"], row["subject"]) for row in rows] == [
        ("x", "x:1", "Because"),
        ("x", "x:3", ""),
    ]
    assert not skipped


def test_a_renamed_a_new_and_a_removed_file_are_edits(tmp_path: Path) -> None:
    text = numbered(20)
    renamed = line(old_contents=text, new_contents=text.replace("= 7", "= 8"), old_file="old/x.py", new_file="y.py")
    rows, _ = mined(tmp_path, renamed, line(old_contents=""), line(new_contents="", commit="1"))
    assert [(row["path"], row["removed"], row["added"]) for row in rows] == [
        ("y.py", "value_7 = 7", "value_7 = 8"),
        ("app/a.py", "", "a = 1\nb = 3"),
        ("app/a.py", "a = 1\nb = 2", ""),
    ]


@pytest.mark.parametrize("path", ["a b.py", '"a".py', "../a.py", ".git/config.py", "git~1/x.py", "ä\n/\\x.py"])
def test_no_path_is_too_odd(path: str, tmp_path: Path) -> None:
    rows, skipped = mined(tmp_path, line(old_file=path, new_file=path))
    assert [row["path"] for row in rows] == [path] and not skipped


UNUSABLE = [
    (b"{", "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"[1]", "not a record"),
    (b"{}", "missing keys"),
    (line(old_contents=None), "missing keys"),
    (line(new_contents=3), "missing keys"),
    (line(subject=None), "missing keys"),
    (line(license=None), "missing keys"),
    (line(new_contents="a\0b"), "NUL bytes"),
    (line(subject="\0"), "NUL bytes"),
    (line(new_contents="x" * (MAX_BLOB + 1)), "too large"),
    (None, "too large"),
    (line(new_file="notes.txt"), "no grammar"),
    (line(new_file=None, old_file=None, lang="Cobol"), "no grammar"),
    (line(license="gpl-3.0"), "licence not permissive"),
    (line(license="unknown"), "licence not permissive"),
    (line(repos="me/box,PSF/Requests"), "kept for judging"),
    (line(repos=["you/Flask"]), "kept for judging"),
    (line(new_contents=GOOD["old_contents"]), "no change"),
    (line(old_contents="", new_contents=""), "no change"),
    (
        line(
            old_contents=numbered(9 * MAX_COMMIT_EDITS + 99),
            new_contents=numbered(
                9 * MAX_COMMIT_EDITS + 99, dict.fromkeys(range(0, 9 * MAX_COMMIT_EDITS + 99, 9), "x")
            ),
        ),
        "too many edits",
    ),
]


@pytest.mark.parametrize(("bad", "reason"), UNUSABLE)
def test_what_cannot_be_used_is_counted_and_passed_over(bad: Line, reason: str, tmp_path: Path) -> None:
    rows, skipped = mined(tmp_path, line(), bad, line(commit="other"))
    assert skipped == {reason: 1}
    assert [row["commit"] for row in rows] == ["f" * 40, "other"]


@pytest.mark.parametrize("name", [name for names in SPLITS.values() for name in names])
def test_no_repository_kept_for_judging_is_read_under_any_case_or_owner(name: str) -> None:
    for written in (name, name.upper(), f"someone/{name.rpartition('/')[2]}"):
        with pytest.raises(UnusableError, match="kept for judging"):
            parse_record(line(repos=f"me/box, {written}"))


def test_only_permissive_licences_are_permissive() -> None:
    assert all(is_permissive(name) and is_permissive(name.lower()) for name in PERMISSIVE)
    assert is_permissive("MIT OR GPL-3.0") and is_permissive("mit AND apache-2.0")
    refused = ["GPL-3.0", "AGPL-3.0 AND MIT", "GPL-3.0 OR LGPL-3.0", "MIT AND (GPL-3.0 OR ISC)", "", " OR ", "mpl-2.0"]
    assert [name for name in refused if is_permissive(name)] == []


@given(
    st.binary()
    | st.dictionaries(st.sampled_from(sorted(GOOD)), st.none() | st.text() | st.integers() | st.lists(st.text())).map(
        lambda fields: line(**fields)
    )
)
def test_a_line_is_a_record_or_unusable_and_nothing_else(text: bytes) -> None:
    try:
        parse_record(text)
    except UnusableError:
        pass


@settings(max_examples=15)  # each starts git
@given(st.lists(st.tuples(*3 * [st.text(st.characters(exclude_characters="\0"))]), max_size=4))
def test_any_text_is_read_without_an_error(texts: list[tuple[str, str, str]]) -> None:
    lines = [line(old_contents=old, new_contents=new, subject=subject) for old, new, subject in texts]
    with TemporaryDirectory() as folder:
        mined(Path(folder), *lines, line(subject="data 3\ncommit refs/heads/main\ndone\n"))


def test_a_line_of_any_length_takes_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_module, "MAX_LINE", 100)
    (tmp_path / "x").write_bytes(b"a" * 100 + b"\n" + b"b" * 101 + b"\n" + b"c" * 1000 + b"\nd\n" + b"e" * 202)
    assert list(read_lines(tmp_path / "x")) == [None, None, None, b"d\n", None]


def test_a_gzipped_file_is_read_as_the_plain_one(history: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    content = b"".join(history[1])
    (tmp_path / "x.jsonl").write_bytes(content)
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(content))
    assert list(read_lines(tmp_path / "x.jsonl")) == list(read_lines(tmp_path / "x.jsonl.gz")) == history[1]


def mine_command(*options: str | Path) -> Any:
    return CliRunner().invoke(main, ["mine", "--jobs", "1", *map(str, options)])


def test_the_command_reads_clones_and_files_into_one_dataset(history: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    root, lines = history
    (tmp_path / "list.tsv").write_text(f"me/box\tMIT\t{Repo(root).git('rev-parse', 'HEAD')}\n")
    (tmp_path / "more.jsonl").write_bytes(b"".join([*lines[:5], line(), b"nonsense\n"]))
    clones = ("--repos", tmp_path / "list.tsv", "--clones", root.parent)
    done = mine_command(*clones, "--jsonl", tmp_path / "more.jsonl", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "passed over: 1 not JSON" in done.stderr
    data = Dataset.open(tmp_path / "out" / "dataset")
    assert done.stdout == f"{len(data)} edits in {tmp_path / 'out' / 'dataset'}\n"
    assert [(item["name"], item["licence"]) for item in data.about["repositories"]] == [
        ("me/box", "MIT"),
        ("more.jsonl", "mit"),
    ]
    assert data.about["repositories"][1]["edits"] == 1, "the clone has the others"
    assert data.about["repeated"] == 5 and "left out: 5 that repeat another" in done.stderr


@pytest.mark.parametrize("content", [None, gzip.compress(line() * 99)[:-20], b"no archive"])
def test_a_file_that_cannot_be_read_is_told_of(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "x.gz").write_bytes(content)
    done = mine_command("--jsonl", tmp_path / "x.gz", "--out", tmp_path / "out")
    assert done.exit_code == 70 and "x.gz cannot be read" in done.stderr and "Traceback" not in done.stderr


def test_nothing_to_read_is_wrong_usage(tmp_path: Path) -> None:
    done = mine_command("--out", tmp_path)
    assert done.exit_code == 2 and "give --clones, --jsonl or --hub" in done.stderr


def test_a_dataset_of_the_hub_is_streamed_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load_dataset(*names: str, **options: Any) -> Iterator[dict[str, object]]:
        asked.append((*names, options.get("data_files"), options["streaming"]))
        yield record()

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    assert list(hub_lines("me/commits")) == [line().strip()]
    done = mine_command("--hub", "me/commits:python/data.jsonl", "--out", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert asked == [
        ("me/commits", None, True),
        ("json", "hf://datasets/me/commits/python/data.jsonl", True),
    ]
    about = Dataset.open(tmp_path / "dataset").about
    assert [(item["name"], item["edits"]) for item in about["repositories"]] == [("me/commits:python/data.jsonl", 1)]


def test_without_the_hubs_package_or_a_network_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DependencyError, match=r"pip install 'codewm-lsp\[hub\]'"):
        list(hub_lines("me/commits"))

    def load_dataset(*_: str, **__: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(CodewmError, match="me/commits cannot be read from the hub: no route"):
        list(hub_lines("me/commits"))
