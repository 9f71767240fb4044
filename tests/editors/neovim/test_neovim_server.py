"""The Neovim client in a real Neovim: the server comes, answers, ends and comes back."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from histories import AFTER, BEFORE, LINE, Shop, build_garden
from nvim import INIT, PLUGIN, ROOT, Neovim, OpenNeovim, give_it_a_timeout
from repositories import Repo


def hover(neovim: Neovim) -> str:
    """What is shown above the cursor's line."""
    neovim.lua("vim.lsp.buf.hover()")
    neovim.wait("return vim.b[0].lsp_floating_preview and vim.api.nvim_win_is_valid(vim.b[0].lsp_floating_preview)")
    return str(
        neovim.lua(
            "local buffer = vim.api.nvim_win_get_buf(vim.b[0].lsp_floating_preview)"
            " return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n')"
        )
    )


def test_the_plugin_and_one_line_attach_the_server_and_hover_answers(
    indexed_shop: Shop, open_neovim: OpenNeovim
) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    assert "Katherine Johnson" in hover(neovim)
    assert neovim.messages() == ""


def test_the_configuration_in_the_readme_is_enough_without_the_plugin(
    indexed_shop: Shop, open_neovim: OpenNeovim
) -> None:
    readme = (ROOT / "README.md").read_text()
    (snippet,) = re.findall(r"```lua\n(vim\.lsp\.config\('codewm'.*?)```", readme, flags=re.DOTALL)
    assert len(snippet.strip().splitlines()) <= 6
    neovim = open_neovim(indexed_shop.file, init=snippet)
    neovim.wait("return #vim.lsp.get_clients({ bufnr = 0 }) > 0 and vim.lsp.get_clients()[1].initialized")
    give_it_a_timeout(neovim)
    assert "Katherine Johnson" in hover(neovim)


def test_the_configuration_in_the_readme_and_the_plugin_get_on(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    readme = (ROOT / "README.md").read_text()
    (snippet,) = re.findall(r"```lua\n(vim\.lsp\.config\('codewm'.*?)```", readme, flags=re.DOTALL)
    neovim = open_neovim(indexed_shop.file, init=INIT.splitlines()[1] + "\n" + snippet)
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.command("CodeWM similar")
    neovim.wait("return #vim.fn.getqflist() > 0")


def test_where_there_is_no_enable_the_server_is_started_by_a_function(
    indexed_shop: Shop, open_neovim: OpenNeovim
) -> None:
    start = (
        "vim.api.nvim_create_autocmd('FileType', { callback = function()"
        " require('codewm').start({ settings = { codewm = { hits = 2 } } }) end })"
    )
    neovim = open_neovim(indexed_shop.file, init=INIT.splitlines()[1] + "\n" + start)
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.command("CodeWM similar")
    assert neovim.wait("return #vim.fn.getqflist()") == 2


def test_a_question_starts_the_server_where_nothing_enables_it(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file, init=INIT.splitlines()[1])
    give_it_a_timeout(neovim)
    assert neovim.lua("return #vim.lsp.get_clients()") == 0
    neovim.command("CodeWM similar")
    neovim.wait("return #vim.fn.getqflist() > 0")


def test_the_code_action_shows_its_past_edits(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    give_it_a_timeout(neovim)
    neovim.lua("vim.lsp.buf.code_action({ apply = true, context = { only = { 'codewm.similar' } } })")
    assert "Carts: a timeout for each request" in neovim.wait("return (vim.fn.getqflist()[1] or {}).text")
    neovim.close_preview()
    neovim.lua("vim.lsp.buf.code_action({ apply = true, context = { only = { 'codewm.predict' } } })")
    assert neovim.wait("return vim.fn.getqflist({ title = 1 }).title == 'Predicted edits'")


def test_one_server_serves_two_repositories(indexed_shop: Shop, tmp_path: Path, open_neovim: OpenNeovim) -> None:
    garden = build_garden(tmp_path / "garden")
    neovim = open_neovim(indexed_shop.file, garden.root / "plants" / "fern.py", cwd=tmp_path)
    neovim.wait_for_server()
    neovim.command("next")
    neovim.wait_for_server()
    assert neovim.lua("return #vim.lsp.get_clients()") == 1
    neovim.wait_for_message("garden has no index yet; :CodeWM index makes one")
    neovim.command("CodeWM status all")
    neovim.wait_for_message("shop is indexed: ")
    neovim.command("CodeWM index")
    neovim.wait_for_message("garden is indexed: 4 commits, ")


def test_an_index_is_made_and_its_state_is_shown_meanwhile(shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(shop.file)
    neovim.wait_for_server()
    neovim.wait_for_message("shop has no index yet; :CodeWM index makes one")
    assert neovim.wait("return require('codewm').status()") == "codewm: no index"
    neovim.lua(
        "vim.g.seen = {} vim.api.nvim_create_autocmd('User', { pattern = 'CodeWMStatus', callback = function(event)"
        " vim.g.seen = vim.list_extend(vim.g.seen, { event.data.state }) end })"
    )
    neovim.command("CodeWM index")
    neovim.wait_for_message("shop is indexed: 40 commits, ")
    assert neovim.lua("return require('codewm').status()") == "codewm"
    assert neovim.lua("return vim.g.seen")[0] == "indexing"
    give_it_a_timeout(neovim)
    neovim.command("CodeWM")
    neovim.wait("return #vim.fn.getqflist() > 0")


def test_an_index_is_made_from_an_empty_window_in_the_repository(shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(cwd=shop.root)
    neovim.command("CodeWM index")
    neovim.wait_for_message("shop is indexed: 40 commits, ")


def test_after_a_kill_the_server_comes_back_by_a_command(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    for _ in range(3):
        neovim.wait_for_server()
        neovim.command("silent normal! Gox = 1")
        before = neovim.lines()
        kill_the_server(neovim)
        neovim.wait("return #vim.lsp.get_clients() == 0")
        neovim.wait_for_message("quit with exit code")
        assert neovim.lua("return require('codewm').status()") == ""
        neovim.command("CodeWM restart")
        neovim.wait_for_message("codewm: the server was started again")
        neovim.wait_for_server()
        assert neovim.lines() == before
        neovim.command("silent undo | messages clear")
    give_it_a_timeout(neovim)
    neovim.command("CodeWM similar")
    neovim.wait("return #vim.fn.getqflist() > 0")


def test_restart_takes_the_place_of_a_server_that_runs(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    first = server_id(neovim)
    neovim.command("CodeWM restart")
    neovim.wait_for_message("codewm: the server was started again")
    neovim.wait_for_server()
    assert server_id(neovim) != first
    assert neovim.lua("return #vim.lsp.get_clients()") == 1


def test_lines_with_any_letters_stay_the_same_for_both(indexed_shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(indexed_shop.file)
    neovim.wait_for_server()
    neovim.keys(f'{LINE}Ggg"_ddO"""Größe, 名前, 🐍 und „Anführung“."""<Esc>:sleep 300m<CR>')
    neovim.keys("0fröx<Esc>:sleep 300m<CR>Aé<Esc>0/🐍<CR>i名<Esc>:sleep 300m<CR>")
    assert neovim.wait("return vim.fn.getline(1):find('名🐍', 1, true) and vim.fn.getline(1)").endswith('"""é')
    give_it_a_timeout(neovim)
    neovim.command("CodeWM similar")
    assert neovim.wait("return (vim.fn.getqflist()[1] or {}).text")
    neovim.close_preview()
    # Every letter that the server had misplaced would now differ from HEAD.
    neovim.command(f"silent {LINE}s/{AFTER}/{BEFORE}/")
    neovim.lua('vim.fn.setline(1, \'"""The orders service."""\')')
    neovim.command("CodeWM similar")
    neovim.wait_for_message("nothing differs from git HEAD here")


def test_outside_of_git_every_word_says_so_and_nothing_starts(tmp_path: Path, open_neovim: OpenNeovim) -> None:
    lone = tmp_path / "lone.py"
    lone.write_text("x = 1\n")
    neovim = open_neovim(lone)
    for word in ("similar", "predict", "pick"):
        neovim.command(f"messages clear | CodeWM {word}")
        assert neovim.messages().strip() == "codewm: this buffer is in no git work tree"
    for word in ("index", "status", "dismissed"):
        neovim.command(f"messages clear | CodeWM {word}")
        assert neovim.messages().strip() == "codewm: the current folder is in no git work tree"
    assert neovim.lua("return #vim.lsp.get_clients()") == 0


def test_an_unknown_word_is_answered_with_the_known_ones(shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(shop.file)
    neovim.command("CodeWM everything")
    assert "there is no :CodeWM everything; there are dismissed, doctor, index, " in neovim.messages()
    neovim.command("messages clear | CodeWM index all")
    assert neovim.messages().strip().endswith("codewm: after :CodeWM index comes rebuild")


def test_a_missing_program_is_named_when_it_is_asked_for_and_not_before(shop: Shop, open_neovim: OpenNeovim) -> None:
    init = INIT + "vim.lsp.config('codewm', { cmd = { 'no-such-program', 'serve' } })"
    neovim = open_neovim(shop.file, init=init)
    assert neovim.messages() == ""
    neovim.command("CodeWM similar")
    assert "no-such-program is not there or not on PATH; :checkhealth codewm tells more" in neovim.messages()


def test_nothing_is_attached_to_what_is_no_file_of_the_work_tree(shop: Shop, open_neovim: OpenNeovim) -> None:
    neovim = open_neovim(shop.root / ".git" / "config")
    neovim.command("edit COMMIT_EDITMSG | setfiletype gitcommit")
    neovim.command("new | setfiletype python")
    neovim.lua("vim.wait(500)")
    assert neovim.lua("return #vim.lsp.get_clients()") == 0


def test_a_new_repository_without_commits_gives_words_and_no_error(tmp_path: Path, open_neovim: OpenNeovim) -> None:
    repo = Repo.init(tmp_path / "empty")
    repo.write({"a.py": "x = 1\n"})
    neovim = open_neovim(repo.root / "a.py")
    neovim.wait_for_server()
    neovim.command("CodeWM similar")
    neovim.wait_for_message("codewm: ")
    assert "Error" not in neovim.messages() and "traceback" not in neovim.messages()


def server_id(neovim: Neovim) -> int:
    """The process that serves."""
    (process,) = neovim.lua(
        f"return vim.tbl_filter(function(id) return vim.fn.readfile('/proc/' .. id .. '/cmdline')[1]:find('serve') end,"
        f" vim.api.nvim_get_proc_children({neovim.process.pid}))"
    )
    return int(process)


def kill_the_server(neovim: Neovim) -> None:
    """End it as the system does when there is no memory left."""
    os.kill(server_id(neovim), signal.SIGKILL)


def test_the_plugin_lies_where_the_guide_says() -> None:
    assert (PLUGIN / "plugin" / "codewm.lua").exists() and (PLUGIN / "lsp" / "codewm.lua").exists()
