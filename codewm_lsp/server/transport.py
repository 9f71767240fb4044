"""Runs one connection, over stdio or a loopback socket, until the client says `exit` or is gone.

Reading and writing have a thread each, so that the event loop waits for neither: a client that reads
slowly does not keep a cancel from being seen.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from codewm_lsp.server.framing import Framer, FramingError
from codewm_lsp.server.protocol import Protocol

_log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_SECONDS_TO_FLUSH = 2.0
_SECONDS_BETWEEN_LOOKS = 0.5
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve_stdio(protocol: Protocol) -> int:
    """Serve on stdin and stdout and return the exit code.

    The two are moved out of the way first. What prints, or a git that reads, then meets stderr and the
    null device instead of the protocol.
    """
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout.flush()
    os.dup2(2, 1)
    if os.name == "nt":
        import msvcrt

        for handle in (source, sink):
            msvcrt.setmode(handle, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]

    return asyncio.run(_serve(protocol, lambda: os.read(source, _CHUNK), lambda data: write_all(sink, data)))


def write_all(file: int, data: bytes) -> None:
    """Write all of `data`, however long that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def serve_tcp(protocol: Protocol, host: str, port: int) -> int:
    """Serve the first client that connects to `host`:`port`, for debugging, and return the exit code.

    Raises ValueError for a host that is not this machine: there is no authentication on the line.
    """
    if host not in _LOOPBACK:
        raise ValueError(f"{host} is not a loopback address; use 127.0.0.1")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as server:
        _log.warning("listening on %s:%d", *server.getsockname()[:2])
        client, _ = server.accept()
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return asyncio.run(_serve(protocol, lambda: client.recv(_CHUNK), client.sendall))


async def _serve(protocol: Protocol, read: Callable[[], bytes], write: Callable[[bytes], None]) -> int:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def end_from_thread() -> None:
        try:
            loop.call_soon_threadsafe(done.set)
        except RuntimeError:
            pass  # the loop has closed: we are leaving anyway

    writer = Writer(write, end_from_thread)
    protocol.set_writer(writer)
    protocol.on_exit = done.set
    watches: list[asyncio.Future[None]] = []
    protocol.on_client = lambda pid: watches.append(asyncio.ensure_future(_watch_client(pid, done)))
    inbox = Inbox(loop)

    def take(job: Callable[[], None]) -> None:
        loop.call_soon_threadsafe(inbox.put, job)

    threading.Thread(
        target=_read_messages, args=(protocol, read, take, end_from_thread), name="read", daemon=True
    ).start()
    await done.wait()
    for watch in watches:
        watch.cancel()
    writer.finish(_SECONDS_TO_FLUSH)
    return protocol.exit_code


def _read_messages(
    protocol: Protocol,
    read: Callable[[], bytes],
    take: Callable[[Callable[[], None]], None],
    end: Callable[[], None],
) -> None:
    """Read until the stream ends, which is how most clients die."""
    framer = Framer()
    try:
        while data := read():
            for body in framer.feed(data):
                try:
                    message = json.loads(body)
                except (ValueError, RecursionError):
                    take(protocol.unparsable)
                else:
                    take(partial(protocol.receive, message))
    except FramingError as error:
        _log.error("the client's stream cannot be followed any further: %s", error)
    except (OSError, RuntimeError):
        pass  # the stream broke, or the loop has closed
    end()


class Inbox:
    """Handles messages one by one, and lets a request's handler begin before the next message is taken.

    A task begins one turn of the loop after it is made. A change that stands behind a request in the
    stream would otherwise be applied before the request has seen the document it was meant for.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: deque[Callable[[], None]] = deque()

    def put(self, job: Callable[[], None]) -> None:
        """Handle a message once those before it have been."""
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        try:
            self._jobs[0]()
        finally:
            self._jobs.popleft()
            if self._jobs:
                self._loop.call_soon(self._step)


async def _watch_client(pid: int, done: asyncio.Event) -> None:
    """End when the client's process is gone although something else still holds our stdin open.

    A process that cannot be seen from the start (another container, another machine) is not watched.
    Windows has no harmless signal 0; there the end of stdin has to do.
    """
    if os.name == "nt" or pid <= 0 or not _is_alive(pid):
        return
    try:
        file = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except (OSError, OverflowError):
        file = None
    if file is None:
        while _is_alive(pid):
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    else:
        await _readable(file)
    _log.warning("the client's process %d is gone", pid)
    done.set()


async def _readable(file: int) -> None:
    """Wait until a file can be read, and close it; a pidfd can be when its process has ended, buried or not."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(file, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(file)
        os.close(file)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


class Writer:
    """Writes in order on its own thread; pygls hands it whole messages."""

    def __init__(self, write: Callable[[bytes], None], broken: Callable[[], None]) -> None:
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._write = write
        self._broken = broken
        self._thread = threading.Thread(target=self._work, name="write", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Queue one message."""
        self._queue.put(data)

    @property
    def waiting(self) -> int:
        """How many messages have not been begun."""
        return self._queue.qsize()

    def close(self) -> None:
        """Write nothing after what is queued."""
        self._queue.put(None)

    def finish(self, seconds: float) -> None:
        """Wait until what is queued has left, for at most `seconds`."""
        self.close()
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                self._write(data)
        except OSError:
            self._broken()
