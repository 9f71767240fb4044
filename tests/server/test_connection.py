"""How a connection begins and ends: imports, streams, sockets, exit codes, and clients that just die."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
import time

import pytest
from wire import SECONDS, SERVER, Wire

from codewm_lsp.server.app import run
from codewm_lsp.server.framing import Framer, frame


def test_exit_without_shutdown_is_1(wire: Wire) -> None:
    wire.initialize()
    wire.notify("exit")
    assert wire.wait() == 1


def test_exit_before_initialize_is_1(wire: Wire) -> None:
    wire.notify("exit")
    assert wire.wait() == 1


def test_the_server_ends_with_its_stdin(wire: Wire) -> None:
    wire.initialize()
    assert wire.process.stdin is not None
    wire.process.stdin.close()
    assert wire.wait() == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there the end of stdin has to do")
def test_the_server_ends_with_its_client_although_stdin_stays_open(wire: Wire) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as client:
        wire.initialize(processId=client.pid)
        time.sleep(1)
        assert wire.process.poll() is None
        client.kill()
    assert wire.wait() == 1


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="elsewhere a dead process that nobody buries looks alive")
def test_the_server_ends_with_a_client_that_nobody_buries(wire: Wire) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as client:
        wire.initialize(processId=client.pid)
        client.kill()
        assert wire.wait() == 1


CLIENT = """
import os, subprocess, sys, time
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def send(body):
    server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
    server.stdin.flush()
params = b'{"processId": %d, "rootUri": null, "capabilities": {}}' % os.getpid()
send(b'{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": %s}' % params)
server.stdout.read1()
print(server.pid, flush=True)
while True:
    send(b'{"jsonrpc": "2.0", "id": 1, "method": "no/such"}')
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs a way to wait for somebody else's child")
def test_a_client_that_is_killed_leaves_no_orphan() -> None:
    """Killed while it asks and asks and reads nothing; its server, which nobody waits for, must end by itself."""
    command = [sys.executable, "-c", CLIENT, *SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        assert client.stdout is not None
        server = os.pidfd_open(int(client.stdout.readline()))
        time.sleep(0.5)
        client.kill()
    ended, _, _ = select.select([server], [], [], SECONDS)
    os.close(server)
    assert ended


def test_a_client_that_cannot_be_seen_is_not_waited_for(wire: Wire) -> None:
    for pid in (2**22 + 1, 2**31 - 1, -1):
        with Wire() as client:
            client.initialize(processId=pid)
            assert client.end() == 0
    wire.initialize(processId=None)
    time.sleep(1)
    assert wire.end() == 0


def test_a_stream_that_cannot_be_followed_ends_the_server(wire: Wire) -> None:
    wire.send_bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.wait() == 1
    assert b"Content-Length" in wire.errors


def test_a_client_that_reads_nothing_does_not_stop_the_server() -> None:
    """Answers wait in a queue of their own; the loop goes on reading and ends with its client."""
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        call = b'{"jsonrpc": "2.0", "id": %d, "method": "no/such"}'
        process.stdin.write(b"".join(frame(call % number) for number in range(20_000)))
        process.stdin.close()
        assert process.wait(SECONDS) == 1
        process.stdout.close()


def test_initialize_waits_for_neither_numpy_nor_the_index_library() -> None:
    command = (sys.executable, "-X", "importtime", "-m", "codewm_lsp", "serve")
    with Wire(command) as wire:
        wire.initialize()
        assert wire.end() == 0
        imported = {line.rpartition("|")[2].strip() for line in wire.errors.decode().splitlines()}
    assert "codewm_lsp.server.app" in imported
    assert imported.isdisjoint({"numpy", "hnswlib", "torch", "tree_sitter", "onnxruntime", "codewm_lsp.engine"})


def test_prints_never_reach_the_protocol() -> None:
    code = (
        "import os, sys; from codewm_lsp.server import app\n"
        "make = app.create_server\n"
        "def noisy():\n"
        "    server = make()\n"
        "    @server.feature('workspace/didChangeWatchedFiles')\n"
        "    def loud(params):\n"
        "        print('noise', flush=True); os.write(1, b'more noise'); os.system('echo a child; cat')\n"
        "    return server\n"
        "app.create_server = noisy\n"
        "sys.exit(app.run())\n"
    )
    with Wire((sys.executable, "-c", code)) as wire:
        wire.initialize()
        wire.notify("workspace/didChangeWatchedFiles", {"changes": []})
        assert wire.error("no/such")["code"] == -32601
        assert wire.end() == 0
        assert all(word in wire.errors for word in (b"noise", b"more noise", b"a child"))


def test_a_fault_of_ours_is_answered_without_its_traceback() -> None:
    code = (
        "import sys; from codewm_lsp.server import app\n"
        "async def broken(session, params): raise RuntimeError('a fault')\n"
        "app.hover.text_document_hover = broken\n"
        "sys.exit(app.run())\n"
    )
    with Wire((sys.executable, "-c", code)) as wire:
        wire.initialize()
        position = {"line": 0, "character": 0}
        error = wire.error("textDocument/hover", {"textDocument": {"uri": "file:///f.py"}, "position": position})
        assert error == {"code": -32603, "message": "RuntimeError: a fault"}
        assert wire.end() == 0
        assert b"Traceback" in wire.errors and b"a fault" in wire.errors


def test_another_machines_address_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback"):
        run(("0.0.0.0", 0))


def test_a_socket_carries_the_same_protocol() -> None:
    command = [sys.executable, "-m", "codewm_lsp", "serve", "--tcp", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        port = re.fullmatch(rb".*listening on 127\.0\.0\.1:(\d+)\n", process.stderr.readline())
        assert port is not None
        with socket.create_connection(("127.0.0.1", int(port[1])), SECONDS) as client:
            call = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}'
            client.sendall(frame(call))
            framer, bodies = Framer(), []
            while not bodies:
                bodies = framer.feed(client.recv(65536))
            assert json.loads(bodies[0])["result"]["serverInfo"]["name"] == "codewm-lsp"
        assert process.wait(SECONDS) == 1


def test_nothing_is_left_running_and_nothing_is_logged(wire: Wire) -> None:
    wire.initialize()
    item = {"uri": "file:///nowhere/at/all.py", "languageId": "python", "version": 1, "text": "one\n"}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    assert wire.end() == 0
    assert wire.errors == b""
