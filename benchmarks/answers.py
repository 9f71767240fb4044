"""A server's answers to many requests at once, for `benchmarks/soak.py`: each must come, and once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from server import Client

MOST_WAITING = 16
SECONDS = 60.0  # that an answer may take


class Answers:
    """Reads what the server says; each request must have one answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: dict[int, str] = {}
        self._changed = threading.Condition()
        self._kept: dict[int, Any] = {}
        self._last = 1_000_000
        self.statuses: Counter[str] = Counter()
        self.unasked = self.errors = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ask(self, method: str, params: Any, most_waiting: int = MOST_WAITING, *, keep: bool = False) -> int:
        """Send a request as soon as at most so many others wait; its number."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._waiting) < most_waiting, SECONDS):
                raise TimeoutError(f"no answer to {self._waiting}")
            self._last += 1
            self._waiting[self._last] = "keep" if keep else method
        self._client.tell(method, params, id=self._last)
        return self._last

    def result(self, method: str, params: Any) -> Any:
        """Ask, and wait for the result."""
        number = self.ask(method, params, keep=True)
        self.settle()
        return self._kept.pop(number)

    def settle(self) -> None:
        """Wait for every answer."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting, SECONDS):
                raise TimeoutError(f"no answer to {self._waiting}")

    def _read(self) -> None:
        try:
            while True:
                message = self._client.read()
                if "method" not in message:
                    self._take(message)
        except (ValueError, KeyError):  # the stream has ended
            pass

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            method = self._waiting.pop(message["id"], None)
            self.unasked += method is None
            self.errors += "error" in message
            result = message.get("result")
            if method == "keep":
                self._kept[message["id"]] = result
            elif method == "codewm/state" and isinstance(result, dict):
                self.statuses[result["status"]] += 1
            self._changed.notify_all()
