"""LSP's base protocol as bytes in, message bodies out.

It reads nothing itself, so that stdio, a socket and a test share it.
"""

from __future__ import annotations

import re

_LONGEST_HEADER = 64 * 1024
_LONGEST_BODY = 512 * 1024 * 1024
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,12})[ \t]*", re.IGNORECASE)


class FramingError(Exception):
    """The stream is no longer a sequence of messages, and nothing behind this point can be trusted."""


class Framer:
    """Cuts a stream into message bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Take what has arrived and return the bodies that it completes.

        Raises FramingError for a header block without a usable Content-Length, or one that never ends.
        """
        self._buffer += data
        bodies = []
        while (body := self._next()) is not None:
            bodies.append(body)
        return bodies

    def _next(self) -> bytes | None:
        if self._length is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LONGEST_HEADER:
                    raise FramingError("no end of header")
                return None
            self._length = _length_in(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._length = None
        return body


def frame(body: bytes) -> bytes:
    """One message as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _length_in(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        if match := _LENGTH.fullmatch(line):
            length = int(match[1])
            if length <= _LONGEST_BODY:
                return length
    raise FramingError(f"no usable Content-Length in {header[:80]!r}")
