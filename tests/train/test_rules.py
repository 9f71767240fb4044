"""Labelled edits are what the fixer does, one fix at a time, and a file never answers for itself."""

from codewm_model.edit import Edit
from codewm_train.fixer import RuleEdit, apply_fix
from codewm_train.rules import balanced, rule_task


def change(content, start, end):
    return {"content": content, "location": place(start), "end_location": place(end)}


def place(point):
    return {"row": point[0], "column": point[1]}


def diagnostic(*changes, start, end):
    return {"code": "X1", "location": place(start), "end_location": place(end), "fix": {"edits": list(changes)}}


def made(rule, n, path="a.py", repository="r"):
    edit = Edit(path, ("x",), 0, ("x",), (f"{rule} {path} {n}",), 0)
    return RuleEdit(rule, repository, "0", edit)


def test_a_fix_becomes_the_hunk_of_the_lines_it_changes():
    literal = diagnostic(change("{}", (3, 5), (3, 11)), start=(3, 5), end=(3, 11))
    edit = apply_fix("import os\n\nx = dict()\n", literal, "a.py")
    assert edit is not None
    assert (edit.first, edit.removed, edit.added) == (2, ("x = dict()",), ("x = {}",))


def test_a_fix_that_drops_whole_lines_removes_just_these():
    unused = diagnostic(change("", (1, 1), (2, 1)), start=(1, 8), end=(1, 10))
    edit = apply_fix("import os\n\nx = 1\n", unused, "a.py")
    assert edit is not None
    assert (edit.first, edit.removed, edit.added) == (0, ("import os",), ())


def test_imports_that_a_fix_needs_elsewhere_are_left_out():
    mend = change("suppress(x)", (3, 1), (3, 4))
    needed = change("from contextlib import suppress\n", (1, 1), (1, 1))
    edit = apply_fix("import os\n\ntry\n", diagnostic(needed, mend, start=(3, 1), end=(3, 4)), "a.py")
    assert edit is not None
    assert (edit.first, edit.removed, edit.added) == (2, ("try",), ("suppress(x)",))


def test_rare_rules_are_left_out_and_common_ones_cut():
    edits = [made("rare", n, f"{n}.py") for n in range(5)] + [made("common", n, f"{n}.py") for n in range(200)]
    kept = balanced(edits, seed=0)
    assert {item.rule for item in kept} == {"common"}
    assert len(kept) == 60


def test_no_file_gives_more_than_two_edits_of_a_rule_and_repositories_take_turns():
    edits = [made("x", n, f"{n // 10}.py", "big") for n in range(400)]
    edits += [made("x", n, f"s{n}.py", "small") for n in range(20)]
    kept = balanced(edits, seed=0)
    assert sum(item.repository == "small" for item in kept) == 20
    assert max(sum(item.file == other.file for item in kept) for other in kept) <= 2


def test_a_change_that_two_rules_make_has_no_label():
    twice = [RuleEdit(rule, "r", "0", made("same", n, f"{n}.py").edit) for rule in ("x", "y") for n in range(20)]
    assert balanced(twice, seed=0) == []


def test_answers_are_of_the_same_rule_and_never_of_the_same_file():
    x = [made("x", n, path) for n, path in enumerate(["a/one.py", "b/one.py", "two.py"])]
    task = rule_task([*x, made("y", 0, "two.py")])
    paths = [edit.path for edit in task.edits]
    query = task.queries.index(paths.index("a/one.py"))
    assert [paths[i] for i in task.relevant[query]] == ["two.py"]
    assert {paths[i] for i in task.excluded[query]} == {"a/one.py", "b/one.py"}  # a file that moved is still that file
    assert "y" not in {task.labels[i] for i in task.queries}
