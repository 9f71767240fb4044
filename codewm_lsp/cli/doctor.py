"""`codewm-lsp doctor`: everything that a bug report needs, and what is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codewm_lsp.cli.options import json_option, verbosity

if TYPE_CHECKING:
    import subprocess

    from codewm_lsp.engine.examination import Examination


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@json_option
@verbosity
def doctor(path: Path, as_json: bool) -> int:
    """Examine the installation and the index of the repository at PATH; copy the output into a bug report.

    If PATH is a file, it also says what an editor is answered for it, and why for some there is nothing.
    A self-test encodes an edit, searches the index and starts the server, in processes that are watched: which files
    they open, which programs they run, and that they never touch the network. No code, names of people or settings of
    the environment are shown. Each problem comes with the command that mends it; the exit code is that of the first.
    """
    from codewm_lsp.engine.doctor import examine

    found = examine(path)
    _start_server(found)
    with found.noting():
        from codewm_lsp.server.examination import examine_for_editors

        examine_for_editors(path, found)
    if as_json:
        problems = [
            {"symptom": p.symptom, "cause": p.cause, "remedy": p.remedy, "code": p.code} for p in found.problems
        ]
        click.echo(
            json.dumps({"schema": "codewm.doctor/1", "ok": found.code == 0, **found.facts, "problems": problems})
        )
    else:
        from codewm_lsp.cli.hits import printable

        for line in _lines(found):
            click.echo(printable(line))
    return found.code


def _start_server(found: Examination) -> None:
    """How long an editor waits for a server to start and answer; and what that touches."""
    from codewm_lsp.engine.examination import UNEXPECTED, at_home
    from codewm_lsp.engine.watch import watched

    started = time.monotonic()
    with watched("codewm_lsp", "serve") as run:
        try:
            answer = _ask(run.process, 1, "initialize", {"processId": None, "rootUri": None, "capabilities": {}})
            answered = time.monotonic()
            _ask(run.process, 2, "shutdown")
            _send(run.process, {"method": "exit"})
        except OSError:
            answer = b""  # it has ended
    if run.process.returncode != 0 or b"serverInfo" not in answer:
        last_words = at_home(run.errors.rpartition("\n")[2])
        cause = f"the server ended with code {run.process.returncode}" + (f": {last_words}" if last_words else "")
        found.add("editors get no answer", cause, "codewm-lsp serve --stdio", UNEXPECTED)
    else:
        found.facts["server"] = {"start_ms": round((answered - started) * 1000)}
    found.facts["touched_by_server"] = {name: run.touched.get(name, []) for name in ("written", "programs", "network")}
    found.check_network(run.touched)


def _ask(server: subprocess.Popen[bytes], number: int, method: str, params: object = None) -> bytes:
    """The body of the answer to a request; empty if the server ends."""
    _send(server, {"id": number, "method": method, "params": params})
    assert server.stdout is not None
    length = 0
    while (line := server.stdout.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return server.stdout.read(length)


def _send(server: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0"} | message).encode()
    assert server.stdin is not None
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()


def _lines(found: Examination) -> Iterator[str]:
    for name, section in found.facts.items():
        if section:
            yield name.replace("_", " ")
        yield from (f"  {key:<22} {value}" for key, value in _flat(section))
    for problem in found.problems:
        yield "problem" if problem.code else "note"
        yield f"  what you see           {problem.symptom}"
        yield f"  because                {problem.cause}"
        yield f"  what mends it          {problem.remedy}"
    if not found.problems:
        yield "no problems"


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, dict):
            yield from _flat(value, f"{name} ") if value else [(name, "none")]
        else:
            yield name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
