"""The Neovim client as a plugin: its help, its health, its maps, its files, and the pickers that it knows."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from histories import LINE, Shop
from nvim import INIT, PLUGIN, ROOT, Neovim, OpenNeovim, give_it_a_timeout

# A folder with telescope.nvim, plenary.nvim, fzf-lua and snacks.nvim: they come from no package registry.
PLUGINS = os.environ.get("CODEWM_NEOVIM_PLUGINS")
SUBCOMMANDS = ["dismissed", "doctor", "index", "pick", "predict", "preview", "restart", "similar", "status"]

FILES = sorted(PLUGIN.rglob("*.lua"))


@pytest.fixture
def plain(tmp_path: Path, open_neovim: OpenNeovim) -> Neovim:
    """Neovim with the plugin and without a file."""
    return open_neovim()


def report(neovim: Neovim) -> str:
    """What `:checkhealth codewm` says."""
    neovim.command("checkhealth codewm")
    return "\n".join(
        neovim.wait("return vim.bo.filetype == 'checkhealth' and vim.api.nvim_buf_get_lines(0, 0, -1, false)")
    )


def test_checkhealth_is_clean_where_everything_is_there(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    health = report(neovim)
    assert "WARNING" not in health and "ERROR" not in health
    assert re.search(r"OK .*codewm-lsp: codewm-lsp, version \d", health)
    assert re.search(r"OK git version \d", health)
    assert re.search(r"OK codewm-lsp \d\S*, attached to 1 buffer\(s\), positions in utf-8", health)
    assert re.search(r"OK shop is indexed: 40 commits, \d+ edits", health)


def test_checkhealth_warns_of_a_work_tree_without_index_and_names_the_command(
    shop: Shop, open_neovim: OpenNeovim
) -> None:
    neovim = open_neovim(shop.file)
    neovim.wait_for_server()
    assert "WARNING shop has no index yet; :CodeWM index makes one" in report(neovim)


def test_checkhealth_names_a_program_that_is_missing(open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(init=INIT + "vim.lsp.config('codewm', { cmd = { 'no-such-program', 'serve' } })")
    health = report(neovim)
    assert "ERROR no-such-program is not there or not on PATH" in health
    assert "WARNING no server is running" in health


def test_the_doctor_reports_in_a_window(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    neovim.command("CodeWM doctor")
    text = "\n".join(neovim.wait("return vim.fn.winnr('$') == 2 and vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    assert "network" in text and str(indexed_shop.root.name) in text


def test_help_tags_are_made_and_every_command_has_one(tmp_path: Path, plain: Neovim) -> None:
    doc = tmp_path / "doc"
    shutil.copytree(PLUGIN / "doc", doc)
    plain.command(f"helptags {doc}")
    tags = {line.split("\t")[0] for line in (doc / "tags").read_text().splitlines()}
    assert tags >= {":CodeWM", *(f":CodeWM-{name}" for name in SUBCOMMANDS)}
    ours = re.findall(r"\|([:\w-]*codewm[\w-]*|:CodeWM[\w-]*)\|", (doc / "codewm.txt").read_text(), re.IGNORECASE)
    assert set(ours) <= tags


def test_the_command_completes_its_words(plain: Neovim) -> None:
    def completed(line: str) -> list[str]:
        found: list[str] = plain.lua(f"return vim.fn.getcompletion({json.dumps(line)}, 'cmdline')")
        return found

    assert completed("CodeWM ") == SUBCOMMANDS
    assert completed("%CodeWM! pre") == ["predict", "preview"]
    assert completed("CodeWM index ") == ["rebuild"]
    assert completed("CodeWM pick s") == ["similar"]
    assert completed("CodeWM status all ") == []


def test_no_key_is_mapped_and_the_plug_maps_ask(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    maps = (
        "local found = {} for _, mode in ipairs({ 'n', 'x', 'i', 'o' }) do for _, map in"
        " ipairs(vim.api.nvim_get_keymap(mode)) do if (map.rhs or ''):find('CodeWM') then"
        " table.insert(found, map.lhs) end end end table.sort(found) return found"
    )
    neovim = open_neovim(indexed_shop.file)
    found = neovim.lua(maps)
    assert found and all(keys.startswith("<Plug>(codewm-") for keys in found)
    neovim.lua("vim.keymap.set({ 'n', 'x' }, 'gs', '<Plug>(codewm-similar)')")
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.keys("Vgs")
    neovim.wait("return #vim.fn.getqflist() > 0 and vim.api.nvim_win_get_config(0).relative == 'editor'")


def test_nothing_of_the_client_is_loaded_before_it_is_used(plain: Neovim) -> None:
    loaded = "return vim.tbl_filter(function(name) return name:find('^codewm') end, vim.tbl_keys(package.loaded))"
    assert plain.lua(loaded) == []
    assert plain.lua("return vim.g.loaded_codewm") == 1


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(PLUGIN).as_posix())
def test_every_file_is_in_the_house_style(file: Path) -> None:
    text = file.read_text()
    assert text.endswith("\n") and not text.endswith("\n\n")
    for line in text.splitlines():
        assert len(line) <= 120 and line == line.rstrip() and "\t" not in line


def test_every_file_can_be_loaded(plain: Neovim) -> None:
    for file in FILES:
        assert plain.lua(f"return select(2, loadfile({json.dumps(str(file))}))") is None


@pytest.mark.parametrize("picker", ["telescope", "fzf_lua", "snacks", "telescope extension", "menu"])
def test_a_picker_shows_the_past_edits_with_their_diff_and_opens_the_place(
    picker: str, indexed_shop: Shop, open_neovim: OpenNeovim
) -> None:
    if picker != "menu" and PLUGINS is None:
        pytest.skip("CODEWM_NEOVIM_PLUGINS names no folder with the plugins, and no package registry has them")
    needed = {"fzf_lua": ["fzf-lua"], "snacks": ["snacks.nvim"], "menu": []}
    appended = [
        f"vim.opt.runtimepath:append({json.dumps(str(Path(PLUGINS or '') / name))})\n"
        for name in needed.get(picker, ["plenary.nvim", "telescope.nvim"])
    ]
    neovim = open_neovim(indexed_shop.file, init="".join(appended) + INIT)
    neovim.command("set lines=40 columns=160")
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    if picker == "menu":
        neovim.lua(
            "vim.ui.select = function(items, options, choose) vim.g.shown = vim.tbl_map(options.format_item, items)"
            " choose(items[1]) end"
        )
    neovim.command("Telescope codewm similar" if picker == "telescope extension" else "CodeWM pick")
    if picker == "menu":
        assert any("Carts: a timeout" in line for line in neovim.wait("return vim.g.shown"))
    else:
        everything = (
            "local lines = {} for _, window in ipairs(vim.api.nvim_list_wins()) do vim.list_extend(lines,"
            " vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)) end"
            " return table.concat(lines, '\\n')"
        )
        diff = "+    response = session.get(url, timeout=10)"
        neovim.wait(
            f"local text = (function() {everything} end)() return text:find('Katherine Johnson', 1, true)"
            f" and text:find({json.dumps(diff)}, 1, true)"
        )
        neovim.keys("<CR>")
    neovim.wait("return vim.fn.expand('%:t') == 'carts.py'")
    assert neovim.wait(f"return vim.fn.line('.') == {LINE}")


def test_the_guide_and_the_help_say_the_same_two_lines() -> None:
    guide, help_text = (ROOT / "docs" / "neovim.md").read_text(), (PLUGIN / "doc" / "codewm.txt").read_text()
    for line in ("vim.opt.runtimepath:append('/path/to/codewm-lsp/nvim-client')", "vim.lsp.enable('codewm')"):
        assert line in guide and line in help_text
