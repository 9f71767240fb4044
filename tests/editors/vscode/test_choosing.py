"""What a person does with similar edits in VS Code: filter them, hide them for good, copy, and ask for predictions."""

from __future__ import annotations

import pytest
from client import Client, OpenVSCode
from histories import AFTER, LINE, TIMEOUTS, Shop
from workbench import FOCUSED, QUICK_ROWS

SUBJECTS = {name: subject for name, (_, subject, _) in TIMEOUTS.items()}
BEST = SUBJECTS["carts"]


@pytest.fixture
def edited(open_vscode: OpenVSCode, indexed_shop: Shop) -> Client:
    """`services/orders.py` with its request given a timeout, unsaved, and the view beside it."""
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    for subject in SUBJECTS.values():
        bench.wait_for_row(subject)
    return bench


def run_on(bench: Client, subject: str, command: str) -> None:
    """Run a command from the palette, and pick a past edit of that commit when asked which one is meant."""
    bench.run(command)
    bench.page.locator(".quick-input-title", has_text="which past edit").wait_for()
    bench.type(subject)
    bench.until(lambda: subject in bench.read(bench.page.locator(FOCUSED)))
    bench.press("Enter")


def shown(bench: Client) -> set[str]:
    """The services whose timeout commits are in the view."""
    rows = bench.rows()
    return {name for name, subject in SUBJECTS.items() if any(subject in row for row in rows)}


def test_a_commit_that_is_never_to_be_shown_again_is_gone_until_that_is_undone(edited: Client) -> None:
    edited.row(BEST).click(button="right")
    edited.menu_entry("Never Show This Commit").wait_for()
    edited.picture("menu-of-a-commit")
    edited.menu_entry("Never Show This Commit").click()
    edited.until(lambda: shown(edited) == {"users", "invoices"})
    edited.run("codewm.undoDismiss")
    edited.until(lambda: shown(edited) == set(SUBJECTS))


def test_what_is_hidden_is_listed_and_can_be_shown_again_from_there(edited: Client) -> None:
    run_on(edited, BEST, "codewm.dismissCommit")
    edited.until(lambda: shown(edited) == {"users", "invoices"})
    edited.run("codewm.dismissed")
    entry = edited.page.locator(QUICK_ROWS)
    entry.first.wait_for()
    edited.picture("hidden-past-edits")
    entry.first.click()
    edited.press("Enter")
    edited.until(lambda: shown(edited) == set(SUBJECTS))


@pytest.mark.parametrize("command", ["codewm.onlyThisFile", "codewm.onlyThisAuthor"])
def test_the_view_can_be_narrowed_to_one_file_or_author_and_widened_again(edited: Client, command: str) -> None:
    run_on(edited, BEST, command)
    edited.until(lambda: shown(edited) == {"carts"})
    edited.picture(command.removeprefix("codewm."))
    edited.run("codewm.clearFilter")
    edited.until(lambda: shown(edited) == set(SUBJECTS))


def test_the_hash_of_a_past_edits_commit_goes_to_the_clipboard(edited: Client, indexed_shop: Shop) -> None:
    run_on(edited, BEST, "codewm.copyHash")
    edited.until(lambda: edited.page.evaluate("navigator.clipboard.readText()") == indexed_shop.repo.ids[BEST])


def test_predicted_edits_are_picked_from_a_list_with_the_past_edits_that_show_them(
    open_vscode: OpenVSCode, indexed_shop: Shop
) -> None:
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.go_to(LINE, 5)
    bench.wait_for_status("up to date")
    bench.run("codewm.showPredictedEdits")
    rows = bench.page.locator(QUICK_ROWS)
    bench.until(lambda: "add keyword argument" in bench.read(rows))
    assert any(subject in bench.read(rows) for subject in SUBJECTS.values())
    behind = bench.page.locator(".editor-instance .monaco-diff-editor .editor.modified .view-lines")
    bench.until(lambda: "timeout=" in bench.read(behind))
    bench.picture("predicted-edits")
    bench.press("Escape")
    bench.page.locator('.tab.active[data-resource-name="orders.py"]').wait_for()


def test_every_command_of_the_extension_is_in_the_palette(edited: Client) -> None:
    run_on(edited, BEST, "codewm.dismissCommit")  # so that there is something to undo
    run_on(edited, SUBJECTS["users"], "codewm.onlyThisAuthor")  # and to widen
    edited.until(lambda: shown(edited) == {"users"})
    offered = {title: edited.offers(title) for title in edited.titles.values()}
    assert [title for title, found in offered.items() if title not in found] == []
