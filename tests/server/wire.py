"""A client that speaks bytes, for what a well-behaved client library cannot send."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from queue import Empty, Queue
from typing import Any

from codewm_lsp.server.framing import Framer, frame

SECONDS = 120.0  # a busy machine is no failure
SERVER = (sys.executable, "-m", "codewm_lsp", "serve")


class Wire:
    """One server process. Every message it sends must be asked for, or the test fails when it ends."""

    def __init__(self, command: tuple[str, ...] = SERVER) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._messages: Queue[dict[str, Any]] = Queue()
        self._next_id = 0
        self.errors = b""
        threading.Thread(target=self._read, daemon=True).start()
        self._errors = threading.Thread(target=self._read_errors, daemon=True)
        self._errors.start()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: object) -> None:
        self.send_bytes(frame(json.dumps(message).encode()))

    def notify(self, method: str, params: object = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: object = None) -> int:
        """Send a request and return its id."""
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id

    def message(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The server's next message."""
        try:
            return self._messages.get(timeout=seconds)
        except Empty:
            raise AssertionError(f"no message within {seconds} s; stderr: {self.errors!r}") from None

    def result(self, method: str, params: object = None) -> Any:
        """Ask and return the result, which must be the next message."""
        msg_id = self.ask(method, params)
        message = self.message()
        assert message.get("id") == msg_id and "result" in message, message
        return message["result"]

    def error(self, method: str, params: object = None) -> dict[str, Any]:
        """Ask and return the error, which must be the next message."""
        msg_id = self.ask(method, params)
        message = self.message()
        assert message.get("id") == msg_id and "error" in message, message
        error: dict[str, Any] = message["error"]
        assert set(error) == {"code", "message"}
        return error

    def initialize(self, **params: object) -> dict[str, Any]:
        """Shake hands and return the server's capabilities."""
        result = self.result("initialize", {"processId": None, "rootUri": None, "capabilities": {}, **params})
        self.notify("initialized", {})
        capabilities: dict[str, Any] = result["capabilities"]
        return capabilities

    def end(self) -> int:
        """Say goodbye properly and return the exit code."""
        assert self.result("shutdown") is None
        self.notify("exit")
        return self.wait()

    def wait(self) -> int:
        """Wait for the process to end by itself; nothing may be left unread."""
        code = self.process.wait(SECONDS)
        self._errors.join(SECONDS)
        assert self._messages.empty(), self._messages.get()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        framer = Framer()
        while data := self.process.stdout.read1():
            for body in framer.feed(data):
                self._messages.put(json.loads(body))

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while data := self.process.stderr.read1():
            self.errors += data
