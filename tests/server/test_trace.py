"""What the server tells of itself: traces for clients that ask, logs on stderr, and never a word of the code."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from wire import SECONDS, Wire

from codewm_lsp.server.framing import Framer, frame

URI = "file:///nowhere/at/all.py"
HOVER = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}


def traced(wire: Wire, method: str, params: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The answer and the traces around it."""
    msg_id, traces = wire.ask(method, params), []
    answer = wire.message()
    while answer.get("id") != msg_id:
        traces.append(answer["params"])
        answer = wire.message()
    traces.append(wire.message()["params"])
    return answer, traces


def test_nothing_is_traced_until_it_is_asked_for(wire: Wire) -> None:
    wire.initialize()
    assert wire.result("textDocument/hover", HOVER) is None
    wire.notify("$/setTrace", {"value": "messages"})
    answer, traces = traced(wire, "textDocument/hover", HOVER)
    assert traces == [{"message": f"textDocument/hover ({answer['id']}) answered"}]
    wire.notify("$/setTrace", {"value": "verbose"})
    _, (trace,) = traced(wire, "textDocument/hover", HOVER)
    assert trace["verbose"].endswith(" ms, ok")
    wire.notify("$/setTrace", {"value": "off"})
    assert wire.result("textDocument/hover", HOVER) is None
    assert wire.end() == 0


def test_a_trace_that_initialize_asks_for_begins_at_once_and_holds_no_code(wire: Wire) -> None:
    msg_id = wire.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}, "trace": "verbose"})
    assert wire.message()["id"] == msg_id
    assert wire.message()["params"]["message"] == f"initialize ({msg_id}) answered"
    item = {"uri": URI, "languageId": "python", "version": 1, "text": "the_secret = 1\n"}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    assert wire.message()["params"] == {"message": "textDocument/didOpen taken"}
    answer, (trace,) = traced(wire, "codewm/similarEdits", {"textDocument": {"uri": URI}, "k": 0})
    assert trace["message"] == f"request {answer['id']} refused"
    wire.process.kill()
    assert wire.process.wait(SECONDS) and b"secret" not in wire.errors


def test_logs_that_nobody_reads_do_not_stop_the_server() -> None:
    """The pipe behind stderr takes 64 KiB; every message here is one line of log."""
    command = [sys.executable, "-m", "codewm_lsp", "serve"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin is not None and process.stdout is not None
        framer, bodies = Framer(), []
        hello = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}'
        lost = b'{"jsonrpc": "2.0", "method": "textDocument/didClose", "params": {"textDocument": "%s"}}' % (b"x" * 400)
        last = b'{"jsonrpc": "2.0", "id": 2, "method": "no/such"}'
        process.stdin.write(b"".join(map(frame, (hello, *[lost] * 3000, last))))
        process.stdin.flush()
        while len(bodies) < 2:
            bodies += framer.feed(process.stdout.read1())
        process.stdin.close()
        assert process.wait(SECONDS) == 1
