"""The guard of the other tests can fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyqtgraph.Qt import QtCore

from tests.dashboard.leaks import Leaks


@pytest.fixture
def leaks(nothing_left_behind: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leaks]:
    made = Leaks(monkeypatch)
    yield made
    made.end()


def test_a_timer_that_runs_is_found_with_its_line_and_one_that_is_stopped_or_gone_is_not(leaks: Leaks) -> None:
    running, stopped, parent = QtCore.QTimer(), QtCore.QTimer(), QtCore.QObject()
    gone = QtCore.QTimer(parent)
    for timer in (running, stopped, gone):
        timer.start(60_000)
    stopped.stop()
    parent.deleteLater()
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    (words,) = leaks.found()
    assert "QTimer" in words
    assert "running, stopped, parent = QtCore.QTimer()" in words


def test_a_timer_of_a_widget_that_was_only_hidden_is_found(leaks: Leaks) -> None:
    parent = QtCore.QObject()
    timer = QtCore.QTimer(parent)
    timer.start(60_000)
    del timer
    assert len(leaks.found()) == 1


def test_a_thread_that_runs_is_found_and_ended(leaks: Leaks) -> None:
    thread = QtCore.QThread()
    thread.start()
    (words,) = leaks.found()
    assert "QThread" in words
    leaks.end()
    assert thread.isFinished()
    assert leaks.found() == []


def test_work_in_a_pool_is_found_until_it_is_done(leaks: Leaks) -> None:
    goes_on = QtCore.QSemaphore()

    class Job(QtCore.QRunnable):
        def run(self) -> None:
            goes_on.acquire()

    pool, job = QtCore.QThreadPool(), Job()
    job.setAutoDelete(False)
    pool.start(job)
    try:
        (words,) = leaks.found()
        assert "QThreadPool" in words
    finally:
        goes_on.release()
        pool.waitForDone()
    assert leaks.found() == []
