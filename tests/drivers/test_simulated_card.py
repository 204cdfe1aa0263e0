"""The simulated card against time: late programs, scripted faults, clocks, and the plant behind the terminals."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from hgx_drivers.errors import CardDisconnected, CardStateError, InputOverflow, OutputUnderflow, RangeError, ReadTimeout
from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import (
    ChainSettings,
    Clock,
    Disconnect,
    FastClock,
    Fault,
    NanSamples,
    Overflow,
    Plant,
    RealTimeClock,
    ScriptedClock,
    SimulatedCard,
    Stall,
    Underflow,
)
from hgx_drivers.simulated._ring import SampleRing
from hgx_drivers.simulated.devices import LinearDevice, SmoothDevice

RATE_HZ = 1000.0
IDEAL = ChainSettings.ideal(gain_volts_per_ampere=1.0)


def make(clock: Clock, *faults: Fault, buffers: tuple[int, int] = (2000, 2000), written: int = 1000) -> SimulatedCard:
    """A started card with two outputs, whose input reads ao0 + 10 ao1."""
    card = SimulatedCard(Plant(LinearDevice([1.0, 10.0]), IDEAL), clock, faults=faults)
    card.configure(stream(*buffers))
    card.write(ramp(written))
    card.start()
    return card


def stream(output: int = 2000, input_: int = 2000, *terminals: str) -> StreamSettings:
    return StreamSettings(
        outputs=tuple(OutputChannel(t, t) for t in terminals or ("ao0", "ao1")),
        inputs=(InputChannel("I", "ai0"),),
        rate_hz=RATE_HZ,
        output_buffer_samples=output,
        input_buffer_samples=input_,
    )


def ramp(n: int, start: int = 0) -> np.ndarray:
    index = np.arange(start, start + n)
    return np.stack([1e-3 * index, np.zeros(n)])


def read(card: SimulatedCard, n: int, timeout_seconds: float = 100.0) -> np.ndarray:
    out = np.empty((1, n))
    card.read(out, timeout_seconds=timeout_seconds)
    return out[0]


class TestLateness:
    def test_a_paced_stream_runs_dry_while_nobody_looks(self) -> None:
        clock = ScriptedClock()
        card = make(clock, written=500)
        clock.advance(500)
        assert card.samples_generated == 500
        clock.advance(1)
        with pytest.raises(OutputUnderflow, match="no sample 500") as caught:
            card.write(ramp(10))
        assert caught.value.sample == 500
        assert card.levels()[0] == pytest.approx(0.499)

    def test_a_read_that_comes_back_too_late_meets_the_underflow(self) -> None:
        card = make(ScriptedClock(lateness=[0, 800]), written=500)
        assert read(card, 200)[-1] == pytest.approx(0.199)
        with pytest.raises(OutputUnderflow):
            read(card, 200)

    def test_a_read_beyond_what_is_written_ends_when_the_output_does(self) -> None:
        clock = ScriptedClock()
        card = make(clock, written=500)
        with pytest.raises(OutputUnderflow):
            read(card, 900)
        assert clock.due(0) == 501

    def test_unread_input_overflows_where_the_buffer_ends(self) -> None:
        clock = ScriptedClock()
        card = make(clock, buffers=(2000, 300))
        read(card, 100)
        clock.advance(300)
        assert read(card, 100)[0] == pytest.approx(0.1)
        clock.advance(301)
        for _ in range(2):
            with pytest.raises(InputOverflow, match="300 samples was full when sample 500 came") as caught:
                read(card, 10)
        assert caught.value.sample == 500
        assert card.samples_generated == 500

    def test_a_read_larger_than_the_input_buffer_is_refused(self) -> None:
        card = make(FastClock(), buffers=(2000, 300))
        with pytest.raises(RangeError, match=r"301 samples .* buffer of 300"):
            read(card, 301)

    def test_a_timeout_says_how_many_came_and_loses_none(self) -> None:
        card = make(ScriptedClock())
        with pytest.raises(ReadTimeout, match=r"50 of 100 samples arrived within 0\.05 s") as caught:
            read(card, 100, timeout_seconds=0.05)
        assert caught.value.arrived == 50
        assert np.allclose(read(card, 100), ramp(100)[0])

    def test_no_time_at_all_is_enough_for_what_is_there(self) -> None:
        clock = ScriptedClock()
        card = make(clock)
        clock.advance(100)
        assert np.allclose(read(card, 100, timeout_seconds=0.0), ramp(100)[0])
        with pytest.raises(ReadTimeout):
            read(card, 1, timeout_seconds=0.0)


class TestFaults:
    def test_underflow(self) -> None:
        card = make(FastClock(), Underflow(150))
        read(card, 150)
        with pytest.raises(OutputUnderflow) as caught:
            read(card, 1)
        assert caught.value.sample == 150
        card.stop()
        card.write(ramp(300))
        card.start()
        assert len(read(card, 300)) == 300

    def test_overflow(self) -> None:
        card = make(FastClock(), Overflow(150))
        with pytest.raises(InputOverflow) as caught:
            read(card, 200)
        assert caught.value.sample == 150

    def test_a_disconnected_card_never_answers_again(self) -> None:
        card = make(ScriptedClock(), Disconnect(150))
        with pytest.raises(CardDisconnected, match="since sample 150"):
            read(card, 200)
        for call in (lambda: card.write(ramp(5)), card.stop, card.start, lambda: card.configure(stream())):
            with pytest.raises(CardDisconnected):
                call()
        assert np.isnan(card.levels()).all()
        card.close()
        card.close()

    def test_nan(self) -> None:
        card = make(FastClock(), NanSamples(95, 10))
        samples = np.concatenate([read(card, 100), read(card, 100)])
        assert np.array_equal(np.flatnonzero(np.isnan(samples)), np.arange(95, 105))

    @pytest.mark.parametrize("clock", [FastClock(), ScriptedClock()])
    def test_a_stall_times_out_as_often_as_it_says(self, clock: Clock) -> None:
        card = make(clock, Stall(130, reads=2), buffers=(2000, 2000))
        read(card, 100)
        for _ in range(2):
            with pytest.raises(ReadTimeout) as caught:
                read(card, 100, timeout_seconds=0.2)
            assert caught.value.arrived == 30
        assert np.allclose(read(card, 100), ramp(100, 100)[0])

    def test_a_stalled_read_still_meets_the_underflow(self) -> None:
        card = make(ScriptedClock(), Stall(130))
        with pytest.raises(OutputUnderflow):
            read(card, 200, timeout_seconds=100.0)

    def test_faults_count_over_the_life_of_the_card(self) -> None:
        card = make(FastClock(), Underflow(150))
        read(card, 100)
        card.stop()
        card.write(ramp(300))
        card.start()
        with pytest.raises(OutputUnderflow) as caught:
            read(card, 100)
        assert caught.value.sample == 50


class TestPlantBehindTheTerminals:
    def test_it_powers_up_at_rest(self) -> None:
        plant = Plant(LinearDevice([1.0, 10.0]), IDEAL, rest_volts=np.array([0.1, -0.2]))
        card = SimulatedCard(plant, FastClock())
        assert np.array_equal(card.levels(), [0.1, -0.2])
        assert card.samples_generated == 0

    def test_channels_may_be_some_of_the_terminals_in_any_order(self) -> None:
        plant = Plant(LinearDevice([1.0, 10.0]), IDEAL, rest_volts=np.array([0.0, 0.3]))
        card = SimulatedCard(plant, FastClock())
        card.configure(stream(100, 100, "Dev1/ao0"))
        card.write(np.full((1, 5), 0.25))
        card.start()
        assert np.allclose(read(card, 5), 0.25 + 3.0)
        card.stop()
        card.configure(stream(100, 100, "ao1", "ao0"))
        assert np.array_equal(card.levels(), [0.3, 0.25])
        card.write(np.array([[0.1], [0.2]]))
        card.start()
        assert read(card, 1)[0] == pytest.approx(0.2 + 1.0)

    def test_the_plant_goes_on_through_a_stop(self) -> None:
        def card() -> SimulatedCard:
            card = SimulatedCard(Plant(SmoothDevice(3, 2), ChainSettings(), seed=5), FastClock())
            card.configure(stream(6000, 6000))
            return card

        volts = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 5000))
        whole = card()
        whole.write(volts)
        whole.start()
        expected = read(whole, 5000)
        broken = card()
        pieces = []
        for begin in range(0, 5000, 1250):
            broken.write(np.ascontiguousarray(volts[:, begin : begin + 1250]))
            broken.start()
            pieces.append(read(broken, 1250))
            broken.stop()
            broken.configure(stream(6000, 6000))
        assert np.array_equal(np.concatenate(pieces), expected)

    @pytest.mark.parametrize("clock", [FastClock(), ScriptedClock()])
    def test_the_clock_and_the_pattern_of_calls_leave_the_samples_as_they_are(self, clock: Clock) -> None:
        volts = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 8000))
        plant = Plant(SmoothDevice(3, 2), ChainSettings(delay_samples=2.3), seed=5)
        plant.configure(RATE_HZ)
        expected = plant.process(volts)[0]
        card = SimulatedCard(Plant(SmoothDevice(3, 2), ChainSettings(delay_samples=2.3), seed=5), clock)
        card.configure(stream(1700, 1700))
        rng = np.random.default_rng(1)
        card.write(np.ascontiguousarray(volts[:, :1000]))
        card.start()
        written, pieces = 1000, []
        while written < 8000:
            count = min(int(rng.integers(1, 700)), 8000 - written)
            card.write(np.ascontiguousarray(volts[:, written : written + count]))
            written += count
            pieces.append(read(card, count))
        back = np.concatenate(pieces)
        assert np.array_equal(back, expected[: len(back)])


class TestClocks:
    def test_real_time_follows_its_source_and_sleeps_no_longer_than_needed(self) -> None:
        now, slept = [100.0], []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            now[0] += seconds

        card = make(RealTimeClock(lambda: now[0], sleep))
        assert card.paced
        assert np.allclose(read(card, 250), ramp(250)[0])
        assert slept == [pytest.approx(0.2505)]
        now[0] += 0.5
        read(card, 250)
        assert len(slept) == 1
        assert card.samples_generated == 750

    def test_real_time_is_the_wall_clock_by_default(self) -> None:
        card = make(RealTimeClock(), written=2000)
        begin = time.monotonic()
        read(card, 20)
        assert time.monotonic() - begin >= 0.02
        card.close()

    def test_a_stop_from_another_thread_ends_a_waiting_read(self) -> None:
        waiting, go_on = threading.Event(), threading.Event()

        def sleep(seconds: float) -> None:
            del seconds
            waiting.set()
            go_on.wait(5.0)

        card = make(RealTimeClock(lambda: 0.0, sleep))
        errors: list[Exception] = []

        def reader() -> None:
            try:
                read(card, 10)
            except CardStateError as error:
                errors.append(error)

        thread = threading.Thread(target=reader)
        thread.start()
        waiting.wait(5.0)
        card.stop()
        go_on.set()
        thread.join(5.0)
        assert "stopped during a read" in str(errors[0])


def test_a_ring_is_a_queue(rng: np.random.Generator) -> None:
    ring, queue = SampleRing(2, 37), np.empty((2, 0))
    for _ in range(400):
        new = rng.standard_normal((2, int(rng.integers(0, ring.free + 1))))
        ring.push(new)
        queue = np.concatenate([queue, new], axis=1)
        count = int(rng.integers(0, ring.filled + 1))
        if rng.random() < 0.5:
            out = np.empty((2, count))
            ring.pop_into(out)
        else:
            out = np.concatenate([np.empty((2, 0)), *(view.copy() for view in ring.pop_views(count))], axis=1)
        assert np.array_equal(out, queue[:, :count])
        queue = queue[:, count:]
        assert ring.filled == queue.shape[1]
        assert ring.free == 37 - ring.filled
