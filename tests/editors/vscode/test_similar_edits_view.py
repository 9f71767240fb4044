"""Similar edits in VS Code: seen in the view and the hover, opened, filtered, dismissed, and read by everyone."""

from __future__ import annotations

import re

import pytest
from client import Client, OpenVSCode
from histories import AFTER, BEFORE, LINE, TIMEOUTS, Shop

SUBJECTS = {name: subject for name, (_, subject, _) in TIMEOUTS.items()}
BEST = SUBJECTS["carts"]
DIFF = ".editor-instance .monaco-diff-editor"
LEAST_CONTRAST = 4.5  # of text, by WCAG 2.2, level AA


@pytest.fixture
def edited(open_vscode: OpenVSCode, indexed_shop: Shop) -> Client:
    """`services/orders.py` with its request given a timeout, unsaved, and the view beside it."""
    return edit(open_vscode(indexed_shop.root))


def edit(bench: Client) -> Client:
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    bench.wait_for_row(BEST)
    return bench


def test_what_was_just_typed_has_its_past_edits_in_the_view_by_commit_file_and_hunk(edited: Client) -> None:
    edited.until(lambda: all(any(subject in row for row in edited.rows()) for subject in SUBJECTS.values()))
    rows = edited.levels()
    edited.picture("similar-edits")
    first = next(i for i, (_, text) in enumerate(rows) if BEST in text)
    assert [level for level, _ in rows[first : first + 3]] == [1, 2, 3]
    commit, file, hunk = (text for _, text in rows[first : first + 3])
    assert "Katherine Johnson" in commit and "ago" in commit
    assert "carts.py" in file and "services" in file
    assert "add keyword argument" in hunk and "line 10" in hunk and "%" in hunk and "same shape" in hunk


def test_hovering_over_the_change_tells_who_made_the_most_similar_one_and_when(edited: Client) -> None:
    edited.go_to(LINE, 20)
    edited.command("Show or Focus Hover")
    hover = edited.page.locator(".monaco-resizable-hover .hover-contents, .monaco-hover .hover-contents")
    edited.until(lambda: BEST in edited.read(hover))
    edited.picture("hover")
    text = edited.read(hover)
    assert "Katherine Johnson" in text and "2023-11" in text
    assert f"+ response = {BEFORE[:-1]}, timeout=10)" in re.sub(r"[ ]+", " ", text)


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_past_edit_opens_as_a_diff_of_the_file_before_and_after(edited: Client, by: str) -> None:
    row = edited.row("add keyword argument")
    if by == "mouse":
        row.click()
    else:
        edited.go_to_row("add keyword argument")
        edited.press("Enter")
    diff = edited.page.locator(DIFF)
    diff.wait_for()
    before, after = (diff.locator(f".editor.{side} .view-lines") for side in ("original", "modified"))
    edited.until(lambda: f"response = {BEFORE}" in edited.read(before))
    edited.until(lambda: "response = session.get(url, timeout=10)" in edited.read(after))
    if by == "mouse":
        edited.picture("diff")
    assert "def fetch_cart" in edited.read(before)


def test_the_code_action_opens_the_view(open_vscode: OpenVSCode, indexed_shop: Shop) -> None:
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.until(lambda: any("Similar past edits" in text for text in bench.actions_here()))
    bench.picture("code-action")
    bench.until(lambda: bench.takes_action("Similar past edits", lambda: bench.row(BEST).is_visible()))


def test_every_row_says_to_a_screen_reader_what_it_is(edited: Client) -> None:
    edited.until(lambda: len(edited.labels()) >= 9)
    labels = edited.labels()
    assert all(labels)
    assert any(re.match(rf"Commit: {BEST}, by Katherine Johnson, .* ago, .*%", label) for label in labels)
    assert any(label.startswith("File services/carts.py") for label in labels)
    assert any(re.match("add keyword argument, .*%.*, line 10, same names", label) for label in labels)
    assert edited.view.get_attribute("aria-label")


@pytest.mark.parametrize("theme", ["Dark Modern", "Light Modern", "High Contrast", "High Contrast Light"])
def test_the_view_can_be_read_in_every_theme(open_vscode: OpenVSCode, indexed_shop: Shop, theme: str) -> None:
    settings = {"workbench.colorTheme": f"Default {theme}", "window.autoDetectHighContrast": False}
    bench = edit(open_vscode(indexed_shop.root, settings=settings))
    bench.row("add keyword argument").click()
    bench.until(lambda: "timeout=10" in bench.read(bench.page.locator(f"{DIFF} .editor.modified .view-lines")))
    bench.picture("theme-" + theme.replace(" ", "-").lower())
    contrasts = bench.contrasts()
    assert contrasts and min(contrasts.values()) >= LEAST_CONTRAST, contrasts
