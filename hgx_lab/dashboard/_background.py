"""Work that would freeze the windows, done beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyqtgraph.Qt import QtCore

__all__ = ["Background"]


class _Signals(QtCore.QObject):
    done = QtCore.Signal(int, object, object)


class _Job(QtCore.QRunnable):
    def __init__(self, number: int, work: Callable[[], Any], signals: _Signals) -> None:
        super().__init__()
        self._number, self._work, self._signals = number, work, signals

    def run(self) -> None:
        """Do the work in a thread of the pool; what goes wrong is told where the answer is wanted."""
        result: Any = None
        failure: Exception | None = None
        try:
            result = self._work()
        except Exception as error:  # noqa: BLE001 - handed over whole to the thread that asked
            failure = error
        self._signals.done.emit(self._number, result, failure)


class Background(QtCore.QObject):
    """One thread for the work of one widget, in order; only the newest of each topic is answered.

    Answers come in the thread of the windows. HDF5 wants one reader at a time, so one thread is also enough.
    """

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QtCore.QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._signals = _Signals(self)
        self._signals.done.connect(self._answer)
        self._closed = False
        self._number = 0
        self._newest: dict[str, int] = {}
        self._waiting: dict[int, tuple[str, Callable[[Any], None], Callable[[Exception], None]]] = {}
        self._jobs: dict[int, _Job] = {}

    def ask(
        self,
        topic: str,
        work: Callable[[], Any],
        answer: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Do ``work`` in the thread, then call ``answer`` or ``failed`` here, unless the topic was asked again."""
        if self._closed:
            return
        self._number += 1
        self._newest[topic] = self._number
        self._waiting[self._number] = (topic, answer, failed)
        job = _Job(self._number, work, self._signals)
        job.setAutoDelete(False)
        self._jobs[self._number] = job
        self._pool.start(job)

    def forget(self, topic: str) -> None:
        """Answer nothing that was asked of a topic so far."""
        self._newest[topic] = -1

    @property
    def busy(self) -> bool:
        """Whether something hasn't been answered yet."""
        return bool(self._waiting)

    def _answer(self, number: int, result: Any, failure: Exception | None) -> None:
        topic, answer, failed = self._waiting.pop(number)
        self._jobs.pop(number)
        if self._newest[topic] != number:
            return
        if failure is None:
            answer(result)
        else:
            failed(failure)

    def close(self) -> None:
        """Forget what hasn't begun, and wait for what has; nothing is done from then on. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._signals.done.disconnect()
        self._pool.clear()
        self._pool.waitForDone()
        self._waiting.clear()
        self._jobs.clear()
