"""Closing the console, logging off and shutting down on Windows: by a fake in place of the system's one function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.acquisition import EventKind
from hgx_lab.errors import AcquisitionError
from hgx_lab.experiments import Interrupts, RunInterrupted, _console_events
from hgx_lab.records import RecordWriter
from tests.support.runs import Heard, make_run, run_to_its_end

C, BREAK, CLOSE, LOGOFF, SHUTDOWN = 0, 1, 2, 5, 6


class Windows:
    """``kernel32``, and a system that sends events: each handler in a thread of its own, the latest first.

    As the system does, it counts the process as ended when a handler returns true.
    """

    def __init__(self) -> None:
        self.handlers: list[Callable[[int], int]] = []
        self.answer = 1
        self.ended = threading.Event()
        self.threads: list[threading.Thread] = []

        def set_handler(routine: Any, add: bool) -> int:
            if self.answer:
                (self.handlers.append if add else self.handlers.remove)(routine)
            return self.answer

        # Not a method: a plain function takes argtypes and restype as those of ctypes do.
        self.SetConsoleCtrlHandler = set_handler

    def send(self, event: int) -> threading.Thread:
        def call() -> None:
            if any(handler(event) for handler in reversed(list(self.handlers))):
                self.ended.set()

        thread = threading.Thread(target=call)
        self.threads.append(thread)
        thread.start()
        return thread


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    fake = Windows()
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setattr(_console_events, "_kernel32", lambda: fake)
    monkeypatch.setattr(_console_events, "_last_error", lambda: 87)
    return fake


@pytest.mark.parametrize("at", [EventKind.STARTED, "iteration"])
@pytest.mark.parametrize(("event", "reason"), [(CLOSE, "closed console"), (LOGOFF, "log-off"), (SHUTDOWN, "shutdown")])
def test_each_ends_a_run_at_rest_before_windows_ends_the_process(
    windows: Windows, event: int, reason: str, at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audience = Heard()
    too_early: list[bool] = []

    def send(what: Any) -> None:
        if not windows.threads and (at == "iteration" or what.kind is at):
            windows.send(event)

    audience.on["event" if isinstance(at, EventKind) else "iteration"] = send
    # It is asked at the last moment of the run: the outputs are at rest then, and the record says how it ended.
    audience.on["ended"] = lambda _: windows.threads[0].join(5.0)
    close = RecordWriter.close

    def looked_at(*arguments: Any, **more: Any) -> None:
        too_early.append(windows.ended.is_set())
        close(*arguments, **more)

    monkeypatch.setattr(RecordWriter, "close", looked_at)
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=audience)
    ended.assert_at_rest()
    assert too_early == [False]
    assert windows.ended.is_set()
    assert not windows.handlers
    assert isinstance(ended.error, RunInterrupted)
    assert ended.error.exit_code == 143
    with ended.record() as record:
        assert record.status == "interrupted"
        assert reason in record.reason


@pytest.mark.parametrize("event", [C, BREAK])
def test_ctrl_c_and_ctrl_break_are_left_to_their_signals(windows: Windows, event: int) -> None:
    interrupts = Interrupts()
    with interrupts.signals():
        windows.send(event).join()
        interrupts.check()
    assert not windows.ended.is_set()


def test_an_event_in_a_run_within_a_run_waits_for_the_inner_one(windows: Windows) -> None:
    """The runs of a reproduction are such: the outer one has no outputs of its own."""
    interrupts = Interrupts()
    with interrupts.signals():
        with interrupts.signals():
            assert len(windows.handlers) == 2
            thread = windows.send(CLOSE)
            while not interrupts.finishing:
                thread.join(0.01)
            assert thread.is_alive()
            with pytest.raises(RunInterrupted):
                interrupts.check()
        thread.join()
    assert windows.ended.is_set()


def test_windows_that_takes_no_handler_is_an_error_before_anything_moves(
    windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows.answer = 0
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch)
    assert isinstance(ended.error, AcquisitionError)
    assert "error 87" in str(ended.error)
    assert not ended.cards


def test_the_routine_is_what_the_system_wants(windows: Windows) -> None:
    """A C function of one unsigned 32-bit integer that returns a BOOL; the fake above calls it as such."""
    with Interrupts().signals():
        (routine,) = windows.handlers
        assert isinstance(routine, _console_events._Routine)
        assert routine.restype.__name__ == "c_long" or routine.restype.__name__ == "c_int"
        assert windows.SetConsoleCtrlHandler.argtypes[0] is _console_events._Routine


def test_elsewhere_nothing_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AssertionError("asked")

    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(_console_events, "_kernel32", fail)
    with Interrupts().signals():
        pass
