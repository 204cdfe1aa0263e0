"""What tells a process to go, in this process: which signals, which not, and that all is as before afterwards."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.acquisition import EventKind
from hgx_lab.experiments import ENDING_SIGNALS, Interrupts, RunInterrupted
from tests.support.runs import Heard, make_run, run_to_its_end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU"]
OTHERS = ["SIGALRM", "SIGUSR1", "SIGUSR2"]
RAMP, STARTED = EventKind.RAMP, EventKind.STARTED


@pytest.fixture(autouse=True)
def as_before() -> Any:
    """A test that fails leaves no handler behind; one that passes mustn't have changed any either."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    after = {number: signal.getsignal(number) for number in signal.valid_signals()}
    for number, handler in before.items():
        if after[number] is not handler:
            signal.signal(number, handler)
    assert after == before


def raising(*names: str, at: EventKind | str) -> Heard:
    """An audience that sends signals to its own process, once: at "began", at an "iteration", or at an event."""
    audience, left = Heard(), list(names)

    def send(what: Any) -> None:
        while left and (not isinstance(at, EventKind) or what.kind is at):
            os.kill(os.getpid(), getattr(signal, left.pop(0)))

    audience.on["event" if isinstance(at, EventKind) else at] = send
    return audience


def test_the_list_is_complete() -> None:
    assert [number.name for number in ENDING_SIGNALS] == ENDING


@pytest.mark.parametrize("at", ["began", STARTED, "iteration", RAMP], ids=["start-up", "stream", "iteration", "ramp"])
@pytest.mark.parametrize("name", ENDING)
def test_each_ends_a_run_at_rest(
    name: str, at: EventKind | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=raising(name, at=at))
    ended.assert_safe()
    ended.assert_at_rest()
    with ended.record() as record:
        if at is RAMP:
            # Everything was measured when it came.
            assert (record.status, ended.error) == ("completed", None)
            return
        assert record.status == "interrupted"
        assert name in record.reason
    assert isinstance(ended.error, RunInterrupted)
    assert ended.error.exit_code == 128 + getattr(signal, name)


@pytest.mark.parametrize("second", ENDING)
def test_a_second_one_doesnt_cut_the_ramp_short(second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audience = raising("SIGTERM", at="iteration")
    again = raising(second, second, at=RAMP)
    audience.on["event"] = again.on["event"]
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=audience)
    ended.assert_at_rest()
    with ended.record() as record:
        assert (record.status, record.reason) == ("interrupted", "Stopped by SIGTERM.")


@pytest.mark.parametrize("name", ENDING)
def test_one_that_was_ignored_stays_ignored(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_IGN)
    try:
        audience = raising(name, at="iteration")
        ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=audience)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
    assert ended.error is None
    assert len(audience.of("iteration")) == 4
    ended.assert_at_rest()


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_left_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number, got = getattr(signal, name), list[int]()
    before = signal.signal(number, lambda number, _: got.append(number))
    try:
        audience = raising(name, at="iteration")
        ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=audience)
    finally:
        signal.signal(number, before)
    assert got == [number]
    assert ended.error is None
    assert len(audience.of("iteration")) == 4


def test_a_handler_that_python_didnt_set_doesnt_disturb(monkeypatch: pytest.MonkeyPatch) -> None:
    """``getsignal`` knows no such handler, and ``signal`` doesn't take what it says of it."""
    known: Callable[[int], Any] = signal.getsignal
    before = {number: known(number) for number in ENDING_SIGNALS}
    monkeypatch.setattr(signal, "getsignal", lambda n: None if n == signal.SIGXCPU else known(n))
    interrupts = Interrupts()
    with interrupts.signals():
        os.kill(os.getpid(), signal.SIGXCPU)
        with pytest.raises(RunInterrupted, match="SIGXCPU"):
            interrupts.check()
    monkeypatch.undo()
    assert {number: known(number) for number in ENDING_SIGNALS} == before


def test_another_thread_leaves_signals_as_they_are() -> None:
    def look() -> None:
        with Interrupts().signals():
            found.append([signal.getsignal(number) for number in ENDING_SIGNALS])

    found: list[Any] = []
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [[signal.getsignal(number) for number in ENDING_SIGNALS]]
