"""The evaluation edits come from their ids alone, and from nothing that moves."""

from __future__ import annotations

import gzip
import re
import shutil
from importlib import metadata
from pathlib import Path

import pytest
from repositories import Repo

from codewm_model.errors import DependencyError
from codewm_model.git import Repository
from codewm_train import fixer, ids
from codewm_train.clones import ProtocolError, clone_name, match_clones
from codewm_train.fixer import fixes
from codewm_train.freeze import freeze_edits
from codewm_train.ids import SPLITS, TESTS, ids_file, read_ids, write_ids
from codewm_train.protocol import load_protocol

NAMES = ("me/box", "me/tin")


def source(i: int, body: str = "pass") -> str:
    return f"def check_{i}(secret):\n    if secret.part_{i} == None:\n        {body}\n"


def build(root: Path, name: str, start: int) -> Path:
    repo = Repo.init(root / name)
    repo.commit("one", {f"m{i}.py": source(i) for i in range(start, start + 8)})
    repo.commit("two", {f"m{i}.py": source(i, f"return {i}") for i in range(start, start + 8)})
    return repo.root


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two repositories, and their edits frozen as the split "tiny"."""
    root = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "FROZEN", root / "frozen")
        patch.setitem(SPLITS, "tiny", NAMES)
        freeze_edits("tiny", [build(root, "box", 0), build(root, "tin", 8)])
    return root


@pytest.fixture
def clones(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A copy of it for one test: its clones."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(ids, "FROZEN", tmp_path / "frozen")
    monkeypatch.setitem(SPLITS, "tiny", NAMES)
    return [tmp_path / "box", tmp_path / "tin"]


def test_the_ids_hold_no_code(clones: list[Path], tmp_path: Path) -> None:
    protocol = load_protocol("tiny", clones, tmp_path / "cache")
    assert len(protocol.past) == 32
    assert {item.rule for item in protocol.rules} == {"ANN201", "E711", "RET503"}
    for test in TESTS:
        text = gzip.decompress(ids_file("tiny", test).read_bytes()).decode()
        for edit in [item.edit for item in (*protocol.past, *protocol.rules)]:
            assert not any(line.strip() in text for line in edit.removed + edit.added)


@pytest.mark.parametrize("split", ["held-out", "validation"])
def test_what_is_committed_is_places_and_digests(split: str) -> None:
    for test in TESTS:
        rows = read_ids(ids_file(split, test))
        assert len(set(rows)) == len(rows)
        assert {row.repository for row in rows} == set(SPLITS[split])
        for row in rows:
            assert re.fullmatch("[0-9a-f]{40}", row.object) and re.fullmatch("[0-9a-f]{8}", row.digest)
            assert re.fullmatch("[A-Z]+[0-9]+" if test == "rules" else "", row.rule)
            assert row.path.endswith(".py") and min(row.first, row.removed, row.new_first, row.added) >= 0
    assert len(read_ids(ids_file(split, "past"))) == 5000
    assert sum(file.stat().st_size for file in ids.FROZEN.iterdir()) < 1_000_000


def test_the_same_ids_are_the_same_bytes(clones: list[Path], tmp_path: Path) -> None:
    file = ids_file("tiny", "rules")
    write_ids(tmp_path / "again", read_ids(file))
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
    freeze_edits("tiny", clones)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_new_commits_change_nothing(clones: list[Path], tmp_path: Path) -> None:
    before = load_protocol("tiny", clones, tmp_path / "one")
    Repo(clones[0]).commit("three", {"m0.py": "x = 1\n", "new.py": source(99)})
    after = load_protocol("tiny", clones, tmp_path / "two")
    assert after == before


def test_new_names_depend_on_the_file_alone(clones: list[Path]) -> None:
    clone = Repository.open(clones[0])
    files = [(row.path, row.object) for row in read_ids(ids_file("tiny", "rules")) if row.repository == "me/box"]
    alone = [item for _, item in fixes("me/box", clone, files[:1])]
    together = [item for _, item in fixes("me/box", clone, files[::-1])]
    assert alone and all(item in together for item in alone)
    assert not any("secret" in line for item in alone for line in item.edit.before or ())


def test_labelled_edits_are_made_once(clones: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_protocol("tiny", clones, tmp_path / "cache")
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.0")
    assert load_protocol("tiny", clones, tmp_path / "cache") == first
    with pytest.raises(DependencyError, match=f"ruff {fixer.RUFF}, and it is 0.0.0"):
        load_protocol("tiny", clones, tmp_path / "other")


def test_a_clone_that_is_not_given_is_named(clones: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="no clone of me/tin"):
        load_protocol("tiny", clones[:1], tmp_path)


def test_another_repository_of_the_same_name_is_refused(clones: list[Path], tmp_path: Path) -> None:
    impostor = build(tmp_path / "elsewhere", "tin", 50)
    with pytest.raises(ProtocolError, match=r"me/tin .* lacks 1 commit"):
        load_protocol("tiny", [clones[0], impostor], tmp_path)


def test_a_clone_that_lacks_a_file_is_refused(clones: list[Path], tmp_path: Path) -> None:
    rows = read_ids(ids_file("tiny", "rules"))
    write_ids(ids_file("tiny", "rules"), [*rows[:-1], type(rows[0])("me/box", "0" * 40, "m.py", 0, 1, 0, 1, "0" * 8)])
    with pytest.raises(ProtocolError, match=r"me/box .* lacks 1 blob.* 0{40}"):
        load_protocol("tiny", clones, tmp_path)


@pytest.mark.parametrize("test", TESTS)
def test_an_edit_that_comes_out_otherwise_is_refused(clones: list[Path], tmp_path: Path, test: str) -> None:
    rows = read_ids(ids_file("tiny", test))
    row = rows[0]
    other = type(row)(row.repository, row.object, row.path, row.first, 1, row.new_first, 1, "00000000", row.rule)
    write_ids(ids_file("tiny", test), [other, *rows[1:]])
    with pytest.raises(ProtocolError, match=r"1 of .* do not come out as frozen, the first in m"):
        load_protocol("tiny", clones, tmp_path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x/flask", "flask"),
        ("x/flask/.git", "flask"),
        ("x/flask.git", "flask"),
        ("x/pallets+flask/repo", "pallets/flask"),
        ("x/pallets+flask", "pallets/flask"),
    ],
)
def test_a_clone_is_named_by_its_folder(path: str, name: str, tmp_path: Path) -> None:
    assert clone_name(tmp_path / path) == name


def test_a_clone_may_lie_under_its_owners_name(clones: list[Path], tmp_path: Path) -> None:
    shutil.copytree(clones[1], tmp_path / "me+tin" / "repo")
    matched = match_clones(NAMES, [clones[0], tmp_path / "me+tin" / "repo"])
    assert list(matched) == list(NAMES)
    with pytest.raises(ProtocolError, match="several clones of me/tin"):
        match_clones(NAMES, [*clones, tmp_path / "me+tin" / "repo"])
