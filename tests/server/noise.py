"""Messages that no client should send, and some that it should: seeded, so that a failure can be looked at again."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

_SPAN = {"start": {"line": 7, "character": 0}, "end": {"line": 8, "character": 3}}
_LEAVES: tuple[object, ...] = (
    None, True, False, -1, 0, 1, 7, 2**31, 2**63, -(2**70), 1.5, 1e308, "", "x", "codewm:/a/after/b", "file:///etc/passwd",
    "untitled:1", "file://[", "\ud800", "😀\u2028\f", "a" * 3000, [], {}, [[]], {"": ""},
)  # fmt: skip


class Noise:
    """A stream of message bodies about one document; `asked` are the ids of all requests in it so far."""

    def __init__(self, seed: int, uri: str, text: str, commit: str) -> None:
        self._chance = random.Random(seed)
        self._text, self._commit = text, commit
        self.asked: list[int] = []
        document = {"uri": uri}
        at = {"line": 7, "character": 4}
        here = {"textDocument": document, "position": at}
        thing = {"textDocument": document, "commit": commit}
        offer = [uri, 7, None]
        change = {"range": _SPAN, "text": "x = 1\n"}
        self._requests: dict[str, Any] = {
            "textDocument/hover": here,
            "textDocument/codeAction": {"textDocument": document, "range": _SPAN, "context": {"diagnostics": []}},
            "codeAction/resolve": {"title": "t", "kind": "codewm.similar", "data": offer},
            "textDocument/codeLens": {"textDocument": document},
            "codeLens/resolve": {"range": _SPAN, "data": offer},
            "workspace/executeCommand": {"command": "codewm.showSimilarEdits", "arguments": offer},
            "workspace/textDocumentContent": {"uri": f"codewm:/{commit}/before/services/carts.py"},
            "codewm/similarEdits": {**here, "version": 3, "k": 3, "diffs": True},
            "codewm/editContent": {"commit": commit, "path": "services/carts.py", "side": "after"},
            "codewm/dismiss": thing,
            "codewm/restore": thing,
            "codewm/dismissed": {"textDocument": document},
            "initialize": {"processId": None, "rootUri": None, "capabilities": {}},
            "no/such": {},
        }
        self._notifications: dict[str, Any] = {
            "textDocument/didOpen": {"textDocument": {**document, "languageId": "python", "version": 3, "text": text}},
            "textDocument/didChange": {"textDocument": {**document, "version": 4}, "contentChanges": [change, change]},
            "textDocument/didClose": {"textDocument": document},
            "workspace/didChangeConfiguration": {"settings": {"codewm": {"hits": 3, "codeLens": True}}},
            "workspace/didChangeWorkspaceFolders": {"event": {"added": [{**document, "name": "a"}], "removed": []}},
            "window/workDoneProgress/cancel": {"token": "t"},
            "$/setTrace": {"value": "off"},
            "$/cancelRequest": {"id": 1},
            "$/progress": {"token": 1, "value": None},
            "initialized": {},
        }

    def bodies(self, count: int) -> Iterator[bytes]:
        """`count` of them."""
        for _ in range(count):
            yield self._body()

    def _body(self) -> bytes:
        draw = self._chance.random()
        if draw < 0.45:
            return self._request()
        if draw < 0.75:
            return self._notification()
        if draw < 0.85:
            return self._spoilt(_encoded({"jsonrpc": "2.0", "method": "no/such", "params": self._value(3)}))
        if draw < 0.95:
            return _encoded(self._value(3))
        answer = self._chance.choice(("result", "error"))
        return _encoded({"jsonrpc": "2.0", "id": self._chance.choice(_LEAVES), answer: self._value(2)})

    def _request(self) -> bytes:
        method, params = self._chance.choice(list(self._requests.items()))
        self.asked.append(1000 + len(self.asked))
        return _encoded({"jsonrpc": "2.0", "id": self.asked[-1], "method": method, "params": self._changed(params)})

    def _notification(self) -> bytes:
        method, params = self._chance.choice(list(self._notifications.items()))
        if method == "$/cancelRequest" and self.asked:
            params = {"id": self._chance.choice(self.asked[-20:])}
        return _encoded({"jsonrpc": "2.0", "method": method, "params": self._changed(params)})

    def _changed(self, params: Any) -> Any:
        """The params as they should be, or with one thing in them replaced, or something else altogether."""
        draw = self._chance.random()
        if draw < 0.3:
            return params
        if draw < 0.4:
            return self._value(3)
        params = copy.deepcopy(params)
        place = params
        while isinstance(place, dict | list) and place:
            key = self._chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[key], dict | list) or self._chance.random() < 0.3:
                place[key] = self._value(2)
                break
            place = place[key]
        return params

    def _value(self, depth: int) -> object:
        shape = self._chance.random() if depth else 1.0
        if shape < 0.4:
            names = ("jsonrpc", "id", "method", "params", "uri", "line", "class", "textDocument")
            return {self._chance.choice(names): self._value(depth - 1) for _ in range(3)}
        if shape < 0.6:
            return [self._value(depth - 1) for _ in range(self._chance.randrange(4))]
        return self._chance.choice(_LEAVES)

    def _spoilt(self, body: bytes) -> bytes:
        """With a few bytes overwritten or its end cut off."""
        spoilt = bytearray(body)
        for _ in range(self._chance.randrange(1, 4)):
            spoilt[self._chance.randrange(len(spoilt))] = self._chance.randrange(256)
        return bytes(spoilt[: self._chance.randrange(1, len(spoilt) + 1)])


def _encoded(message: object) -> bytes:
    return json.dumps(message).encode()
