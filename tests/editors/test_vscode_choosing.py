"""What a person does with similar edits in VS Code: filter them, hide them for good, copy, and ask for predictions."""

from __future__ import annotations

import pytest
from client import Client, OpenVSCode
from histories import AFTER, LINE, TIMEOUTS, Shop

SUBJECTS = {name: subject for name, (_, subject, _) in TIMEOUTS.items()}
BEST = SUBJECTS["carts"]


@pytest.fixture
def edited(open_vscode: OpenVSCode, indexed_shop: Shop) -> Client:
    """`services/orders.py` with its request given a timeout, unsaved, and the best commit chosen in the view."""
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    for subject in SUBJECTS.values():
        bench.wait_for_row(subject)
    bench.go_to_row(BEST)
    bench.press("Space")
    return bench


def shown(bench: Client) -> set[str]:
    """The services whose timeout commits are in the view."""
    rows = bench.rows()
    return {name for name, subject in SUBJECTS.items() if any(subject in row for row in rows)}


def test_a_commit_that_is_never_to_be_shown_again_is_gone_from_view_and_hover_until_that_is_undone(
    edited: Client,
) -> None:
    edited.run("codewm.dismissCommit")
    edited.until(lambda: shown(edited) == {"users", "invoices"})
    edited.picture("dismissed")
    edited.run("codewm.undoDismiss")
    edited.until(lambda: shown(edited) == set(SUBJECTS))


def test_what_is_hidden_is_listed_and_can_be_shown_again_from_there(edited: Client) -> None:
    edited.run("codewm.dismissCommit")
    edited.until(lambda: shown(edited) == {"users", "invoices"})
    edited.run("codewm.dismissed")
    entry = edited.page.locator(".quick-input-list .monaco-list-row")
    entry.wait_for()
    edited.picture("hidden-past-edits")
    entry.first.click()
    edited.press("Enter")
    edited.until(lambda: shown(edited) == set(SUBJECTS))


@pytest.mark.parametrize("filter", ["codewm.onlyThisFile", "codewm.onlyThisAuthor"])
def test_the_view_can_be_narrowed_to_one_file_or_author_and_widened_again(edited: Client, filter: str) -> None:
    edited.run(filter)
    edited.until(lambda: shown(edited) == {"carts"})
    edited.picture(filter.removeprefix("codewm.").replace("onlyThis", "only-this-").lower())
    edited.run("codewm.clearFilter")
    edited.until(lambda: shown(edited) == set(SUBJECTS))


def test_the_hash_of_a_past_edits_commit_goes_to_the_clipboard(edited: Client, indexed_shop: Shop) -> None:
    edited.run("codewm.copyHash")
    edited.until(lambda: edited.page.evaluate("navigator.clipboard.readText()") == indexed_shop.repo.ids[BEST])


def test_predicted_edits_are_picked_from_a_list_with_the_past_edits_that_show_them(
    open_vscode: OpenVSCode, indexed_shop: Shop
) -> None:
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.go_to(LINE, 5)
    bench.wait_for_status("up to date")
    bench.run("codewm.showPredictedEdits")
    rows = bench.page.locator(".quick-input-list .monaco-list-row")
    bench.until(lambda: "add keyword argument" in bench.read(rows))
    bench.picture("predicted-edits")
    assert any(subject in bench.read(rows) for subject in SUBJECTS.values())


def test_every_command_of_the_extension_is_in_the_palette(open_vscode: OpenVSCode, indexed_shop: Shop) -> None:
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.wait_for_status("up to date")
    offered = "\n".join(bench.offers("codewm: "))
    bench.picture("palette")
    assert [title for title in bench.titles.values() if title not in offered] == []
