"""Work off the loop: in order, cancellable, and never what keeps a process alive."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from codewm_lsp.server.worker import Stop, Worker


async def test_work_runs_in_order_on_one_other_thread() -> None:
    worker = Worker("test")
    seen: list[tuple[int, int]] = []

    def work(number: int) -> int:
        seen.append((number, threading.get_ident()))
        return number

    results = await asyncio.gather(*(worker.run(lambda stop, n=n: work(n)) for n in range(20)))
    worker.close(1)
    assert results == [number for number, _ in seen] == list(range(20))
    assert {thread for _, thread in seen} != {threading.get_ident()}
    assert len({thread for _, thread in seen}) == 1


async def test_an_error_reaches_who_waits_and_not_the_next() -> None:
    worker = Worker("test")
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda stop: 1 // 0)
    assert await worker.run(lambda stop: 7) == 7
    worker.close(1)


async def test_cancelled_work_stops_at_its_next_step() -> None:
    worker = Worker("test")
    steps: list[float] = []

    def slow(stop: Stop) -> None:
        while True:
            stop.check()
            steps.append(time.monotonic())
            time.sleep(0.005)

    task = asyncio.ensure_future(worker.run(slow))
    while not steps:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(worker.run(lambda stop: "next"), 20) == "next"
    worker.close(1)


async def test_cancelled_work_that_waits_never_begins() -> None:
    worker = Worker("test")
    gate, begun = threading.Event(), threading.Event()
    first = asyncio.ensure_future(worker.run(lambda stop: gate.wait(10)))
    second = asyncio.ensure_future(worker.run(lambda stop: begun.set()))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await first
    assert await worker.run(lambda stop: "last") == "last"
    assert not begun.is_set()
    worker.close(1)


async def test_closing_waits_only_a_moment() -> None:
    worker = Worker("test")
    gate = threading.Event()
    task = asyncio.ensure_future(worker.run(lambda stop: gate.wait(30)))
    await asyncio.sleep(0.05)
    start = time.monotonic()
    worker.close(0.1)
    assert time.monotonic() - start < 20, "and not until the work ends, in 30 seconds"
    task.cancel()
    gate.set()


def test_a_worker_that_never_worked_can_be_closed() -> None:
    Worker("test").close(1)
