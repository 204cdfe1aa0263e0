"""A stream on the ideal bench: exact readings, exact lead, exact latency, and every event once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hgx_drivers.simulated.devices import SmoothDevice
from hgx_lab.acquisition import Block, EventKind, Message, PlacedSegment, Reading, Segment, Stream
from hgx_lab.errors import AcquisitionError, GuardRefusal
from hgx_lab.signals import Demodulator
from tests.support.rig import BINS, CONDUCTANCES, NOISE_BINS, PERIOD, events_of, make_rig, readings_until, segment

DC = ((0.3, -0.2, 0.5), (-0.6, 0.4, 0.1), (0.0, 0.9, -0.7))


def phases(start: int, count: int) -> np.ndarray:
    """Sines of the three tones by their formula, (tones, count)."""
    n = np.arange(start, start + count)
    return np.sin(2 * np.pi * np.array([m * n % PERIOD for m in BINS]) / PERIOD)


@pytest.mark.parametrize("delay", [0, 7, 45])
@pytest.mark.parametrize(("block", "lead"), [(1, 1), (40, 75), (130, 3), (64, 640)])
def test_readings_of_a_linear_device_are_exact(delay: int, block: int, lead: int) -> None:
    rig = make_rig(block=block, lead=lead, delay=delay)
    heard: list[Message] = []
    with rig.stream() as stream:
        # No settling: one sample of the wrong alignment would show.
        placed = [stream.append(segment(dc, settle=0, periods=p)) for dc, p in zip(DC, (1, 2, 3), strict=True)]
        readings = readings_until(stream, 3, heard)
    for reading, at, dc in zip(readings, placed, DC, strict=True):
        assert reading.placed is at
        assert reading.window.window.start == at.window_start + delay
        assert reading.window.window.periods == at.segment.periods
        np.testing.assert_allclose(reading.window.mean, [np.dot(CONDUCTANCES, dc)], rtol=0, atol=1e-21)
        turned = 0.02 * np.array(CONDUCTANCES) * np.exp(-2j * np.pi * np.array(BINS) * delay / PERIOD)
        np.testing.assert_allclose(reading.window.phasor[0], turned, rtol=0, atol=1e-21)
        assert not reading.overload
    rig.assert_at_rest()
    rig.assert_safe()


def test_without_the_delay_the_same_readings_are_wrong() -> None:
    rig = make_rig(delay=7)
    object.__setattr__(rig.plan, "delay_samples", 0)
    with rig.stream() as stream:
        stream.append(segment(DC[0], settle=0, periods=1))
        reading = readings_until(stream, 1, [])[0]
    assert abs(reading.window.mean[0] - np.dot(CONDUCTANCES, DC[0])) > 1e-11


def test_readings_of_a_smooth_device_are_its_integrals() -> None:
    device = SmoothDevice(4, 3)
    rig = make_rig(device, demodulator=Demodulator(BINS, PERIOD, 1))
    with rig.stream() as stream:
        placed = [stream.append(segment(dc, 0.1)) for dc in DC]
        readings = readings_until(stream, 3, [])
    for reading, at, dc in zip(readings, placed, DC, strict=True):
        sines = phases(at.window_start, 2 * PERIOD)
        current = device.current(np.array(dc)[:, None] + 0.1 * sines)[0]
        assert reading.window.mean[0] == pytest.approx(current.mean(), abs=1e-20)
        np.testing.assert_allclose(reading.window.phasor[0].real, sines @ current / PERIOD, rtol=1e-9, atol=1e-20)
        assert reading.window.minimum[0] == pytest.approx(current.min(), abs=1e-18)
        assert reading.window.maximum[0] == pytest.approx(current.max(), abs=1e-18)


def test_the_derivative_is_that_of_the_device_in_the_limit_of_small_amplitudes() -> None:
    device = SmoothDevice(4, 3)
    exact = device.jacobian(np.array(DC[0])[:, None])[0, :, 0]
    errors = []
    for amplitude in (0.04, 0.02, 0.01, 1e-5):
        rig = make_rig(device, demodulator=Demodulator(BINS, PERIOD, 1))
        with rig.stream() as stream:
            stream.append(segment(DC[0], amplitude))
            reading = readings_until(stream, 1, [])[0]
        errors.append(np.abs(reading.window.phasor[0].real / amplitude - exact).max())
    # The bias is of third order: it falls with the square of the amplitude.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)
    assert errors[3] < 1e-6 * np.abs(exact).max()


@pytest.mark.parametrize(("block", "lead"), [(1, 1), (40, 75), (130, 3), (64, 640), (200, 200)])
def test_the_lead_is_kept_at_every_moment(block: int, lead: int) -> None:
    rig = make_rig(block=block, lead=lead, delay=5)
    with rig.stream() as stream:
        for dc in DC * 3:
            stream.append(segment(dc))
            readings_until(stream, 1, [])
    assert min(rig.card.leads) == lead
    assert max(rig.card.leads) == lead + block
    assert rig.card.streams == 1


@pytest.mark.parametrize(("block", "lead"), [(1, 1), (40, 75), (130, 3), (64, 640)])
def test_an_update_that_waits_for_its_reading_takes_effect_one_lead_later(block: int, lead: int) -> None:
    rig = make_rig(block=block, lead=lead, delay=9)
    heard: list[Message] = []
    with rig.stream() as stream:
        placed = stream.append(segment(DC[0], awaits_reading=True))
        for dc in DC:
            reading = readings_until(stream, 1, heard)[0]
            following = stream.append(segment(dc, awaits_reading=True))
            # Nothing of the answer was decided before its question had been heard out.
            assert reading.read_until >= placed.end + 9
            assert reading.read_until < placed.end + 9 + block
            assert following.start == max(reading.read_until + lead, placed.end)
            placed = following
        readings_until(stream, 1, heard)
    assert not events_of(heard, EventKind.LATE_UPDATE)
    assert [type(e.sample) for e in events_of(heard, EventKind.STARTED)] == [int]


def test_a_schedule_that_runs_dry_unexpectedly_is_one_late_update() -> None:
    rig = make_rig()
    heard: list[Message] = []
    with rig.stream() as stream:
        first = stream.append(segment(DC[0]))
        readings_until(stream, 1, heard)
        second = stream.append(segment(DC[1]))
        readings_until(stream, 1, heard)
    late = events_of(heard, EventKind.LATE_UPDATE)
    assert [event.sample for event in late] == [first.end, second.end]
    assert all(int(event.data["held_samples"]) > 0 for event in late)
    # What was scheduled too late starts where the hold ended, and was measured right all the same.
    assert second.start > first.end


def test_a_schedule_that_never_runs_dry_has_no_late_update() -> None:
    rig = make_rig()
    heard: list[Message] = []
    with rig.stream() as stream:
        placed = [stream.append(segment(dc)) for dc in DC]
        stream.append(segment(DC[0], periods=8, awaits_reading=True))
        readings_until(stream, 4, heard)
    assert not events_of(heard, EventKind.LATE_UPDATE)
    assert [p.start for p in placed] == [0, placed[0].end, placed[1].end]


def test_the_first_segment_begins_at_sample_zero_whoever_is_faster() -> None:
    """The acquisition and its consumer start together; who comes first must not show."""
    starts = []
    for consumer_first in (True, False):
        rig = make_rig()
        stream = rig.stream()
        if consumer_first:
            with stream._exchange.condition:
                stream.__enter__()
                placed = stream.append(segment(DC[0]))
        else:
            stream.__enter__()
            stream._thread.join(0.05)  # all the time that the acquisition could want
            placed = stream.append(segment(DC[0]))
        readings_until(stream, 1, [])
        stream.stop()
        starts.append(placed.start)
    assert starts == [0, 0]


def test_an_overload_is_one_event_an_excursion() -> None:
    # e0 at 0.9 V: 27 nA; the read-out clips at 20 nA.
    rig = make_rig(clip=0.2, block=10)
    heard: list[Message] = []
    with rig.stream() as stream:
        for volts in (0.1, 0.9, 0.5, -0.9, 0.2):
            stream.append(segment((volts, 0, 0), 0.0, periods=1))
        readings = readings_until(stream, 5, heard)
    assert [r.overload for r in readings] == [False, True, False, True, False]
    events = events_of(heard, EventKind.OVERLOAD)
    assert len(events) == 2
    for event, reading in zip(events, (readings[1], readings[3]), strict=True):
        assert reading.placed.start <= event.sample < reading.placed.plateau
        assert event.data["peak_amperes"] == pytest.approx(20e-9)


def test_the_tone_counts_for_the_overload() -> None:
    rig = make_rig(clip=0.2)
    with rig.stream() as stream:
        stream.append(segment((0.6, 0, 0), 0.0))
        stream.append(segment((0.6, 0, 0), 0.1))
        calm, loud = readings_until(stream, 2, [])
    assert not calm.overload
    assert loud.overload


def test_raw_blocks_are_contiguous_and_the_current_of_what_was_played() -> None:
    rig = make_rig(delay=3, keep_blocks=True)
    heard: list[Message] = []
    with rig.stream() as stream:
        for dc in DC:
            stream.append(segment(dc))
        readings_until(stream, 3, heard)
    blocks = [m for m in heard + stream.leftovers() if isinstance(m, Block)]
    assert [b.start for b in blocks] == list(range(0, 40 * len(blocks), 40))
    current = np.concatenate([b.current for b in blocks], axis=1)
    volts = rig.card.history[:, 1:]
    expected = np.array(CONDUCTANCES) @ np.pad(volts, ((0, 0), (3, 0)))
    np.testing.assert_allclose(current[0], expected[: current.shape[1]], rtol=0, atol=1e-20)


def test_without_being_asked_no_blocks_are_kept() -> None:
    rig = make_rig()
    heard: list[Message] = []
    with rig.stream() as stream:
        stream.append(segment(DC[0]))
        readings_until(stream, 1, heard)
    assert not any(isinstance(m, Block) for m in heard + stream.leftovers())


def test_segments_are_reported_in_order_without_gaps() -> None:
    rig = make_rig()
    heard: list[Message] = []
    with rig.stream() as stream:
        appended = [stream.append(segment(dc, awaits_reading=dc is DC[-1])) for dc in DC]
        readings_until(stream, 3, heard)
        appended.append(stream.append(segment(DC[0])))
        readings_until(stream, 1, heard)
    heard += stream.leftovers()
    reported = [m for m in heard if isinstance(m, PlacedSegment)]
    assert [p for p in reported if p in appended] == appended
    assert [p.index for p in reported] == sorted(p.index for p in reported)
    ramp = next(i for i, p in enumerate(reported) if p.segment.label == "rest")
    for before, after in pairwise(reported[:ramp]):
        assert before.end == after.start
    # Its samples are what the converters saw.
    volts = rig.card.history[:, 1:]
    for placed in appended:
        sines = phases(placed.plateau, placed.end - placed.plateau)
        np.testing.assert_allclose(
            volts[:, placed.plateau : placed.end], placed.segment.dc[:, None] + 0.02 * sines, rtol=0, atol=1e-12
        )
    # A segment has begun before its reading comes.
    for placed in appended:
        reading = next(i for i, m in enumerate(heard) if isinstance(m, Reading) and m.placed is placed)
        assert heard.index(placed) < reading


def test_a_refused_segment_schedules_nothing_and_the_stream_goes_on() -> None:
    rig = make_rig()
    with rig.stream() as stream:
        stream.append(segment(DC[0]))
        with pytest.raises(GuardRefusal, match="e1 would reach"):
            stream.append(segment((0, 1.0, 0)))
        following = stream.append(segment(DC[1]))
        readings = readings_until(stream, 2, [])
    assert following.start == readings[0].placed.end
    rig.assert_safe()


@pytest.mark.parametrize("electrode_of_tone", [(0, 1, 2), (0, 0, 2)])
def test_slopes_that_fit_a_slew_limit_exactly_are_played(electrode_of_tone: tuple[int, ...]) -> None:
    """DC and tones change together, and the slew limit is that of the slope and the tones, with nothing to spare."""
    amplitude, slope = np.array([0.02, 0.03, 0.02]), 90.0
    slews = 2 * np.pi * np.array(BINS) * 100 * amplitude
    slew = slope + np.bincount(electrode_of_tone, slews).max()
    rig = make_rig(slew=slew, rest_slope=slope, electrode_of_tone=electrode_of_tone)
    moves = [(DC[0], 1.0), (DC[1], 1.0), (DC[1], 0.0), (DC[2], 0.7), (DC[2], 1.0), (DC[0], 0.0)]
    heard: list[Message] = []
    with rig.stream() as stream:
        for dc, share in moves:
            length = stream.slope_to(np.array(dc), share * amplitude, slope)
            stream.append(Segment(np.array(dc), share * amplitude, length, 10, 1))
        readings_until(stream, len(moves), heard)
    rig.assert_safe()
    rig.assert_at_rest()


def test_a_crossfade_of_tones_on_one_electrode_is_as_fast_as_its_faster_end() -> None:
    first, second = np.array([0.0, 0.08, 0.0]), np.array([0.05, 0.0, 0.05])
    ends = 2 * np.pi * 100 * max(11 * 0.08, (7 + 13) * 0.05)
    rig = make_rig(slew=ends + 26, rest_slope=20.0, electrode_of_tone=(1, 1, 1))
    with rig.stream() as stream:
        for amplitude in (first, second, first):
            stream.append(Segment(np.zeros(3), amplitude, stream.slope_to(np.zeros(3), amplitude, 25.0), 0, 1))
        readings_until(stream, 3, [])
    rig.assert_safe()
    rig.assert_at_rest()


def test_the_first_move_is_from_where_the_card_stands() -> None:
    """Two streams on one card: the second starts from the rest of the first, which isn't zero."""
    rig = make_rig(rest=(0.3, -0.2, 0.1), rest_slope=200.0)
    for dc in DC[:2]:
        rig.demodulator = Demodulator(BINS, PERIOD, 1, noise_bins=NOISE_BINS)
        with rig.stream() as stream:
            stream.append(segment(dc))
            readings_until(stream, 1, [])
        rig.assert_at_rest()
    rig.assert_safe()
    assert rig.card.streams == 2


def test_after_the_stop_nothing_can_be_scheduled_and_nothing_comes() -> None:
    rig = make_rig()
    with rig.stream() as stream:
        stream.append(segment(DC[0]))
        readings_until(stream, 1, [])
    stream.stop()
    with pytest.raises(AcquisitionError):
        stream.append(segment(DC[1]))
    stream.leftovers()
    with pytest.raises(AcquisitionError, match="stopped"):
        stream.next()
    assert stream.fault is None


def test_a_stream_that_nobody_listens_to_ends_at_rest() -> None:
    rig = make_rig(rest=(0.5, 0.5, 0.5))
    with rig.stream() as stream:
        assert isinstance(stream, Stream)
    rig.assert_at_rest()
    assert events_of(stream.leftovers(), EventKind.AT_REST)
