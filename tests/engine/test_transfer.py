"""An index as one file: whole from clone to clone, and harmless whoever wrote it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repo, habits
from rows import rows

from codewm_lsp.engine.index import EditIndex
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.store import index_folder
from codewm_lsp.engine.tidy import tidy_index
from codewm_lsp.engine.transfer import Imported, export_index, import_index
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.errors import IndexMissingError, IndexStoreError
from codewm_model.git import Repository
from codewm_model.sketch import sketch


def of(repo: Repo) -> Repository:
    return Repository.open(repo.root)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, _model: None) -> Repo:
    """Thirty commits, indexed. Shared: tests read it only."""
    repo = Repo.init(tmp_path_factory.mktemp("origin") / "repository")
    repo.history(habits(30))
    update_index(of(repo), jobs=1)
    return repo


@pytest.fixture
def clone(origin: Repo, tmp_path: Path) -> Repo:
    """A clone of it without an index."""
    origin.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    return Repo(tmp_path / "clone", origin.clock)


@pytest.fixture
def file(origin: Repo, tmp_path: Path) -> Path:
    """Its index as a file of one's own."""
    export_index(of(origin), tmp_path / "index.codewm")
    return tmp_path / "index.codewm"


def spoil(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_an_imported_index_is_the_one_that_was_exported(origin: Repo, clone: Repo, file: Path) -> None:
    assert import_index(of(clone), file) == Imported(commits=30, edits=len(rows(index_folder(of(origin)))), known=0,
                                                     dropped=0)  # fmt: skip
    assert rows(index_folder(of(clone))) == rows(index_folder(of(origin)))
    assert update_index(of(clone), jobs=1).commits == 0
    wanted = sketch(change_of(edit_between("return get(key)\n", "return get(key, timeout=5)\n")))
    found = []
    for repo in (origin, clone):
        index = EditIndex(index_folder(of(repo)))
        found.append([(hit.commit, hit.lines) for hit in index.query(wanted, 5)])
        index.close()
    assert found[0] == found[1] != []


def test_a_folder_whose_name_is_not_utf8_is_one_like_any_other(origin: Repo, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    origin.git("clone", "--quiet", ".", os.fspath(folder / "clone"))
    clone = Repo(folder / "clone")
    update_index(of(clone), jobs=1)
    assert EditIndex(index_folder(of(clone))).refresh() is False, "the graph is read from its file"
    export_index(of(clone), folder / "index.codewm")
    assert import_index(of(clone), folder / "index.codewm").known == 30


def test_an_import_adds_to_an_index_what_it_lacks(origin: Repo, clone: Repo, file: Path) -> None:
    clone.commit("of mine", {"mine.py": "x = 1\n"})
    clone.git("reset", "--quiet", "--hard", "HEAD~6")
    update_index(of(clone), jobs=1)
    assert import_index(of(clone), file) == Imported(commits=0, edits=0, known=25, dropped=5)
    clone.git("reset", "--quiet", "--hard", "origin/main")
    assert import_index(of(clone), file).commits == 5
    assert rows(index_folder(of(clone))) == rows(index_folder(of(origin)))


def test_who_made_a_commit_is_read_from_this_repository(clone: Repo, origin: Repo, file: Path) -> None:
    spoil(file, "UPDATE commits SET author = 'Mallory', subject = 'lies', time = -7")
    import_index(of(clone), file)
    assert rows(index_folder(of(clone))) == rows(index_folder(of(origin)))


def test_what_our_rules_leave_out_is_not_imported(clone: Repo, file: Path) -> None:
    clone.write({"pyproject.toml": '[tool.codewm]\nexclude = ["app/part_1.py"]\n'})
    assert import_index(of(clone), file).dropped == 3
    assert update_index(of(clone), jobs=1).commits == 3
    assert {row[5] for row in rows(index_folder(of(clone)))} == {f"app/part_{i}.py" for i in range(12) if i != 1}


NAN = "X'00000000007E'"
HOSTILE: dict[str, Callable[[Path], object]] = {
    "no database": lambda file: file.write_bytes(b"nonsense" * 1000),
    "empty": lambda file: file.write_bytes(b""),
    "half of it": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "overwritten": lambda file: file.write_bytes(file.read_bytes()[:8192] + b"?" * (file.stat().st_size - 8192)),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "missing": lambda file: file.unlink(),
    "a trigger": lambda file: spoil(file, "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM edits; END"),
    "a view": lambda file: spoil(
        file, "DROP TABLE meta",
        "CREATE VIEW meta AS WITH RECURSIVE t(key, value) AS (SELECT 1, 1 UNION ALL SELECT 1, 1 FROM t)"
        " SELECT * FROM t",
    ),
    "another column": lambda file: spoil(file, "ALTER TABLE edits ADD COLUMN more"),
    "another version": lambda file: spoil(file, "UPDATE meta SET value = 'x' WHERE key = 'representation'"),
    "another model": lambda file: spoil(file, "UPDATE meta SET value = 'x' WHERE key = 'model'"),
    "a commit of no id": lambda file: spoil(file, "UPDATE commits SET hash = '--output=x' WHERE id = 3"),
    "a sketch that is none": lambda file: spoil(file, "UPDATE edits SET lexical = X'0000' WHERE id = 3"),
    "a sketch of no number": lambda file: spoil(file, f"UPDATE edits SET lexical = {NAN} WHERE id = 3"),
    "a sketch that is a text": lambda file: spoil(file, "UPDATE edits SET structural = 'text' WHERE id = 3"),
    "a huge sketch": lambda file: spoil(file, "UPDATE edits SET lexical = zeroblob(3000000) WHERE id = 3"),
    "a vector of another size": lambda file: spoil(file, "UPDATE edits SET learned = X'0000' WHERE id = 3"),
    "a line that is a text": lambda file: spoil(file, "UPDATE edits SET first = 'one' WHERE id = 3"),
    "a negative line": lambda file: spoil(file, "UPDATE edits SET last = -1 WHERE id = 3"),
    "a path that is none": lambda file: spoil(file, "UPDATE paths SET path = X'00' WHERE id = 3"),
    "a count that is none": lambda file: spoil(file, "INSERT INTO skipped VALUES (3, 'why', 'many')"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_changes_nothing(clone: Repo, file: Path, name: str) -> None:
    HOSTILE[name](file)
    with pytest.raises(IndexStoreError, match=r"index\.codewm cannot be imported \(.+\); nothing was changed"):
        import_index(of(clone), file)
    assert not (index_folder(of(clone)) / "edits.sqlite3").exists()


def test_a_bad_file_leaves_a_good_index_as_it_is(origin: Repo, clone: Repo, file: Path) -> None:
    folder = index_folder(of(clone))
    shutil.copytree(index_folder(of(origin)), folder)
    spoil(folder / "edits.sqlite3", "DELETE FROM edits WHERE commit_id < 10", "DELETE FROM commits WHERE id < 10")
    before = rows(folder)
    spoil(file, "UPDATE edits SET first = 'one' WHERE commit_id = 5")
    with pytest.raises(IndexStoreError, match="nothing was changed"):
        import_index(of(clone), file)
    assert rows(folder) == before


def test_an_export_replaces_no_file_and_needs_an_index(origin: Repo, clone: Repo, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("mine")
    with pytest.raises(IndexStoreError, match="exists already"):
        export_index(of(origin), tmp_path / "here")
    with pytest.raises(IndexStoreError, match="cannot be written"):
        export_index(of(origin), tmp_path / "no folder" / "file")
    with pytest.raises(IndexMissingError):
        export_index(of(clone), tmp_path / "there")
    assert [(tmp_path / "here").read_text(), (tmp_path / "there").exists()] == ["mine", False]


def test_gc_drops_what_is_gone_and_changes_no_row(clone: Repo) -> None:
    with pytest.raises(IndexMissingError):
        tidy_index(of(clone))
    clone.git("checkout", "--quiet", "-b", "topic")
    clone.commit("topic", {f"topic_{i}.py": "x = 1\n" * 20 for i in range(10)})
    update_index(of(clone), jobs=1)
    clone.git("checkout", "--quiet", "main")
    clone.git("branch", "--quiet", "-D", "topic")
    update_index(of(clone), jobs=1)
    folder = index_folder(of(clone))
    (folder / "vectors-99.hnsw").write_bytes(b"left by a killed indexer")
    before = rows(folder)
    tidied = tidy_index(of(clone))
    assert (tidied.removed, tidied.before > tidied.after, rows(folder)) == (10, True, before)
    assert [tidied.after, 0] == [tidy_index(of(clone)).after, tidy_index(of(clone)).removed]
    assert len(list(folder.glob("vectors-*"))) == 1
