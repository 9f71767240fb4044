"""The history as edits: every odd thing is an edit or is counted, and nothing stops the rest."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from odd import NOT_UTF8, UNUSUAL
from repositories import Repo, numbered

from codewm_model.edit import Edit
from codewm_model.git import Repository
from codewm_model.history import CommitEdits, list_commits, local_revisions, read_history


def read(root: Path) -> list[CommitEdits]:
    repository = Repository.open(root)
    return list(read_history(repository, list_commits(repository, local_revisions(repository))))


@pytest.fixture(scope="module")
def parts(odd_repository: Repo) -> dict[str, CommitEdits]:
    """What was read of the odd repository, by the commits' names."""
    names = {ident: name for name, ident in odd_repository.ids.items()}
    return {names[part.commit.id]: part for part in read(odd_repository.root)}


def changes(part: CommitEdits) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(edit.path, edit.removed, edit.added) for edit in part.edits]


def test_every_commit_but_the_merge_is_read_newest_first(odd_repository: Repo) -> None:
    expected = odd_repository.git("rev-list", "--no-merges", "--date-order", "main").split()
    assert [part.commit.id for part in read(odd_repository.root)] == expected
    assert odd_repository.ids["merge"] not in expected


def test_both_sides_of_a_merge_are_read(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["on the side"]) == [("side.py", (), ("side = 1",))]
    assert changes(parts["on main"]) == [("stays.py", ("y = 3",), ("y = 4",))]


def test_the_root_commit_adds_its_files(parts: dict[str, CommitEdits]) -> None:
    sizes = {edit.path: (edit.removed, len(edit.added)) for edit in parts["root"].edits}
    assert sizes == {"plain.py": ((), 40), "README": ((), 1), "moved.py": ((), 30)}


def test_a_rename_alone_is_no_edit(parts: dict[str, CommitEdits]) -> None:
    assert (parts["rename"].edits, parts["rename"].skipped) == ((), Counter())


def test_a_modified_rename_is_an_edit_of_the_new_path(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["rename and modify"]) == [("modified.py", ("value_3 = 3",), ("three = 3",))]


def test_a_removed_file_is_one_edit_without_added_lines(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["removed file"]) == [("new.py", ("def new():", "    return 1"), ())]


@pytest.mark.parametrize("name", ["mode only", "empty"])
def test_a_commit_without_lines_has_no_edits_and_skips_nothing(parts: dict[str, CommitEdits], name: str) -> None:
    assert (parts[name].edits, parts[name].skipped) == ((), Counter())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("binary", "binary"),
        ("binary changed", "binary"),
        ("UTF-16", "binary"),
        ("submodule", "submodule"),
        ("submodule changed", "submodule"),
        ("submodule removed", "submodule"),
        ("LFS pointer", "LFS pointer"),
        ("LFS pointer changed", "LFS pointer"),
        ("symbolic link", "symbolic link"),
        ("symbolic link changed", "symbolic link"),
        ("too large", "too large"),
        ("too large shrunk", "too large"),
        ("CRLF to LF", "line ends or encoding"),
        ("latin-1 to UTF-8", "line ends or encoding"),
        ("blank lines", "blank lines"),
    ],
)
def test_what_is_passed_over_is_counted_by_reason(parts: dict[str, CommitEdits], name: str, reason: str) -> None:
    assert (parts[name].edits, parts[name].skipped) == ((), Counter({reason: 1}))


def test_a_file_that_became_a_link_is_counted_and_its_neighbour_read(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["file to link"]) == [("stays.py", ("y = 1",), ("y = 2",))]
    assert parts["file to link"].skipped == Counter({"symbolic link": 2})


def test_a_file_too_large_does_not_stop_its_neighbour(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["too large changed"]) == [("stays.py", ("y = 2",), ("y = 3",))]
    assert parts["too large changed"].skipped == Counter({"too large": 1})


def test_a_text_that_speaks_of_sizes_is_no_lfs_pointer(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["size in a text"]) == [("box.txt", (), ("size 3",))]


def test_latin_1_is_read_as_such_in_new_and_in_changed_files(parts: dict[str, CommitEdits]) -> None:
    assert parts["latin-1"].edits[0].added == ("name = 'café'", "place = 'Zürich'")
    assert changes(parts["latin-1 changed"]) == [("latin.py", ("name = 'café'",), ("name = 'crème'",))]
    assert parts["latin-1 changed"].edits[0].before == ("name = 'café'", "place = 'Zürich'")


def test_latin_1_without_a_grammar_is_read_as_such(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["latin-1 text"]) == [("latin.txt", (), ("déjà vu",))]


def test_a_byte_order_mark_is_no_text(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["byte-order mark"]) == [("bom.py", (), ("first = 1",))]
    assert parts["byte-order mark changed"].edits[0].before == ("first = 1",)


def test_carriage_returns_belong_to_the_line_end(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["CRLF changed"]) == [("dos.py", ("two = 2",), ("two = 22",))]
    assert parts["CRLF changed"].edits[0].before == ("one = 1", "two = 2", "three = 3")


def test_form_feeds_and_unicode_separators_end_no_line(parts: dict[str, CommitEdits]) -> None:
    assert parts["odd line ends"].edits[0].added == ("a = 1", "b = '\x0c\u2028'", "c = 3\x85", "last = 4")
    assert [(edit.first, edit.lines) for edit in parts["odd line ends changed"].edits] == [(2, (3, 4))]


def test_unusual_paths_survive(parts: dict[str, CommitEdits]) -> None:
    expected = {*UNUSUAL, NOT_UTF8.decode(errors="surrogateescape")}
    for name in ("unusual paths", "unusual paths changed", "unusual paths removed"):
        assert {edit.path for edit in parts[name].edits} == expected, name


def test_hunks_three_lines_apart_are_two_edits(parts: dict[str, CommitEdits]) -> None:
    assert changes(parts["three apart"]) == [
        ("plain.py", ("value_5 = 5",), ("a = 1",)),
        ("plain.py", ("value_9 = 9",), ("b = 1",)),
    ]


def test_hunks_two_lines_apart_are_one_edit(parts: dict[str, CommitEdits]) -> None:
    between = ("value_6 = 6", "value_7 = 7")
    assert [(edit.removed, edit.added) for edit in parts["two apart"].edits] == [
        (("a = 1", *between, "value_8 = 8"), ("a = 2", *between, "b = 2"))
    ]


def test_lines_are_those_of_the_new_file(parts: dict[str, CommitEdits]) -> None:
    assert [edit.lines for edit in parts["added at both ends"].edits] == [(1, 1), (42, 42)]
    assert parts["removed file"].edits[0].lines == (1, 1)


def test_after_is_the_edit_alone(parts: dict[str, CommitEdits]) -> None:
    first, second = parts["three apart"].edits
    before = numbered(40).splitlines()
    assert first.after == (*before[:5], "a = 1", *before[6:])
    assert second.after == (*before[:9], "b = 1", *before[10:])


def test_all_edits_of_a_file_together_give_what_git_stored(odd_repository: Repo, parts: dict[str, CommitEdits]) -> None:
    checked = 0
    for name, part in parts.items():
        ident = odd_repository.ids[name]
        by_file: dict[str, list[Edit]] = {}
        for edit in part.edits:
            if edit.before is not None and not part.skipped:
                by_file.setdefault(edit.path, []).append(edit)
        for path, edits in by_file.items():
            if ":" in path or name.startswith(("latin", "byte", "unusual paths removed", "removed")):
                continue
            lines = list(edits[0].before or ())
            for edit in reversed(edits):
                assert tuple(lines[edit.first : edit.first + len(edit.removed)]) == edit.removed
                lines[edit.first : edit.first + len(edit.removed)] = edit.added
            stored = odd_repository.git("cat-file", "blob", f"{ident}:{path}").replace("\r\n", "\n")
            assert "\n".join(lines).strip() == stored, (name, path)
            checked += 1
    assert checked > 30


def test_edits_of_files_without_a_grammar_have_no_before(parts: dict[str, CommitEdits]) -> None:
    (readme,) = (edit for edit in parts["root"].edits if edit.path == "README")
    assert (readme.before, readme.after) == (None, None)


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("control characters", "\x1b[31mred\x07 \x01bell\r and\ttab"),
        ("NUL", "before"),
        ("latin-1 subject", "caf\ufffd"),
    ],
)
def test_any_bytes_in_a_message_are_a_subject(parts: dict[str, CommitEdits], name: str, subject: str) -> None:
    assert parts[name].commit.subject == subject


@pytest.mark.parametrize("name", ["no date", "far future"])
def test_a_date_that_is_none_is_the_epoch(parts: dict[str, CommitEdits], name: str) -> None:
    assert (parts[name].commit.time, len(parts[name].edits)) == (0, 1)


def test_only_the_wanted_paths_are_read(odd_repository: Repo) -> None:
    repository = Repository.open(odd_repository.root)
    commits = list_commits(repository)
    found = list(read_history(repository, commits, only=lambda path: path == "README"))
    assert [part.commit.id for part in found] == commits
    assert [edit.path for part in found for edit in part.edits] == ["README"]
    assert sum((part.skipped for part in found), Counter()) == Counter()


def test_a_sha256_repository_reads_like_any_other(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "sha256", "--object-format=sha256")
    repo.commit("one", {"a.py": "x = 1\n"})
    repo.commit("two", {"a.py": "x = 2\n"})
    found = read(repo.root)
    assert [changes(part) for part in found] == [[("a.py", ("x = 1",), ("x = 2",))], [("a.py", (), ("x = 1",))]]
    assert {len(part.commit.id) for part in found} == {64}


def test_a_shallow_clone_leaves_out_its_boundary(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "whole")
    for i in range(5):
        repo.commit(f"{i}", {"a.py": f"x = {i}\n"})
    clone = tmp_path / "shallow"
    repo.git("clone", "--quiet", "--depth=3", repo.root.as_uri(), str(clone))
    assert [part.commit.subject for part in read(clone)] == ["4", "3"]


def test_a_commit_on_another_branch_and_in_another_worktree_is_read(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "main")
    repo.commit("main", {"a.py": "x = 1\n"})
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "odd\nHEAD --all\nname"))
    other = Repo(tmp_path / "odd\nHEAD --all\nname", repo.clock)
    other.commit("detached", {"b.py": "x = 1\n"})
    repo.git("branch", "topic")
    repo.git("checkout", "--quiet", "topic")
    repo.commit("topic", {"c.py": "x = 1\n"})
    repo.git("checkout", "--quiet", "main")
    assert {part.commit.subject for part in read(repo.root)} == {"main", "detached", "topic"}


@pytest.fixture
def ten(tmp_path: Path) -> Repo:
    """Ten commits, 0 to 9; commit i writes value i into both files, one of them in a folder."""
    repo = Repo.init(tmp_path / "ten")
    for i in range(10):
        repo.commit(f"{i}", {"a.py": f"x = {i}\n", "folder/b.py": f"y = {i}\n"})
    return repo


def subjects(parts: list[CommitEdits], *, readable: bool) -> list[str]:
    return [part.commit.subject for part in parts if ("unreadable commit" not in part.skipped) == readable]


def test_a_missing_blob_costs_only_the_commits_that_need_it(ten: Repo) -> None:
    ten.lose(ten.git("rev-parse", "main~4:a.py"))
    found = read(ten.root)
    assert subjects(found, readable=False) == ["6", "5"]
    assert subjects(found, readable=True) == ["9", "8", "7", "4", "3", "2", "1", "0"]
    assert all(len(part.edits) == 2 for part in found if not part.skipped)


@pytest.mark.parametrize("tree", ["main~4^{tree}", "main~4:folder"])
def test_a_missing_tree_costs_only_the_commits_that_need_it(ten: Repo, tree: str) -> None:
    ten.lose(ten.git("rev-parse", tree))
    found = read(ten.root)
    assert subjects(found, readable=False) == ["6", "5"]
    assert len(subjects(found, readable=True)) == 8


def test_a_damaged_blob_costs_only_the_commits_that_need_it(ten: Repo) -> None:
    ten.damage(ten.git("rev-parse", "main~4:a.py"))
    found = read(ten.root)
    assert subjects(found, readable=False) == ["6", "5"]
    assert len(subjects(found, readable=True)) == 8


def test_several_missing_and_damaged_objects_cost_only_the_commits_that_need_them(ten: Repo) -> None:
    ten.lose(ten.git("rev-parse", "main~1:a.py"))
    ten.damage(ten.git("rev-parse", "main~4:folder/b.py"))
    ten.lose(ten.git("rev-parse", "main~8^{tree}"))
    found = read(ten.root)
    assert sorted(subjects(found, readable=False)) == ["1", "2", "5", "6", "8", "9"]
    assert subjects(found, readable=True) == ["7", "4", "3", "0"]


def test_a_missing_commit_ends_the_history_there(ten: Repo) -> None:
    ten.lose(ten.git("rev-parse", "main~4"))
    assert [part.commit.subject for part in read(ten.root)] == ["9", "8", "7"]


def test_a_branch_that_points_nowhere_is_passed_over(ten: Repo) -> None:
    (ten.git_dir / "refs" / "heads" / "lost").write_text("1" * 40 + "\n")
    assert len(read(ten.root)) == 10


def test_a_partial_clone_without_its_remote_loses_only_what_it_lacks(ten: Repo, tmp_path: Path) -> None:
    ten.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    ten.git("clone", "--quiet", "--filter=blob:none", "--no-checkout", ten.root.as_uri(), str(clone))
    partial = Repo(clone)
    for commit in ("main~2", "main~3"):
        partial.git("cat-file", "blob", f"{commit}:a.py")
        partial.git("cat-file", "blob", f"{commit}:folder/b.py")
    ten.root.rename(tmp_path / "gone")
    found = read(clone)
    assert subjects(found, readable=True) == ["7"]
    assert len(subjects(found, readable=False)) == 9


def test_a_partial_clone_fetches_nothing(ten: Repo, tmp_path: Path) -> None:
    ten.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    ten.git("clone", "--quiet", "--filter=blob:none", "--no-checkout", ten.root.as_uri(), str(clone))
    objects = Repo(clone).git("count-objects", "-v")
    assert subjects(read(clone), readable=True) == []
    assert Repo(clone).git("count-objects", "-v") == objects


def test_the_number_of_processes_does_not_grow_with_the_history(
    odd_repository: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    plain = subprocess.Popen.__init__

    def counting(self: subprocess.Popen[bytes], *arguments: object, **options: object) -> None:
        started.append(arguments)
        plain(self, *arguments, **options)  # type: ignore[arg-type]

    repository = Repository.open(odd_repository.root)
    commits = list_commits(repository)
    monkeypatch.setattr(subprocess.Popen, "__init__", counting)
    assert len(list(read_history(repository, commits))) == 50
    assert len(started) <= 3  # log, contents, sizes of binary files


def test_a_commit_is_read_only_as_far_as_it_fits_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.init(tmp_path / "wide")
    repo.commit("start", {f"f{i}.py": "x = 1\n" * 100 for i in range(6)})
    repo.commit("everything", {f"f{i}.py": "x = 1\n" * 99 + "x = 2\n" for i in range(6)})
    monkeypatch.setattr("codewm_model.history.MAX_COMMIT_LINES", 250)
    opened = Repository.open(repo.root)
    (newest,) = read_history(opened, list_commits(opened)[:1])
    assert [edit.path for edit in newest.edits] == ["f0.py", "f1.py", "f2.py"]
    assert newest.skipped == Counter({"commit too large": 3})


def test_a_patch_is_held_only_as_far_as_it_fits_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.init(tmp_path / "wide")
    repo.commit("start", {f"f{i}.txt": f"word {i}\n" * 100 for i in range(5)})
    monkeypatch.setattr("codewm_model.patch.MAX_TOTAL", 250)
    (only,) = read(repo.root)
    assert [edit.path for edit in only.edits] == ["f0.txt", "f1.txt"]
    assert only.skipped == Counter({"too large": 3})
