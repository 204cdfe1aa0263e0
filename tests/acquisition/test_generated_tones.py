"""Tones of a generator in a stream: electrodes see the schedule, the guard sees both, and every end silences them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import DriverError, OutputUnderflow
from hgx_drivers.simulated import RealTimeClock, Underflow
from hgx_lab.acquisition import Event, EventKind, GuardedOutput, Message, Reading, Segment, Stream, VoltageGuard
from hgx_lab.errors import GuardRefusal
from tests.acquisition.test_guard import Converters, limits
from tests.support.rig import BINS, PERIOD, RATE, Rig, make_rig, readings_until
from tests.support.spy import assert_safe

GIVEN = np.array([0.05, 0.0, 0.03])


class Generator:
    """Gives the first and the third tone; ``calls`` are what was asked of it."""

    def __init__(self, *, fails_at: str = "") -> None:
        self.amplitudes = GIVEN
        self.calls: list[str] = []
        self.notes: list[str] = []
        self.changed: list[str] = []
        self.fails_at = fails_at

    def arm(self) -> Sequence[str]:
        self._call("arm")
        return self.changed

    def started(self) -> Sequence[str]:
        self._call("started")
        return ()

    def rest(self) -> Sequence[str]:
        self._call("rest")
        return self.notes

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.fails_at:
            raise DriverError(f"e0: can't {name}.", remedy="Look at it.")


def stream(rig: Rig, generator: Generator) -> Stream:
    return Stream(rig.card, rig.guard, rig.bank, rig.demodulator, rig.plan, generated=generator)


def segment(dc: float, amplitude: np.ndarray, **more: Any) -> Segment:
    return Segment(np.full(3, dc), amplitude, slope=200, settle=50, periods=3, awaits_reading=True, **more)


def kinds(messages: Sequence[Message]) -> list[EventKind]:
    return [m.kind for m in messages if isinstance(m, Event)]


def test_the_sum_is_what_was_scheduled_and_both_are_safe() -> None:
    rig, generator = make_rig(), Generator()
    wanted = np.array([0.05, 0.02, 0.03])
    with stream(rig, generator) as running:
        loud = running.append(segment(0.3, wanted))
        silent = running.append(segment(-0.2, np.zeros(3)))
        readings_until(running, 2, [])
    own = np.concatenate(rig.card.written, axis=1)[:, : silent.end]
    n = np.arange(own.shape[1])
    sines = np.sin(2 * np.pi * (np.array(BINS)[:, None] * n % PERIOD) / PERIOD)
    total = own + GIVEN[:, None] * sines
    low, high, slew = np.full(3, -1.0), np.full(3, 1.0), np.full(3, 5000.0)
    for volts in (own, total):
        assert_safe(np.concatenate([np.zeros((3, 1)), volts], axis=1), low, high, slew, RATE)
    here, there = slice(loud.plateau, loud.end), slice(silent.plateau, silent.end)
    assert np.allclose(total[:, here], 0.3 + wanted[:, None] * sines[:, here], atol=1e-12)
    assert np.allclose(own[[0, 2], here], 0.3, atol=1e-12)
    assert np.allclose(total[:, there], -0.2, atol=1e-12)
    # Before the first segment's tones have faded in the electrodes are silent as well.
    assert np.all(np.abs(total[:, :3]) < 0.01)
    assert generator.calls == ["arm", "started", "rest"]
    rig.assert_at_rest()
    rig.assert_safe()


# With a tone the sum is outside; without one, what the card writes to take the generator's away: as it is, and where
# the card breaks down in the moment of its peak and the generator goes on.
@pytest.mark.parametrize(("amplitude", "outside", "inside"), [(0.05, 0.97, 0.94), (0.0, 0.97, 0.89), (0.0, 0.94, 0.89)])
def test_a_segment_is_refused_that_would_be_outside_with_or_without_the_generator(
    amplitude: float, outside: float, inside: float
) -> None:
    rig = make_rig()
    with stream(rig, Generator()) as running:
        with pytest.raises(GuardRefusal, match="e0 would reach"):
            running.append(segment(outside, np.array([amplitude, 0.0, 0.0])))
        running.append(segment(inside, np.array([amplitude, 0.0, 0.0])))
    rig.assert_at_rest()


@pytest.mark.parametrize("sample", [705, 709, 713, 718, 722])
def test_a_card_that_breaks_down_holds_volts_to_which_the_generator_can_be_added(sample: int) -> None:
    """What an underflow freezes is a sample of any phase; the generator plays on until it has been faded."""
    rig, held = make_rig(faults=[Underflow(sample)]), []

    class Watched(Generator):
        def rest(self) -> Sequence[str]:
            held.append(rig.card.levels())
            return super().rest()

    with pytest.raises(OutputUnderflow), stream(rig, Watched()) as running:
        for dc in (0.949, 0.899):
            with suppress(GuardRefusal):
                running.append(Segment(np.full(3, dc), np.zeros(3), slope=400, settle=50, periods=9))
                break
        readings_until(running, 1, [])
    assert np.all(held[0] > 0.8)
    assert np.all(np.abs(held[0]) + GIVEN <= 1.0 + 1e-9)


def test_a_generator_faster_than_its_electrode_may_move_is_refused() -> None:
    """Half of its tone is wanted, so that neither the sum nor the card's share moves fast: it alone does."""
    rig = make_rig(slew=250.0)  # 2 pi 700 Hz 50 mV are 220 V/s, 2 pi 1300 Hz 50 mV 408 V/s
    generator = Generator()
    generator.amplitudes = np.array([0.0, 0.0, 0.05])
    with stream(rig, generator) as running, pytest.raises(GuardRefusal, match="e2 would move"):
        running.append(Segment(np.zeros(3), np.array([0.0, 0.0, 0.025]), slope=2000, periods=1))
    rig.assert_at_rest()


def test_a_sample_is_refused_for_the_sum_and_for_the_share() -> None:
    card: Any = Converters([0.9, 0.0, 0.0])
    output = GuardedOutput(card, VoltageGuard(limits(slew=5000.0), RATE))
    own, added = np.zeros((3, 4)), np.zeros((3, 4))
    own[0], added[0, 2] = 0.9, 0.15
    with pytest.raises(GuardRefusal, match=r"e0 at sample 2 would get 1.05 V"):
        output.write(own, added)
    own[0, 2], added[0, 2] = 1.05, -0.15
    with pytest.raises(GuardRefusal, match=r"e0 at sample 2 would get 1.05 V"):
        output.write(own, added)
    own[0, 2], added[0] = 0.9, 0.05
    output.write(own, added)
    with pytest.raises(GuardRefusal, match=r"e0 in the block from sample 4 could get 1.02 V"):
        output.write(own[:, :1] + np.array([[0.07], [0], [0]]), np.zeros((3, 1)), np.array([0.05, 0, 0]))
    with pytest.raises(GuardRefusal, match="jump"):  # the sum's last sample is remembered too
        output.write(own[:, :1] - np.array([[0.3], [0], [0]]), added[:, :1] - np.array([[0.3], [0], [0]]))
    assert output.written == 4


@pytest.mark.parametrize("silent", [False, True])
def test_on_the_way_to_rest_the_card_fades_its_share_and_takes_up_no_more(silent: bool) -> None:
    rig = make_rig()
    with stream(rig, Generator()) as running:
        last = running.append(segment(0.3, np.zeros(3) if silent else GIVEN))
        readings_until(running, 1, [])
    own = rig.card.history[0, 1 + last.plateau :]
    # The card alone moves at most by its own tone and the slope to rest: 2 pi 700 Hz 50 mV, and 500 V/s.
    tone = 2 * np.pi * 700.0 * GIVEN[0] if silent else 0.0
    assert np.max(np.abs(np.diff(own))) <= (tone + 500.0) / RATE + 1e-9
    assert own[-1] == pytest.approx(0.0, abs=1e-9)
    if not silent:
        assert np.all(np.diff(own) <= 1e-12)


def test_an_error_of_the_consumer_silences_the_generator() -> None:
    rig, generator = make_rig(), Generator()
    with pytest.raises(KeyError), stream(rig, generator) as running:
        running.append(segment(0.3, GIVEN))
        raise KeyError
    assert generator.calls[-1] == "rest"
    rig.assert_at_rest()
    rig.assert_safe()


def test_a_card_that_runs_dry_silences_the_generator_and_goes_to_rest() -> None:
    rig, generator = make_rig(faults=[Underflow(500)]), Generator()
    with pytest.raises(OutputUnderflow), stream(rig, generator) as running:
        running.append(segment(0.3, GIVEN))
        readings_until(running, 2, [])
    assert generator.calls == ["arm", "started", "rest"]
    rig.assert_at_rest()


@pytest.mark.parametrize("where", ["arm", "started", "rest"])
def test_a_generator_that_fails_does_not_keep_the_card_from_rest(where: str) -> None:
    rig, generator = make_rig(), Generator(fails_at=where)
    running, heard = stream(rig, generator), list[Message]()
    # A measurement that is complete isn't the end to tell when an output may still be on.
    with pytest.raises(DriverError, match=f"can't {where}"), running:
        running.append(segment(0.3, GIVEN))
        readings_until(running, 1, heard)
    assert isinstance(running.fault, DriverError)
    assert running.fault.remedy
    assert generator.calls == [call for call in ("arm", "started", "rest") if (where, call) != ("arm", "started")]
    assert any(isinstance(m, Reading) for m in heard) == (where == "rest")
    rig.assert_at_rest()
    rig.assert_safe()
    found = kinds([*heard, *running.leftovers()])
    assert (EventKind.NOT_AT_REST in found) == (where == "rest")
    assert found[-1] == EventKind.AT_REST


@pytest.mark.parametrize("paced", [False, True])
def test_no_reading_counts_before_the_generator_was_seen_to_start(paced: bool) -> None:
    """In real time the card streams on while the instrument is asked, and the readings wait."""
    # In real time the lead is long enough for a machine that is busy with something else.
    rig = (
        make_rig(clock=RealTimeClock(), lead=10_000, output_buffer=20_000, input_buffer=50_000) if paced else make_rig()
    )
    asked, answer = threading.Event(), threading.Event()

    class Slow(Generator):
        def started(self) -> Sequence[str]:
            asked.set()
            if paced:
                assert answer.wait(30.0)
            return ["It was triggered."]

    generator, heard = Slow(), list[Message]()
    generator.changed = ["c: polarity was INV."]
    with stream(rig, generator) as running:
        first = running.append(segment(0.3, GIVEN))
        if paced:
            assert asked.wait(30.0)
            # The window has long been read and demodulated when the answer comes.
            while running.samples < first.end + 200:
                time.sleep(0.005)
            answer.set()
        readings_until(running, 1, heard)
    events = [m for m in heard if isinstance(m, Event) and m.kind is EventKind.GENERATOR]
    assert ["polarity was INV" in e.message for e in events] == [True, False]
    assert events[1].message == "It was triggered."
    assert heard.index(events[1]) < next(i for i, m in enumerate(heard) if isinstance(m, Reading))
    rig.assert_at_rest()


def test_what_did_not_go_as_it_should_is_told_though_all_outputs_are_off() -> None:
    rig, generator = make_rig(), Generator()
    generator.notes.append("c was switched off at once.")
    with stream(rig, generator) as running:
        running.append(segment(0.3, GIVEN))
        readings_until(running, 1, [])
    events = [m for m in running.leftovers() if isinstance(m, Event)]
    assert any(e.kind is EventKind.GENERATOR and "c was switched off at once." in e.message for e in events)
    assert running.fault is None
    assert EventKind.NOT_AT_REST not in kinds(events)


def test_a_machine_without_a_thread_to_spare_silences_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    rig, generator = make_rig(), Generator()
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "hgx-generators":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with stream(rig, generator) as running:
        running.append(segment(0.3, GIVEN))
        readings_until(running, 1, [])
    assert generator.calls == ["arm", "started", "rest"]
    rig.assert_at_rest()
    rig.assert_safe()
