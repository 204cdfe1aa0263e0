"""Processes that do one job after the other, and end at rest when the process that started them ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from hgx_lab.errors import HgxError
from hgx_lab.experiments import Interrupts

__all__ = ["Workers", "workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL_SECONDS = 0.05
#: What a terminal sends to all processes in it. The first process gets it too, and passes it on.
_OF_TERMINALS = ("SIGINT", "SIGHUP", "SIGQUIT", "SIGBREAK")


class Workers(Generic[Item, Result]):
    """What ``do(item, interrupts)`` makes of items in other processes, in the order in which it is done."""

    def __init__(
        self, pool: ProcessPoolExecutor, interrupts: Interrupts, do: Callable[[Item, Interrupts], Result]
    ) -> None:
        self._pool, self._interrupts = pool, interrupts
        self._do = do
        self._waiting: dict[Future[Result], Item] = {}

    def begin(self, items: list[Item]) -> None:
        """Let the items be done."""
        self._waiting |= {self._pool.submit(_in_worker, self._do, item): item for item in items}

    def results(self) -> Iterator[tuple[Item, Result]]:
        """Wait for the results.

        Raises
        ------
        RunInterrupted
            An end was asked for.
        HgxError
            A process was ended from outside.
        """
        while self._waiting:
            self._interrupts.check()
            ended, _ = wait(self._waiting, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in ended:
                item = self._waiting.pop(future)
                if future.cancelled():
                    continue
                try:
                    result = future.result()
                except BrokenProcessPool as error:
                    # What ended it may have been meant for all.
                    self._interrupts.check()
                    raise HgxError(
                        "A process of the runs was ended from outside; the rest of the runs is given up.",
                        remedy="Start it again; if memory ran out, with --jobs 1.",
                    ) from error
                yield item, result

    def drop(self) -> None:
        """Don't do what hasn't begun."""
        for future in self._waiting:
            future.cancel()


@contextmanager
def workers(
    processes: int, interrupts: Interrupts, do: Callable[[Item, Interrupts], Result]
) -> Iterator[Workers[Item, Result]]:
    """Start processes for the block. Whatever ends it early ends what they do, at rest, before the next statement.

    ``do`` gets interrupts of its own process, by which its run is ended. So is one whose first process is gone.
    """
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ours, ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(theirs,)) as pool:
        try:
            yield Workers(pool, interrupts, do)
        except BaseException:
            # The end of the pipe is all that the processes wait for.
            ours.close()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


# In the other processes.

_interrupts = Interrupts()
_at_work = threading.Lock()


def _begin(end: Connection[Any, Any]) -> None:
    for name in _OF_TERMINALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(end,), daemon=True).start()


def _end_with(end: Connection[Any, Any]) -> None:
    with suppress(EOFError, OSError):
        end.recv()
    _interrupts.request("the end of the process that asked for the run", 143)
    first = multiprocessing.parent_process()
    with _at_work:
        if first is None or not first.is_alive():
            # Nobody says that no more jobs will come.
            os._exit(143)


def _in_worker(do: Callable[[Item, Interrupts], Result], item: Item) -> Result:
    with _at_work:
        return do(item, _interrupts)
