"""Which hunks of a commit are answers, and which are hidden from a query."""

import pytest

from codewm_model.edit import Edit, split_lines
from codewm_train.siblings import PastEdit, definitions, near_duplicates, sibling_task

SOURCE = split_lines("""\
import os

class Box:
    size = 1

    def fill(
        self,
        item,
    ) -> None:
        if item:
            self.item = item

        self.full = True

    def empty(self):
        self.item = None

def outside():
    return 1
""")


def hunk(text, added=("changed",), path="box.py"):
    """An edit of the line that reads `text`."""
    first = next(i for i, line in enumerate(SOURCE) if line.strip() == text)
    return Edit(path, SOURCE, first, SOURCE[first : first + 1], added, first)


def header(text):
    return frozenset({next(i for i, line in enumerate(SOURCE) if line.strip() == text)})


@pytest.mark.parametrize(
    ("line", "inside"),
    [
        ("self.item = item", "def fill("),
        ("self.full = True", "def fill("),
        ("item,", "def fill("),
        (") -> None:", "def fill("),
        ("def fill(", "def fill("),
        ("size = 1", "class Box:"),
        ("return 1", "def outside():"),
    ],
)
def test_a_line_lies_in_its_innermost_definition(line, inside):
    assert definitions(hunk(line)) == header(inside)


def test_a_line_of_the_module_lies_in_no_definition():
    assert definitions(hunk("import os")) == {-1}


def test_an_insertion_lies_where_its_indentation_puts_it():
    end_of_fill = SOURCE.index("    def empty(self):")
    assert definitions(Edit("box.py", SOURCE, end_of_fill, (), ("        more()",), 0)) == header("def fill(")
    assert definitions(Edit("box.py", SOURCE, end_of_fill, (), ("    def new(self):",), 0)) == header("class Box:")


def task():
    edits = [
        PastEdit("me/box", "a", 0, hunk("self.item = item")),
        PastEdit("me/box", "a", 0, hunk("self.full = True")),
        PastEdit("me/box", "a", 0, hunk("return 1")),
        PastEdit("me/box", "a", 0, hunk("self.full = True", path="other.py")),
        PastEdit("me/box", "b", 0, hunk("size = 1")),
    ]
    return edits, sibling_task(edits)


def test_answers_are_the_commits_hunks_in_other_definitions_and_those_in_the_same_are_hidden():
    edits, made = task()
    place = {id(edit): i for i, edit in enumerate(made.edits)}
    fill_one, fill_two, outside, other, _ = (place[id(item.edit)] for item in edits)
    query = made.queries.index(fill_one)
    assert set(made.relevant[query]) == {outside, other}
    assert set(made.excluded[query]) == {fill_one, fill_two}


def test_a_commit_of_one_hunk_is_gallery_and_no_query():
    edits, made = task()
    assert len(made.edits) == len(edits)
    assert sorted(made.labels[i] for i in made.queries) == ["a"] * 4


def test_the_same_seed_gives_the_same_task():
    (_, one), (_, two) = task(), task()
    assert one.queries == two.queries
    assert one.labels == two.labels


def test_near_duplicates_are_counted():
    _, made = task()
    assert near_duplicates(made) == 2  # `self.full = True` in two files: each is the other's answer
