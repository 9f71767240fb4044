"""10,000 messages, most of them wrong, to one server: every request has one answer, and then all is as before."""

from __future__ import annotations

from collections import Counter
from typing import Any

from noise import Noise
from schema import check
from shop import Shop
from wire import Wire

from codewm_lsp.server.framing import frame

COUNT = 10_000
REFUSALS = {-32700, -32600, -32601, -32602, -32800, -32803}  # and never -32603, which is a fault of ours


def test_ten_thousand_messages_leave_a_server_that_answers(wire: Wire, own: Shop) -> None:
    wire.initialize(rootUri=own.root.as_uri())
    noise = Noise(7, own.uri, own.with_timeout, own.repo.git("rev-parse", "HEAD~1"))
    for body in noise.bodies(COUNT):
        wire.send_bytes(frame(body))
    wire.notify("$/setTrace", {"value": "off"})
    asked = frozenset(noise.asked)
    open_ids, answers = set(asked), Counter[int]()
    while open_ids:
        message = wire.message()
        if "method" not in message and (msg_id := message["id"]) in asked:
            open_ids.remove(msg_id)  # a second answer finds nothing to remove
        answers.update(_refusal(message))
    assert set(answers) <= REFUSALS, answers
    assert len(answers) >= 5
    assert wire.process.poll() is None
    item = {"uri": own.uri, "languageId": "python", "version": 1, "text": own.with_timeout}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    answer = _answer(wire, "codewm/similarEdits", {"textDocument": {"uri": own.uri}})
    check(answer, "SimilarEditsResult")
    assert (answer["status"], answer["version"]) == ("ok", 1)
    assert _answer(wire, "shutdown", None) is None
    wire.notify("exit")
    assert wire.wait() == 0
    errors = wire.errors.decode()
    assert "Traceback" not in errors, errors[errors.index("Traceback") :][:3000]


def _refusal(message: dict[str, Any]) -> list[int]:
    return [message["error"]["code"]] if "error" in message else []


def _answer(wire: Wire, method: str, params: object) -> Any:
    """The result; what else the server says before it, late answers among it, is passed over."""
    msg_id = wire.ask(method, params)
    while (message := wire.message()).get("id") != msg_id or "method" in message:
        assert not set(_refusal(message)) - REFUSALS
    return message["result"]
