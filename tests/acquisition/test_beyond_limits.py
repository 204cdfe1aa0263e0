"""An electrode that is found beyond its limits holds or comes in, at the rest slope, and goes out again never."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgx_drivers.interface import OutputChannel
from hgx_drivers.simulated import Overflow, Underflow
from hgx_lab.acquisition import (
    ElectrodeLimits,
    EventKind,
    GuardedOutput,
    Message,
    Player,
    Schedule,
    Segment,
    VoltageGuard,
)
from hgx_lab.errors import GuardRefusal
from hgx_lab.signals import ToneBank
from tests.acquisition.test_guard import Converters
from tests.support.rig import BINS, PERIOD, RATE, events_of, make_rig, readings_until, segment

LOW, HIGH = -1.0, 1.0
SLEW, REST_SLOPE = 500.0, 40.0


def guard(rest_slope: float = REST_SLOPE, slew: float = SLEW) -> VoltageGuard:
    return VoltageGuard([ElectrodeLimits(f"e{i}", LOW, HIGH, slew) for i in range(3)], RATE, rest_slope=rest_slope)


def assert_comes_in(
    history: np.ndarray, *, low: float = LOW, high: float = HIGH, slew: float, rest_slope: float
) -> None:
    """Beyond a limit nothing moves outwards or faster than the rest slope; inside, limits and slew hold."""
    before, after = history[:, :-1], history[:, 1:]
    above, below = before > high + 2e-9, before < low - 2e-9
    assert np.all(after[above] <= before[above])
    assert np.all(after[above] >= low - 2e-9)
    assert np.all(after[below] >= before[below])
    assert np.all(after[below] <= high + 2e-9)
    inside = ~(above | below)
    assert np.all((after[inside] >= low - 2e-9) & (after[inside] <= high + 2e-9))
    step = np.abs(after - before)
    assert np.all(step[~inside] <= min(slew, rest_slope) / RATE + 2e-9)
    assert np.all(step <= slew / RATE + 2e-9)


START = st.one_of(st.floats(-3.0, 3.0), st.sampled_from([LOW, HIGH, np.nextafter(HIGH, 2) + 1e-9, 1.002, -1.0 - 1e-8]))
STARTS = st.lists(START, min_size=3, max_size=3)


@settings(max_examples=300, deadline=None)
@given(start=STARTS, data=st.data())
def test_whatever_is_written_from_anywhere_no_sample_goes_further_out(start: list[float], data: st.DataObject) -> None:
    """Random walks with jumps: the guard alone decides what passes."""
    card: Any = Converters(start)
    output = GuardedOutput(card, guard())
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    for _ in range(data.draw(st.integers(1, 12))):
        length = int(rng.integers(1, 40))
        # Mostly towards 0 V and slowly enough, now and then anything.
        pace = rng.choice([0.0, 0.3, 1.0, 1.0, 1.01, 8.0, 12.6]) * REST_SLOPE / RATE
        way = -np.sign(output.last) if rng.random() < 0.8 else rng.choice([-1.0, 1.0], 3)
        wobble = rng.choice([0.0, 0.0, 0.0, 1e-10, 1e-4]) * rng.standard_normal((3, length))
        samples = output.last[:, None] + way[:, None] * pace * np.arange(1, length + 1) + wobble
        written = len(card.samples)
        try:
            output.write(samples)
        except GuardRefusal:
            assert len(card.samples) == written
    assert_comes_in(np.concatenate(card.samples, axis=1), slew=SLEW, rest_slope=REST_SLOPE)


@settings(max_examples=200, deadline=None)
@given(
    start=STARTS,
    plans=st.lists(
        st.builds(
            Segment,
            dc=st.lists(st.floats(-2.5, 2.5), min_size=3, max_size=3).map(np.array),
            amplitude=st.lists(st.sampled_from([0.0, 0.0, 0.002]), min_size=3, max_size=3).map(np.array),
            slope=st.integers(0, 2000),
            settle=st.integers(0, 50),
        ),
        min_size=1,
        max_size=6,
    ),
    cuts=st.lists(st.integers(1, 97), min_size=1, max_size=5),
)
def test_what_is_admitted_is_never_refused_later(start: list[float], plans: list[Segment], cuts: list[int]) -> None:
    limit = guard()
    card: Any = Converters(start)
    output = GuardedOutput(card, limit)
    schedule = Schedule(output.last, 3, PERIOD)
    player = Player(schedule, ToneBank(BINS, PERIOD), (0, 1, 2))
    rest = Segment(np.zeros(3), np.zeros(3), slope=round(3.0 / REST_SLOPE * RATE) + 1)
    for plan in [*plans, Segment(schedule.last.segment.dc, np.zeros(3), slope=10), rest]:
        # A plan whose tones are on before it, or that moves in steps that the rest slope forbids, is refused here.
        try:
            limit.admit(plan, schedule.last, electrode_of_tone=(0, 1, 2), tones_hz=np.array(BINS) * RATE / PERIOD)
        except GuardRefusal:
            continue
        schedule.append(plan)
    schedule.hold(7)
    position, turn = 0, 0
    while position < schedule.end:
        block = np.empty((3, min(cuts[turn % len(cuts)], schedule.end - position)))
        player.render(position, block)
        output.write(block)
        position, turn = position + block.shape[1], turn + 1
    assert_comes_in(np.concatenate(card.samples, axis=1), slew=SLEW, rest_slope=REST_SLOPE)


@pytest.mark.parametrize("side", [1, -1])
def test_beyond_a_limit_the_rest_slope_is_the_fastest(side: int) -> None:
    card: Any = Converters([side * 1.5, 0.0, 0.0])
    output = GuardedOutput(card, guard())
    step = REST_SLOPE / RATE
    output.write(np.array([[side * (1.5 - step)], [0.0], [0.0]]))
    with pytest.raises(GuardRefusal, match=r"e0 at sample 1 .*beyond its limits it may come in at 40 V/s") as caught:
        output.write(np.array([[side * (1.5 - 2.01 * step)], [0.0], [0.0]]))
    assert "hgx rest" in caught.value.remedy
    # An electrode that is inside may use its whole slew meanwhile.
    output.write(np.array([[side * (1.5 - step)], [SLEW / RATE], [0.0]]))


@pytest.mark.parametrize("side", [1, -1])
def test_outwards_is_refused_by_half_a_nanovolt(side: int) -> None:
    card: Any = Converters([side * 1.5, 0.0, 0.0])
    output = GuardedOutput(card, guard())
    with pytest.raises(
        GuardRefusal, match=r"e0 at sample 0 .*stands at (-)?1.5 V, beyond its limits .*hold or come in"
    ):
        output.write(np.array([[side * (1.5 + 5e-10)], [0.0], [0.0]]))
    output.write(np.array([[side * 1.5], [0.0], [0.0]]))


def test_once_inside_it_stays_inside() -> None:
    card: Any = Converters([1.002, 0.0, 0.0])
    output = GuardedOutput(card, guard())
    output.write(np.array([[1.001, 0.999, 0.998], [0.0] * 3, [0.0] * 3]))
    with pytest.raises(GuardRefusal, match=r"e0 at sample 3 would get 1.001 V .*limits are -1 V to 1 V"):
        output.write(np.array([[1.001], [0.0], [0.0]]))


def test_not_a_number_is_refused_on_the_way_in() -> None:
    card: Any = Converters([1.5, 0.0, 0.0])
    output = GuardedOutput(card, guard())
    for bad in (np.nan, np.inf, -np.inf):
        block = np.full((3, 5), [[1.5], [0.0], [0.0]])
        block[0, 2] = bad
        with pytest.raises(GuardRefusal, match="e0 at sample 2 "):
            output.write(block)
    assert len(card.samples) == 1


def test_an_electrode_beyond_its_limits_carries_no_tone() -> None:
    limit, schedule = guard(), Schedule(np.array([1.5, 0.0, 0.0]), 3, PERIOD)
    tones = np.array(BINS) * RATE / PERIOD

    def admit(dc: list[float], amplitude: list[float], slope: int) -> None:
        plan = Segment(np.array(dc), np.array(amplitude), slope=slope)
        limit.admit(plan, schedule.last, electrode_of_tone=(0, 1, 2), tones_hz=tones)

    with pytest.raises(GuardRefusal, match=r"e0 would go to 500 mV with tones of 2 mV. It stands at 1.5 V"):
        admit([0.5, 0, 0], [0.002, 0, 0], 5000)
    with pytest.raises(GuardRefusal, match=r"e0 would go to 1.6 V"):
        admit([1.6, 0, 0], [0, 0, 0], 5000)
    with pytest.raises(GuardRefusal, match=r"e0 would go to -1.1 V"):
        admit([-1.1, 0, 0], [0, 0, 0], 50000)
    with pytest.raises(GuardRefusal, match=r"e0 would move at 100 V/s .*beyond its limits at 40 V/s"):
        admit([0.5, 0, 0], [0, 0, 0], 100)
    # Part of the way, with tones on the others, and all of it.
    admit([1.2, 0, 0], [0, 0.002, 0.002], 100)
    admit([0.5, 0, 0], [0, 0.002, 0.002], 250)


def test_a_level_measured_just_beyond_the_converters_range_is_taken_as_its_edge() -> None:
    channels = [OutputChannel(f"e{i}", f"ao{i}", -1.0, 1.0) for i in range(3)]
    card: Any = Converters([1.004, -1.0, 0.2])
    np.testing.assert_array_equal(GuardedOutput(card, guard(), channels).last, [1.0, -1.0, 0.2])
    card = Converters([0.0, -3.0, 0.2])
    with pytest.raises(GuardRefusal, match=r"e1 \(ao1\) stands at -3 V, outside the range of its converter") as caught:
        GuardedOutput(card, guard(), channels)
    assert caught.value.remedy.startswith("Disconnect the device")


@pytest.mark.parametrize("levels", [(3.0, 0.0, -0.2), (1.002, -1.5, 0.0), (0.0, 0.0, -1.0 - 1e-6)])
@pytest.mark.parametrize("faults", [[], [Underflow(150)], [Overflow(3), Underflow(40)]])
def test_a_stream_that_begins_beyond_its_limits_ends_at_rest(levels: tuple[float, ...], faults: list[Any]) -> None:
    rig = make_rig(levels=levels, rest=(0.1, 0.0, -0.2), rest_slope=60.0, faults=faults)
    with (stream := rig.stream()):
        pass
    heard = stream.leftovers()
    rig.assert_at_rest()
    assert_comes_in(rig.card.history, slew=5000.0, rest_slope=60.0)
    assert len(events_of(heard, EventKind.AT_REST)) == 1
    assert not events_of(heard, EventKind.NOT_AT_REST)


def test_a_segment_that_would_come_in_too_fast_is_refused_and_the_end_is_at_rest() -> None:
    rig = make_rig(levels=(1.4, 0.0, 0.0), rest_slope=60.0)
    with pytest.raises(GuardRefusal, match="e0 would"), rig.stream() as stream:
        stream.append(segment((0.5, 0.0, 0.0)))
    rig.assert_at_rest()
    assert_comes_in(rig.card.history, slew=5000.0, rest_slope=60.0)


def test_a_stream_measures_once_it_has_come_in() -> None:
    rig = make_rig(levels=(1.4, 0.0, 0.0), rest_slope=60.0)
    heard: list[Message] = []
    with rig.stream() as stream:
        stream.append(segment((0.5, 0.0, 0.0), 0.0, slope=150, periods=0))
        stream.append(segment((0.5, 0.1, 0.0), 0.0, slope=60))
        (reading,) = readings_until(stream, 1, heard)
    assert reading.window.mean[0] == pytest.approx(30e-9 * 0.5 - 12e-9 * 0.1, rel=1e-9)
    rig.assert_at_rest()
    assert_comes_in(rig.card.history, slew=5000.0, rest_slope=60.0)
