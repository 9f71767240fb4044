"""VS Code when the server dies again and again, and when there is more than one repository."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from client import Client, OpenVSCode
from command import run
from histories import AFTER, LINE, TIMEOUTS, Shop, build_garden

BEST = TIMEOUTS["carts"][1]
KILLS = 10


def server_of(bench: Client) -> int:
    """The process of the one server, once there is one."""

    def one() -> int | None:
        servers = bench.code.language_servers()
        return servers[0] if len(servers) == 1 else None

    return bench.until(one)  # type: ignore[return-value]  # `until` gives only what is true


@pytest.mark.timeout(900)  # each message has to go before the next kill, and a busy machine is no failure
def test_a_server_that_is_killed_ten_times_comes_back_each_time_with_one_message_and_no_lost_word(
    open_vscode: OpenVSCode, indexed_shop: Shop
) -> None:
    bench = open_vscode(indexed_shop.root)
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    bench.wait_for_row(BEST)
    bench.go_to(1)
    typed = ""
    for number in range(KILLS):
        killed = server_of(bench)
        messages = len(bench.status_messages())
        bench.type(f"# before {number}")
        os.kill(killed, signal.SIGKILL)
        bench.type(f", after {number}\n")
        typed += f"# before {number}, after {number}\n"
        bench.until(lambda killed=killed: server_of(bench) != killed)
        bench.wait_for_status("up to date")
        bench.until(lambda messages=messages: len(bench.status_messages()) > messages)
        bench.until(lambda: not bench.page.locator('[id="status.extensionMessage"]').is_visible())
        assert len(bench.status_messages()) == messages + 1, bench.status_messages()[messages:]
    assert bench.text().startswith(typed), "a word was lost"
    assert bench.notifications() == []
    bench.go_to(LINE + KILLS)
    bench.press("End")
    bench.type("  # slow")
    bench.until(lambda: BEST in bench.rows()[0])  # the last server answers, about the text as it is now
    bench.picture("after-ten-kills")
    assert "timeout=20)  # slow" in bench.text()


def test_each_of_two_repositories_in_a_window_answers_from_its_own_past(
    open_vscode: OpenVSCode, indexed_shop: Shop, tmp_path: Path
) -> None:
    garden = build_garden(tmp_path / "garden")
    assert run("index", garden.root).code == 0
    workspace = tmp_path / "both.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": "shop"}, {"path": "garden"}]}))
    bench = open_vscode(workspace)
    bench.open_file("orders.py")
    bench.replace_line(LINE, "response = " + AFTER)
    bench.show_view()
    bench.wait_for_row(BEST)
    bench.open_file("fern.py")
    bench.replace_line(5, "amount = litres(can.volume)")
    bench.wait_for_row("Water the moss in litres")
    bench.until(lambda: not any("timeout" in row for row in bench.rows()))
    bench.picture("two-repositories")
    assert len(bench.code.language_servers()) == 1
    bench.open_file("orders.py")
    bench.wait_for_row(BEST)
    bench.until(lambda: not any("Water" in row for row in bench.rows()))
