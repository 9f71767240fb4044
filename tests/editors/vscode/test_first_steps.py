"""From nothing to the first similar edit in VS Code, and what stands in the way: no index, no server, no trust."""

from __future__ import annotations

import json
import os
import re
import stat
import time
from pathlib import Path

import code_server
import pytest
from client import OpenVSCode
from histories import AFTER, LINE, Shop, build_shop

from codewm_lsp.engine.store import index_folder
from codewm_model.git import Repository

BEST = "Carts: a timeout for each request"
# A program that a repository brings along, which must not be run; it tells that it was.
PLANTED = "#!/bin/sh\necho started >> '{witness}'\nexec '{server}' \"$@\"\n"


def test_without_an_index_status_bar_and_view_offer_to_make_one_and_nothing_pops_up(
    open_vscode: OpenVSCode, shop: Shop
) -> None:
    bench = open_vscode(shop.root)
    bench.open_file("orders.py")
    bench.wait_for_status("not indexed")
    bench.show_view()
    bench.offer("Index").wait_for()
    bench.picture("no-index")
    bench.page.wait_for_timeout(2000)
    assert bench.notifications() == []
    assert not index_folder(Repository.open(shop.root)).exists(), "an index was made unasked"


def test_the_first_similar_edit_is_there_within_a_minute_of_installing_while_the_rest_is_still_being_indexed(
    open_vscode: OpenVSCode, vsix: Path, tmp_path: Path
) -> None:
    shop = build_shop(tmp_path / "shop", older=3000)
    begun = time.monotonic()
    code_server.install(vsix, tmp_path / "extensions")
    bench = open_vscode(shop.root, extensions=tmp_path / "extensions")
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    bench.offer("Index").click()
    bench.wait_for_row(BEST)
    seconds = time.monotonic() - begun
    progress = re.search(r"indexing (\d+)/(\d+)", bench.status())
    bench.picture("while-indexing")
    assert progress and int(progress[1]) < int(progress[2]), f"no longer indexing: {bench.status()}"
    assert seconds < 60
    assert bench.notifications() == []


def test_indexing_counts_its_commits_in_the_status_bar_and_ends_ready(open_vscode: OpenVSCode, tmp_path: Path) -> None:
    shop = build_shop(tmp_path / "shop", older=400)
    bench = open_vscode(shop.root)
    bench.wait_for_status("not indexed")
    bench.run("codewm.index")
    bench.wait_for_status("up to date")
    counts = [
        tuple(map(int, found)) for text in bench.statuses() for found in re.findall(r"indexing (\d+)/(\d+)", text)
    ]
    assert len(counts) > 1
    assert counts == sorted(counts) and {of for _, of in counts} == {440}


def test_where_no_server_is_found_one_is_offered_and_nothing_is_installed(
    open_vscode: OpenVSCode, indexed_shop: Shop, tmp_path: Path
) -> None:
    bench = open_vscode(indexed_shop.root, path=without_codewm(tmp_path / "programs"))
    bench.open_file("orders.py")
    bench.wait_for_status("not installed")
    bench.show_view()
    bench.offer("Install").wait_for()
    bench.picture("no-server")
    before = set(bench.code.descendants())
    bench.page.wait_for_timeout(3000)
    assert set(bench.code.descendants()) <= before, "something was started"
    assert not any("server" in path.name for path in storage(bench.code).rglob("*"))
    assert bench.notifications() == []


@pytest.mark.parametrize("brought", ["setting", ".venv"])
def test_a_repository_says_which_server_is_run_only_once_it_is_trusted(
    open_vscode: OpenVSCode, indexed_shop: Shop, tmp_path: Path, brought: str
) -> None:
    witness = tmp_path / "witness"
    plant(indexed_shop.root, brought, witness)
    bench = open_vscode(
        indexed_shop.root,
        settings={"security.workspace.trust.enabled": True, "security.workspace.trust.startupPrompt": "never"},
    )
    bench.open_file("orders.py")
    bench.wait_for_status("up to date")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    bench.wait_for_row(BEST)  # the server on PATH answers
    if brought == "setting":
        bench.picture("restricted-mode")
    assert not witness.exists(), "the repository's own program was run without trust"
    bench.trust()
    bench.until(witness.exists)


def plant(repository: Path, brought: str, witness: Path) -> None:
    """Put a server into the repository, and into its settings if so `brought`."""
    program = repository / (".venv/bin/codewm-lsp" if brought == ".venv" else "tools/server")
    program.parent.mkdir(parents=True)
    program.write_text(PLANTED.format(witness=witness, server=code_server.PROGRAMS / "codewm-lsp"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    if brought == "setting":
        settings = repository / ".vscode" / "settings.json"
        settings.parent.mkdir()
        settings.write_text(json.dumps({"codewm.server.path": str(program)}))


def without_codewm(folder: Path) -> str:
    """A PATH with everything that VS Code and git need, and no `codewm-lsp`."""
    folder.mkdir()
    entries = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "codewm-lsp").exists()]
    return os.pathsep.join([str(folder), *entries])


def storage(code: code_server.CodeServer) -> Path:
    """Where VS Code lets extensions keep things."""
    return code.folder / "data" / "User" / "globalStorage"
