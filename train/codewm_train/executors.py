"""Where jobs run: in processes of this machine, or on the workers of a Ray cluster.

Both run the same functions on the same items and hand back what they return; at most a few items wait at a time, so
that items may come from a stream of any length.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Protocol, TypeVar

from codewm_model.errors import CodewmError, DependencyError

Item = TypeVar("Item")
Result = TypeVar("Result")
_WAITING = 2  # items that are handed out for each worker: the one it has and the next


class Executor(Protocol):
    """Runs a function, which must be a module's own, on items by several workers."""

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Each item's result, as it is done.

        Raises:
            CodewmError: a worker was killed, or there are none. An error of the function comes as it was raised.
        """
        ...


class LocalPool:
    """Processes of this machine, which end when this one does; `workers` 0: one for each core."""

    def __init__(self, workers: int = 0) -> None:
        self._workers = workers or os.cpu_count() or 1

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """As the protocol says."""
        spawn = get_context("spawn")
        with ProcessPoolExecutor(self._workers, mp_context=spawn, initializer=_end_with_parent) as pool:

            def first_done(running: Collection[Future[Result]]) -> list[Future[Result]]:
                return list(wait(running, return_when=FIRST_COMPLETED).done)

            try:
                for done in _as_done(
                    items, lambda item: pool.submit(function, item), first_done, self._workers * _WAITING
                ):
                    yield done.result()
            except BrokenProcessPool as error:
                raise CodewmError("a worker was killed (too little memory?): run it again with fewer --jobs") from error
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


class RayCluster:
    """The workers of a Ray cluster: of a running one by its address, or with "local" of one that is made for the run.

    Workers on other machines need this package, and the same paths that the items name. `workers` bounds how many are
    used at once; 0: as many as the cluster has cores.
    """

    def __init__(self, address: str, workers: int = 0) -> None:
        self._address, self._workers = address, workers

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """As the protocol says. Raises DependencyError without Ray."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
        try:
            ray = importlib.import_module("ray")
        except ImportError as error:
            raise DependencyError("Ray is not installed: pip install 'codewm-lsp[ray]'") from error
        local = self._address == "local"
        try:
            _reach(self._address)
            ray.init(
                address=self._address,
                num_cpus=(self._workers or None) if local else None,
                include_dashboard=False if local else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise CodewmError(f"no Ray cluster at {self._address}: {error}") from error
        try:
            cores: dict[str, float] = ray.cluster_resources()
            most = self._workers or max(1, int(cores.get("CPU", 1)))
            remote = ray.remote(num_cpus=1, max_retries=0)(function)

            def first_done(running: Collection[Any]) -> list[Any]:
                return list(ray.wait(list(running), num_returns=1)[0])

            for done in _as_done(items, remote.remote, first_done, most if self._workers else most * _WAITING):
                result = ray.get(done)
                yield result
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None  # Ray's own is a traceback in one string
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as error:
            raise CodewmError("a Ray worker was killed (too little memory?): run it again with fewer --jobs") from error
        finally:
            ray.shutdown()


def _reach(address: str) -> None:
    """Raise OSError where nothing answers at `host:port`; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _as_done(
    items: Iterable[Item],
    submit: Callable[[Item], Any],
    first_done: Callable[[Collection[Any]], list[Any]],
    most: int,
) -> Iterator[Any]:
    """Handles of submitted items as they are done; never more than `most` are running or waiting."""
    running: set[Any] = set()
    for item in items:
        running.add(submit(item))
        if len(running) >= most:
            done = first_done(running)
            running -= set(done)
            yield from done
    while running:
        done = first_done(running)
        running -= set(done)
        yield from done


def _end_with_parent() -> None:
    """A worker whose parent is killed would wait for work for ever, and write beside the run that comes after."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()
