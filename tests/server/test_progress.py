"""Work-done progress around a producer that pretends to work: one line, always ended, and a cancel that is seen."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from wire import Wire

from codewm_lsp.server.progress import Progress, WorkDone

SHOWS = types.ClientCapabilities(window=types.WindowClientCapabilities(work_done_progress=True))


class Client:
    """What a server sends to its client, noted; `refuses` makes it answer the request for a line with an error."""

    def __init__(self, capabilities: types.ClientCapabilities = SHOWS, refuses: bool = False) -> None:
        self.client_capabilities = capabilities
        self.refuses = refuses
        self.tokens: list[types.ProgressToken] = []
        self.sent: list[Any] = []
        self.answer = asyncio.Event()
        self.answer.set()

    async def window_work_done_progress_create_async(self, params: types.WorkDoneProgressCreateParams) -> None:
        self.tokens.append(params.token)
        await self.answer.wait()
        if self.refuses:
            raise JsonRpcException("no")

    def progress(self, params: types.ProgressParams) -> None:
        assert params.token == self.tokens[-1]
        self.sent.append(params.value)

    @property
    def kinds(self) -> list[str]:
        return [value.kind for value in self.sent]


def work_done(client: Client, silence: float = 0.0) -> WorkDone:
    return WorkDone(cast(LanguageServer, client), silence)


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_work_that_is_soon_done_shows_nothing() -> None:
    client = Client()
    async with work_done(client, silence=60).progress("Indexing") as progress:
        progress.report(1, 2)
    assert (client.tokens, client.sent) == ([], [])


async def test_long_work_has_one_line_that_ends() -> None:
    client = Client()
    async with work_done(client).progress("Indexing shop") as progress:
        progress.report(1, 10, "1 of 10 commits")
        await until(lambda: client.sent)
        await asyncio.to_thread(progress.report, 5, 10, "5 of 10 commits")
        await until(lambda: len(client.sent) == 2)
    begin, report, end = client.sent
    assert (begin.title, begin.cancellable, begin.message, begin.percentage) == (
        "Indexing shop", True, "1 of 10 commits", 10,
    )  # fmt: skip
    assert (report.message, report.percentage) == ("5 of 10 commits", 50)
    assert (end.kind, end.message) == ("end", "5 of 10 commits")


async def test_a_line_ends_with_work_that_fails() -> None:
    client = Client()
    with pytest.raises(ZeroDivisionError):
        async with work_done(client).progress("Indexing"):
            await until(lambda: client.sent)
            raise ZeroDivisionError
    assert client.kinds == ["begin", "end"]


async def test_a_cancel_reaches_the_producer() -> None:
    client = Client()
    shown = work_done(client)

    def produce(progress: Progress) -> int:
        done = 0
        while not progress.cancelled.wait(0.001):
            done += 1
            progress.report(done, None, f"{done} commits")
        return done

    async with shown.progress("Indexing") as progress:
        work = asyncio.ensure_future(asyncio.to_thread(produce, progress))
        await until(lambda: client.sent)
        shown.cancel(types.WorkDoneProgressCancelParams("another one"))
        assert not progress.cancelled.is_set()
        shown.cancel(types.WorkDoneProgressCancelParams(client.tokens[0]))
        assert await work >= 0
    assert client.kinds[0] == "begin" and client.kinds[-1] == "end"
    assert client.sent[-1].message == "cancelled"
    shown.cancel(types.WorkDoneProgressCancelParams(client.tokens[0]))


@pytest.mark.parametrize("client_without", [lambda: Client(types.ClientCapabilities()), lambda: Client(refuses=True)])
async def test_a_client_that_shows_no_progress_is_sent_none(client_without: Any) -> None:
    client = client_without()
    async with work_done(client).progress("Indexing") as progress:
        await asyncio.sleep(0.05)
        progress.report(1, 2)
    assert client.sent == []


async def test_work_that_ends_before_the_client_has_answered_shows_nothing() -> None:
    client = Client()
    client.answer.clear()
    async with work_done(client).progress("Indexing"):
        await until(lambda: client.tokens)
    client.answer.set()
    await asyncio.sleep(0.05)
    assert client.sent == []


def test_a_percentage_never_goes_back() -> None:
    progress = Progress()
    shown = []
    for done, total in ((0, None), (5, 10), (3, 10), (30, 20), (1, 0)):
        progress.report(done, total)
        shown.append(progress.state[1])
    assert shown == [None, 50, 50, 100, 100]


def test_a_cancel_for_nothing_is_passed_over(wire: Wire) -> None:
    wire.initialize()
    wire.notify("window/workDoneProgress/cancel", {"token": "never given"})
    assert wire.error("no/such")["code"] == -32601
    assert wire.end() == 0
    assert wire.errors == b""
