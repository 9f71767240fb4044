"""The audit hook sees files, programs and sockets, and tells no more of them than it must."""

from __future__ import annotations

import os
import socket

import pytest

from codewm_lsp.engine.watch import watched
from codewm_lsp.watched import Watch


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize(
    ("mode", "flags", "kind"),
    [
        ("r", 0, "read"),
        ("rb", os.O_RDONLY, "read"),
        (None, os.O_RDONLY, "read"),
        ("w", 0, "written"),
        ("ab", 0, "written"),
        ("r+", 0, "written"),
        (None, os.O_WRONLY | os.O_CREAT, "written"),
        (None, os.O_RDWR, "written"),
    ],
)
def test_files_are_read_or_written(watch: Watch, mode: str | None, flags: int, kind: str) -> None:
    watch.see("open", ("file.txt", mode, flags))
    assert {name: seen for name, seen in watch.to_json().items() if seen} == {kind: ["file.txt"]}


def test_files_have_names_and_are_told_once(watch: Watch) -> None:
    for path in ("one", b"one", 3, b"caf\xe9"):
        watch.see("open", (path, "r", 0))
    assert watch.to_json()["read"] == ["one", "caf\udce9"]


def test_databases_and_extension_modules_are_files(watch: Watch) -> None:
    watch.see("sqlite3.connect", ("file:///index/edits.sqlite3?immutable=1",))
    watch.see("import", ("fast", "/packages/fast.so", [], [], []))
    watch.see("import", ("slow", None, [], [], []))
    assert watch.to_json()["read"] == ["/index/edits.sqlite3", "/packages/fast.so"]


def test_of_a_program_only_its_name_and_subcommand_are_told(watch: Watch) -> None:
    watch.see(
        "subprocess.Popen", ("/usr/bin/git", ["/usr/bin/git", "--git-dir=/secret", "log", "-Spassword"], None, {})
    )
    watch.see("os.system", (b"curl example.com",))
    assert watch.to_json()["programs"] == ["git log", "curl"]


def test_every_socket_is_network_but_the_event_loops_own(watch: Watch) -> None:
    if hasattr(socket, "AF_UNIX"):
        watch.see("socket.__new__", (None, int(socket.AF_UNIX), 1, 0))
    assert watch.to_json()["network"] == []
    watch.see("socket.__new__", (None, int(socket.AF_INET), 1, 0))
    watch.see("socket.connect", (None, ("203.0.113.1", 443)))
    watch.see("socket.getaddrinfo", ("example.com", 443, 0, 0, 0))
    assert watch.to_json()["network"] == ["socket.__new__", "socket.connect", "socket.getaddrinfo"]


def test_a_watched_process_can_be_talked_to_and_its_end_is_told() -> None:
    with watched("json.tool", "--compact") as run:
        assert run.process.stdin is not None and run.process.stdout is not None
        run.process.stdin.write(b'{"a": [1, 2]}')
        run.process.stdin.close()
        assert run.process.stdout.read() == b'{"a":[1,2]}\n'
    assert (run.process.returncode, run.errors, run.touched["network"]) == (0, "", [])


def test_a_watched_process_that_fails_leaves_its_last_words() -> None:
    with watched("no_such_module_anywhere") as run:
        pass
    assert run.process.returncode != 0
    assert "No module named" in run.errors
