"""Whatever goes wrong in the acquisition thread: the outputs go to rest, and the consumer hears why."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import (
    CardDisconnected,
    CardStateError,
    InputOverflow,
    OutputBufferFull,
    OutputUnderflow,
    ReadTimeout,
)
from hgx_drivers.simulated import Disconnect, NanSamples, Overflow, ScriptedClock, Stall, Underflow
from hgx_lab.acquisition import EventKind, Message, Stream
from hgx_lab.errors import AcquisitionError, GuardRefusal, SignalError
from hgx_lab.signals import Demodulator, ToneBank
from hgx_lab.signals.types import Window, WindowReading
from tests.support.rig import BINS, NOISE_BINS, PERIOD, Rig, events_of, make_rig, readings_until, segment

DC = (0.6, -0.7, 0.5)


def failing(inner: Any, method: str, call: int, error: BaseException) -> Any:
    """``inner``, with an exception at every call of one of its methods from the ``call``-th on."""
    genuine, calls = getattr(inner, method), count()

    def counting(*args: Any, **kwargs: Any) -> Any:
        if next(calls) >= call:
            raise error
        return genuine(*args, **kwargs)

    setattr(inner, method, counting)
    return inner


def play(rig: Rig, *, segments: int = 50) -> tuple[Stream, list[Message], BaseException | None]:
    """Play until something fails; the stream, everything it said, and what the consumer was told."""
    heard: list[Message] = []
    stream = rig.stream()
    error: BaseException | None = None
    try:
        with stream:
            for i in range(segments):
                stream.append(segment([v * (-1) ** i for v in DC], awaits_reading=i % 2 == 0))
                readings_until(stream, 1, heard)
    except Exception as failure:
        error = failure
    return stream, heard + stream.leftovers(), error


def assert_ended_at_rest(rig: Rig, messages: list[Message]) -> None:
    rig.assert_at_rest()
    rig.assert_safe()
    assert len(events_of(messages, EventKind.AT_REST)) == 1
    assert not events_of(messages, EventKind.NOT_AT_REST)
    ramp, rest = events_of(messages, EventKind.RAMP)[0], events_of(messages, EventKind.AT_REST)[0]
    assert messages.index(ramp) < messages.index(rest)


@pytest.mark.parametrize("rest", [(0.0, 0.0, 0.0), (0.4, -0.4, 0.9)])
@pytest.mark.parametrize("sample", [0, 1, 77, 115, 1000, 3210])
@pytest.mark.parametrize(
    ("fault", "kind", "error"),
    [
        (Underflow, EventKind.UNDERFLOW, OutputUnderflow),
        (Overflow, EventKind.OVERRUN, InputOverflow),
        (Stall, EventKind.FAULT, ReadTimeout),
        (NanSamples, EventKind.FAULT, AcquisitionError),
    ],
)
def test_a_fault_of_the_card_ends_at_rest(
    fault: Any, kind: EventKind, error: type[Exception], sample: int, rest: tuple[float, ...]
) -> None:
    rig = make_rig(faults=[fault(sample)], rest=rest)
    stream, messages, told = play(rig)
    assert isinstance(told, error)
    assert stream.fault is told
    [event] = events_of(messages, kind)
    assert type(told).__name__ in event.message
    assert str(told) in event.message
    assert_ended_at_rest(rig, messages)


@pytest.mark.parametrize("sample", [0, 115, 1000])
def test_a_disconnected_card_is_not_at_rest_and_says_so(sample: int) -> None:
    rig = make_rig(faults=[Disconnect(sample)])
    stream, messages, told = play(rig)
    assert isinstance(told, CardDisconnected)
    assert len(events_of(messages, EventKind.FAULT)) == 1
    [event] = events_of(messages, EventKind.NOT_AT_REST)
    assert "Disconnect the device" in event.message
    assert not events_of(messages, EventKind.AT_REST)
    assert not stream._thread.is_alive()
    rig.assert_safe()


@pytest.mark.parametrize("faults", [2, 5, 9])
def test_one_fault_after_the_other_still_ends_at_rest(faults: int) -> None:
    """Each stream on the way to rest breaks down too."""
    script = [(Underflow, Overflow)[i % 2](500 + 15 * i) for i in range(faults)]
    rig = make_rig(faults=script, rest_slope=20.0)
    _, messages, told = play(rig)
    assert isinstance(told, OutputUnderflow)
    assert_ended_at_rest(rig, messages)
    assert rig.card.streams == faults + 1


def test_a_card_that_stalls_for_long_ends_at_rest() -> None:
    rig = make_rig(faults=[Stall(500, reads=4)])
    _, messages, told = play(rig)
    assert isinstance(told, ReadTimeout)
    assert_ended_at_rest(rig, messages)


def test_a_card_that_never_answers_again_is_given_up() -> None:
    rig = make_rig(faults=[Stall(500, reads=10_000)])
    stream, messages, told = play(rig)
    assert isinstance(told, ReadTimeout)
    assert len(events_of(messages, EventKind.NOT_AT_REST)) == 1
    assert not stream._thread.is_alive()


@pytest.mark.parametrize("call", [0, 1, 5, 40])
@pytest.mark.parametrize("method", ["process", "expect"])
def test_an_exception_in_the_demodulator_ends_at_rest(method: str, call: int) -> None:
    inner = Demodulator(BINS, PERIOD, 1, noise_bins=NOISE_BINS)
    error = SignalError("injected")
    rig = make_rig(demodulator=failing(inner, method, call, error))
    stream, messages, told = play(rig)
    assert told is error
    assert stream.fault is error
    [event] = events_of(messages, EventKind.FAULT)
    assert event.message == "SignalError: injected"
    assert_ended_at_rest(rig, messages)
    # The stream that runs is taken to rest; no other one is needed.
    assert rig.card.streams == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("boom"), MemoryError(), RecursionError("deep")])
def test_an_exception_of_any_kind_ends_at_rest(error: Exception) -> None:
    inner = Demodulator(BINS, PERIOD, 1, noise_bins=NOISE_BINS)
    rig = make_rig(demodulator=failing(inner, "process", 10, error))
    _, messages, told = play(rig)
    assert told is error
    assert_ended_at_rest(rig, messages)


def test_code_that_exits_in_the_thread_of_the_acquisition_ends_at_rest() -> None:
    inner = Demodulator(BINS, PERIOD, 1, noise_bins=NOISE_BINS)
    rig = make_rig(demodulator=failing(inner, "process", 10, SystemExit(3)))
    heard: list[Message] = []
    stream = rig.stream()
    with pytest.raises(SystemExit), stream:
        stream.append(segment(DC, periods=9))
        readings_until(stream, 1, heard)
    assert_ended_at_rest(rig, heard + stream.leftovers())


def test_a_measurement_that_is_complete_ends_in_an_error_where_the_outputs_are_not_at_rest() -> None:
    rig = make_rig()
    stream = rig.stream()
    with pytest.raises(CardDisconnected), stream:
        stream.append(segment(DC, awaits_reading=True))
        readings_until(stream, 1, [])

        def gone(_: int) -> None:
            raise CardDisconnected("pulled")

        rig.card.before_read = gone
    assert len(events_of(stream.leftovers(), EventKind.NOT_AT_REST)) == 1


@pytest.mark.parametrize("call", [0, 3, 10])
def test_an_exception_in_the_synthesis_ends_at_rest(call: int) -> None:
    error = SignalError("no tones today")
    rig = make_rig(bank=failing(ToneBank(BINS, PERIOD), "add", call, error))
    _, messages, told = play(rig)
    assert told is error
    assert_ended_at_rest(rig, messages)


class Wild(ToneBank):
    """A tone bank that goes wild once, from some sample on: what only the check of every sample can stop."""

    def __init__(self, at: int, volts: float) -> None:
        super().__init__(BINS, PERIOD)
        self._at, self._volts, self._wild = at, volts, True

    def add(self, block: np.ndarray, start: int, *args: Any, **kwargs: Any) -> None:
        super().add(block, start, *args, **kwargs)
        if self._wild and start <= self._at < start + block.shape[1]:
            self._wild = False
            block[1, self._at - start :] += self._volts


@pytest.mark.parametrize("volts", [5.0, -0.6, np.nan, np.inf])
@pytest.mark.parametrize("at", [300, 777, 1500])
def test_a_bad_sample_is_refused_and_the_run_ends_at_rest(at: int, volts: float) -> None:
    rig = make_rig(bank=Wild(at, volts))
    _, messages, told = play(rig)
    assert isinstance(told, GuardRefusal)
    assert "e1 at sample" in str(told)
    assert len(events_of(messages, EventKind.FAULT)) == 1
    assert_ended_at_rest(rig, messages)
    assert not any(np.any(~np.isfinite(w)) for w in rig.card.written)


@pytest.mark.parametrize(
    "error",
    [OutputBufferFull("injected", free_samples=3), CardStateError("injected"), OSError("the bus is gone")],
)
def test_an_error_of_a_write_ends_at_rest(error: Exception) -> None:
    rig = make_rig()
    calls = iter(range(1000))

    def once(written: int) -> None:
        if next(calls) == 12:
            raise error

    rig.card.before_write = once
    _, messages, told = play(rig)
    assert told is error
    assert_ended_at_rest(rig, messages)


def test_a_card_that_does_not_start_is_left_at_rest() -> None:
    rig = make_rig()
    error = CardStateError("the clock line is taken")
    tries = iter([error])

    def refuse() -> None:
        for failure in tries:
            raise failure

    rig.card.before_start = refuse
    _, messages, told = play(rig)
    assert told is error
    assert not events_of(messages, EventKind.STARTED)
    assert_ended_at_rest(rig, messages)


def test_a_ramp_that_fails_is_tried_anew_and_the_consumers_stop_is_no_fault() -> None:
    rig = make_rig()
    stream = rig.stream()
    with stream:
        stream.append(segment(DC))
        readings_until(stream, 1, [])
        fail_next_read(rig, CardStateError("injected in the ramp"))
    messages = stream.leftovers()
    assert_ended_at_rest(rig, messages)
    assert any("injected in the ramp" in e.message for e in events_of(messages, EventKind.RAMP))
    assert rig.card.streams == 2


def fail_next_read(rig: Rig, error: Exception) -> None:
    def fail(read: int) -> None:
        rig.card.before_read = lambda read: None
        raise error

    rig.card.before_read = fail


@pytest.mark.parametrize("paced", [False, True])
def test_nothing_is_played_behind_the_ramp_to_rest(paced: bool) -> None:
    """The acquisition has failed and goes to rest while the consumer, who doesn't know yet, schedules on."""
    inner = Demodulator(BINS, PERIOD, 1, noise_bins=NOISE_BINS)
    rig = make_rig(
        demodulator=failing(inner, "process", 12, SignalError("injected")),
        clock=ScriptedClock() if paced else None,
        lead=600,  # so much that a segment behind the ramp would reach the converters
    )
    refused: list[BaseException] = []
    stream = rig.stream()

    def schedule_on(read: int) -> None:
        if stream.fault is not None and not refused:
            try:
                stream.append(segment(DC, slope=30, settle=2000))
            except Exception as error:
                refused.append(error)

    rig.card.before_read = schedule_on
    heard: list[Message] = []
    with pytest.raises(SignalError, match="injected"), stream:
        for _ in range(50):
            stream.append(segment(DC))
            readings_until(stream, 1, heard)
    assert refused == [stream.fault]
    assert_ended_at_rest(rig, heard + stream.leftovers())


@pytest.mark.parametrize("slew", [165.0, 200.0])
def test_the_ramp_of_a_run_close_to_its_slew_needs_no_second_stream(slew: float) -> None:
    """Tones of 163 V/s at most, and a rest slope that is allowed only without them."""
    rig = make_rig(slew=slew, rest_slope=slew)
    stream = rig.stream()
    with stream:
        stream.append(segment(DC, slope=4000))
        readings_until(stream, 1, [])
    messages = stream.leftovers()
    assert_ended_at_rest(rig, messages)
    assert rig.card.streams == 1
    assert len(events_of(messages, EventKind.RAMP)) == 1


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_stop_in_the_middle_of_anything_ends_at_rest(cut: int) -> None:
    """Stopped inside a slope with tones rising, on a plateau, before the first block."""
    rig = make_rig(block=25, lead=30)
    reads = iter(range(10_000))
    stream = rig.stream()

    def stop(read: int) -> None:
        if next(reads) == cut:
            stream._engine.stopping.set()

    rig.card.before_read = stop
    with stream:
        stream.append(segment(DC, 0.1, slope=150, periods=1))
        stream.append(segment([-v for v in DC], 0.05, slope=150, periods=50))
        with pytest.raises(AcquisitionError, match="stopped"):
            while True:
                stream.next()
    rig.assert_at_rest()
    rig.assert_safe()


def test_an_underflow_of_a_late_machine() -> None:
    """The machine comes back 200 samples too late from its eighth wait; the lead is 75."""
    rig = make_rig(clock=ScriptedClock([0] * 7 + [200]))
    _, messages, told = play(rig)
    assert isinstance(told, OutputUnderflow)
    assert len(events_of(messages, EventKind.UNDERFLOW)) == 1
    assert_ended_at_rest(rig, messages)


def test_an_overflow_of_a_late_machine() -> None:
    rig = make_rig(clock=ScriptedClock([0] * 7 + [200]), lead=600, input_buffer=120)
    _, messages, told = play(rig)
    assert isinstance(told, InputOverflow)
    assert len(events_of(messages, EventKind.OVERRUN)) == 1
    assert_ended_at_rest(rig, messages)


def test_a_machine_that_is_late_within_the_lead_goes_on() -> None:
    rig = make_rig(clock=ScriptedClock([0, 30, 70, 10] * 20))
    _, messages, told = play(rig, segments=10)
    assert told is None
    assert_ended_at_rest(rig, messages)


def test_a_machine_that_is_late_in_the_ramp_tries_again() -> None:
    rig = make_rig(clock=ScriptedClock([0] * 7 + [200, 0, 300, 0, 0, 400]))
    _, messages, told = play(rig)
    assert isinstance(told, OutputUnderflow)
    assert_ended_at_rest(rig, messages)


def test_a_machine_that_is_always_slower_than_the_lead_still_gets_to_rest() -> None:
    """Updates can't be that fast on this machine, but rest needs none: the output buffer is filled ahead."""
    rig = make_rig(clock=ScriptedClock([0] * 7 + [100] * 100_000), rest_slope=5.0)
    _, messages, told = play(rig)
    assert isinstance(told, OutputUnderflow)
    assert_ended_at_rest(rig, messages)
    assert rig.card.streams == 2


def test_an_interrupt_between_two_messages_ends_at_rest() -> None:
    class Stop(Exception):
        pass

    rig = make_rig()
    looks = iter(range(10_000))

    def interrupted() -> None:
        if next(looks) == 9:
            raise Stop

    rig.interrupted = interrupted
    _, messages, told = play(rig)
    assert isinstance(told, Stop)
    assert_ended_at_rest(rig, messages)


def test_outputs_whose_voltages_nobody_knows_are_not_moved() -> None:
    rig = make_rig()
    rig.card.levels = lambda: np.array([0.0, np.nan, 0.0])  # type: ignore[method-assign]
    with pytest.raises(GuardRefusal, match="doesn't know"):
        rig.stream()
    assert not rig.card.written


class Recording:
    """Readings of nothing: the acquisition hands over what a demodulator says, whatever it is."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def expect(self, window: Window) -> None:
        self.calls.append(("expect", window.start))

    def process(self, block: np.ndarray, start: int) -> list[WindowReading]:
        self.calls.append(("process", start))
        return []


def test_a_window_is_announced_before_its_first_sample_is_processed() -> None:
    demodulator = Recording()
    rig = make_rig(demodulator=demodulator, delay=30)
    stream = rig.stream()

    def watch(read: int) -> None:
        if read > 3000:
            stream._engine.stopping.set()

    rig.card.before_read = watch
    with stream:
        placed = [stream.append(segment(DC)) for _ in range(4)]
        with pytest.raises(AcquisitionError, match="stopped"):
            while True:
                stream.next()
    announced = {start: i for i, (what, start) in enumerate(demodulator.calls) if what == "expect"}
    assert list(announced) == [p.window_start + 30 for p in placed]
    for start, i in announced.items():
        processed = [at for what, at in demodulator.calls[:i] if what == "process"]
        assert not processed or processed[-1] + 40 <= start
