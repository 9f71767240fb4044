"""The Neovim client in a real Neovim: past edits in the quickfix list and in the preview, and what its keys do."""

from __future__ import annotations

import pytest
from histories import AFTER, BEFORE, LINE, Shop
from nvim import Neovim, OpenNeovim, give_it_a_timeout


@pytest.fixture
def asked(indexed_shop: Shop, open_neovim: OpenNeovim) -> Neovim:
    """Neovim with the preview of the first past edit."""
    return similar(open_neovim(indexed_shop.file))


def similar(neovim: Neovim) -> Neovim:
    """Make the change, and ask."""
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.command("CodeWM similar")
    neovim.wait("return vim.api.nvim_win_get_config(0).relative == 'editor'")
    return neovim


def title(neovim: Neovim) -> str:
    return str(neovim.lua("return vim.api.nvim_win_get_config(0).title[1][1]"))


def current(neovim: Neovim) -> int:
    """The number of the quickfix list's current entry."""
    return int(neovim.lua("return vim.fn.getqflist({ idx = 0 }).idx"))


def test_similar_fills_the_quickfix_list_with_places_people_and_reasons(asked: Neovim, indexed_shop: Shop) -> None:
    first = asked.lua("return vim.fn.getqflist()[1]")
    commit = indexed_shop.repo.ids["Carts: a timeout for each request"]
    assert first["text"].startswith(f"{commit[:10]} Katherine Johnson, ")
    assert "years ago, 0." in first["text"]
    assert first["text"].endswith(": Carts: a timeout for each request (same names, same shape, near in the model)")
    assert first["lnum"] == LINE
    name = asked.lua("return vim.api.nvim_buf_get_name(vim.fn.getqflist()[1].bufnr)")
    assert name == str(indexed_shop.root / "services" / "carts.py")


def test_the_preview_holds_the_commit_and_its_diff_with_the_syntax_of_diffs(asked: Neovim, indexed_shop: Shop) -> None:
    lines = asked.lines()
    assert f"commit {indexed_shop.repo.ids['Carts: a timeout for each request']}" in lines
    assert "Author: Katherine Johnson" in lines
    assert "    Carts: a timeout for each request" in lines
    removed, added = (
        lines.index("-    response = session.get(url)"),
        lines.index("+    response = session.get(url, timeout=10)"),
    )
    groups = asked.lua(
        "vim.cmd('syntax on') local function group(line)"
        " return vim.fn.synIDattr(vim.fn.synID(line, 1, 1), 'name') end"
        f" return {{ group({removed + 1}), group({added + 1}) }}"
    )
    assert groups == ["diffRemoved", "diffAdded"]
    assert asked.lua("return vim.bo.modifiable") is False


def test_the_preview_goes_on_and_back_and_the_quickfix_list_follows(asked: Neovim) -> None:
    assert title(asked).startswith(" Similar past edits, 1 of ")
    asked.keys("n")
    asked.wait("return vim.api.nvim_win_get_config(0).title[1][1]:find(', 2 of ', 1, true)")
    assert current(asked) == 2 and "Author: Ada Lovelace" in asked.lines()
    asked.keys("pp")
    asked.wait_for_message("this is the first one")
    assert current(asked) == 1
    asked.close_preview()
    assert asked.lua("return vim.fn.winnr('$')") == 1
    asked.command("CodeWM preview")
    assert title(asked).startswith(" Similar past edits, 1 of ")


def test_enter_opens_the_file_of_today(asked: Neovim, indexed_shop: Shop) -> None:
    asked.keys("<CR>")
    asked.wait("return vim.fn.expand('%:t') == 'carts.py' and vim.fn.winnr('$') == 1")
    assert asked.lua("return vim.fn.line('.')") == LINE


def test_d_shows_the_file_before_and_after_side_by_side(asked: Neovim, indexed_shop: Shop) -> None:
    asked.keys("d")
    asked.wait("return vim.fn.tabpagenr('$') == 2 and vim.wo.diff and vim.fn.winnr() == 2")
    commit = indexed_shop.repo.ids["Carts: a timeout for each request"]
    assert asked.lua("return vim.api.nvim_buf_get_name(0)") == f"codewm://{commit}/after/services/carts.py"
    assert asked.lines() == indexed_shop.repo.git("show", f"{commit}:services/carts.py").splitlines()
    assert asked.lua("return { vim.bo.filetype, vim.bo.readonly, vim.fn.line('.') }") == ["python", True, LINE]
    asked.command("wincmd p")
    assert asked.lines() == indexed_shop.repo.git("show", f"{commit}~:services/carts.py").splitlines()
    assert asked.lua("return vim.wo.diff") is True


def test_y_copies_the_hash_to_the_register_that_was_named(asked: Neovim, indexed_shop: Shop) -> None:
    asked.keys('"ayy')
    assert asked.wait("return vim.fn.getreg('a')") == indexed_shop.repo.ids["Carts: a timeout for each request"]


def test_x_takes_all_edits_of_the_commit_away_until_they_are_restored(asked: Neovim) -> None:
    carts = "return #vim.tbl_filter(function(item) return item.text:find('Carts:', 1, true) end, vim.fn.getqflist())"
    assert asked.lua(carts) == 2
    asked.keys("x")
    asked.wait_for_message("is not shown again; :CodeWM dismissed takes that back")
    asked.wait(f"return (function() {carts} end)() == 0")
    assert title(asked).startswith(" Similar past edits, 1 of ") and "Author: Ada Lovelace" in asked.lines()
    asked.close_preview()
    asked.command("CodeWM! similar")
    asked.wait(f"return vim.bo.buftype == 'quickfix' and (function() {carts} end)() == 0")
    asked.lua("vim.ui.select = function(items, _, choose) choose(items[1]) end")
    asked.command("wincmd p | CodeWM dismissed")
    asked.wait_for_message("is shown again")
    asked.command("CodeWM! similar")
    asked.wait(f"return (function() {carts} end)() == 2")


def test_a_file_that_is_gone_opens_as_it_was(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    (indexed_shop.root / "services" / "carts.py").unlink()
    neovim = similar(open_neovim(indexed_shop.file))
    neovim.keys("<CR>")
    commit = indexed_shop.repo.ids["Carts: a timeout for each request"]
    neovim.wait(f"return vim.api.nvim_buf_get_name(0) == 'codewm://{commit}/after/services/carts.py'")
    assert "    response = session.get(url, timeout=10)" in neovim.lines()
    neovim.command(f"edit codewm:/{commit}/before/services/carts.py")
    assert "    response = session.get(url)" in neovim.lines()


def test_a_document_that_is_not_there_is_empty_and_says_why(asked: Neovim) -> None:
    asked.close_preview()
    asked.command(f"edit codewm://{'0' * 40}/after/nothing.py")
    assert asked.lines() == [""]
    assert "codewm: " in asked.messages() and "Error" not in asked.messages()


def test_the_quickfix_window_shows_short_paths_and_its_line_is_previewed(asked: Neovim) -> None:
    asked.keys("o")
    asked.wait("return vim.bo.buftype == 'quickfix'")
    assert asked.lines()[1].startswith(f"services/users.py|{LINE}| ")
    asked.keys("jj")
    asked.wait("return vim.fn.line('.') == 3")
    asked.command("CodeWM preview")
    assert title(asked).startswith(" Similar past edits, 3 of ")


def test_a_range_asks_about_all_its_edits(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.command("1s/The orders/All orders/ | %CodeWM! similar")
    notes = (
        "return vim.tbl_map(function(entry) return entry.note end,"
        " (vim.fn.getqflist({ context = 1 }).context.codewm or {}).entries or {})"
    )
    found = neovim.wait(f"local notes = (function() {notes} end)() return #notes > 0 and notes")
    assert {note.split(",")[0] for note in found} >= {
        "like the edit at services/orders.py:1",
        f"like the edit at services/orders.py:{LINE}",
    }


def test_without_a_change_it_is_said_that_there_is_none(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    neovim.command("CodeWM similar")
    neovim.wait_for_message("codewm: nothing differs from git HEAD here")
    assert neovim.lua("return #vim.fn.getqflist()") == 0


def test_predict_tells_what_is_usually_done_with_past_edits_that_show_it(
    indexed_shop: Shop, open_neovim: OpenNeovim
) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    neovim.command(f"{LINE} | CodeWM predict")
    neovim.wait("return vim.api.nvim_win_get_config(0).relative == 'editor'")
    assert title(neovim).startswith(" Predicted edits, 1 of ")
    assert neovim.lines()[0].startswith("1. ") and any(line.startswith("@@ ") for line in neovim.lines())
    texts = neovim.lua("return vim.tbl_map(function(item) return item.text end, vim.fn.getqflist())")
    assert all(" %): " in text for text in texts)


def test_a_later_question_wins_over_an_earlier_one(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.command("CodeWM similar | CodeWM predict")
    neovim.wait("return vim.api.nvim_win_get_config(0).relative == 'editor'")
    neovim.lua("vim.wait(1000)")
    assert title(neovim).startswith(" Predicted edits, 1 of ")
    assert neovim.lua("return #vim.api.nvim_list_wins()") == 2


def test_the_preview_fits_a_small_screen(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.command("set lines=6 columns=30")
    similar(neovim)
    assert (
        neovim.lua("return { vim.api.nvim_win_get_width(0) <= 30, vim.api.nvim_win_get_height(0) <= 6 }") == [True] * 2
    )
    assert BEFORE in "".join(neovim.lines()) and AFTER not in "".join(neovim.lines())
