"""Whatever is scheduled, whenever it stops, whatever fails: no sample outside, no step too fast, rest at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgx_drivers.errors import DriverError
from hgx_drivers.simulated import Disconnect, NanSamples, Overflow, ScriptedClock, Stall, Underflow
from hgx_lab.acquisition import ElectrodeLimits, EventKind, Message, Reading, Segment, VoltageGuard
from hgx_lab.errors import AcquisitionError, GuardRefusal
from tests.support.rig import BINS, PERIOD, RATE, Rig, events_of, make_rig
from tests.support.spy import assert_safe

SAMPLES = st.integers(0, 2500)
FAULTS = st.one_of(
    st.builds(Underflow, SAMPLES),
    st.builds(Overflow, SAMPLES),
    st.builds(Disconnect, SAMPLES),
    st.builds(NanSamples, SAMPLES, st.integers(1, 50)),
    st.builds(Stall, SAMPLES, st.integers(1, 3)),
)


class UserError(Exception):
    """What the code of a user may raise."""


@st.composite
def limits(draw: st.DrawFn) -> tuple[list[ElectrodeLimits], list[float], float]:
    """Limits of three electrodes, rest voltages inside, and a rest slope that every one may have."""
    found, rest = [], []
    for i in range(3):
        low, high = draw(st.floats(-1.5, -0.05)), draw(st.floats(0.05, 1.5))
        found.append(ElectrodeLimits(f"e{i}", low, high, draw(st.floats(60, 4000))))
        rest.append(draw(st.floats(low, high)))
    slowest = min(e.slew_volts_per_second for e in found)
    return found, rest, slowest * draw(st.floats(0.2, 1.0))


@st.composite
def random_segments(draw: st.DrawFn) -> list[Segment]:
    """Segments as an experiment could ask for: many the guard takes, some it must refuse."""
    reach = draw(st.floats(0.05, 1.6))
    tone = draw(st.sampled_from([0.0, 0.005, 0.03, 0.2]))
    volts = st.lists(st.floats(-reach, reach), min_size=3, max_size=3).map(np.array)
    tones = st.lists(st.floats(0, tone), min_size=3, max_size=3).map(np.array)
    one = st.builds(
        Segment,
        dc=volts,
        amplitude=tones,
        slope=st.integers(0, 400),
        settle=st.integers(0, 60),
        periods=st.integers(0, 2),
        awaits_reading=st.booleans(),
    )
    return draw(st.lists(one, min_size=1, max_size=6))


def consume(rig: Rig, plans: list[Segment], burst: int, end: str, messages: int) -> tuple[list[Message], bool]:
    """Schedule the segments a burst at a time and end in some way; all messages, and whether the stream had failed."""
    left = iter(range(messages))
    heard: list[Message] = []

    def interrupted() -> None:
        if end == "interrupt" and next(left, None) is None:
            raise UserError

    rig.interrupted = interrupted
    stream = rig.stream()
    try:
        with stream:
            expected = 0
            for i, plan in enumerate(plans):
                try:
                    stream.append(plan)
                except GuardRefusal:
                    continue
                expected += plan.periods > 0
                if i % burst == 0:
                    while expected:
                        heard.append(message := stream.next())
                        expected -= isinstance(message, Reading)
                        if end == "raise" and next(left, None) is None:
                            raise UserError
            if end == "wait":
                while len(heard) < messages:
                    heard.append(stream.next())
    except (UserError, DriverError, AcquisitionError, GuardRefusal):
        pass
    return heard + stream.leftovers(), stream.fault is not None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    given_limits=limits(),
    plans=random_segments(),
    faults=st.lists(FAULTS, max_size=3),
    sizes=st.tuples(st.integers(1, 90), st.integers(1, 150), st.integers(0, 40)),
    burst=st.integers(1, 4),
    end=st.sampled_from(["finish", "interrupt", "raise"]),
    messages=st.integers(0, 40),
    lateness=st.one_of(st.none(), st.lists(st.integers(0, 60), max_size=40)),
)
def test_no_run_whatsoever_leaves_the_limits_or_ends_off_rest(
    given_limits: tuple[list[ElectrodeLimits], list[float], float],
    plans: list[Segment],
    faults: list[Any],
    sizes: tuple[int, int, int],
    burst: int,
    end: str,
    messages: int,
    lateness: list[int] | None,
) -> None:
    electrodes, rest, rest_slope = given_limits
    block, lead, delay = sizes
    rig = make_rig(
        clock=None if lateness is None else ScriptedClock(lateness),
        faults=faults,
        block=block,
        lead=lead,
        delay=delay,
        rest=rest,
        rest_slope=rest_slope,
        output_buffer=block + lead + 150,
        input_buffer=block + lead + 200,
    )
    rig.guard = VoltageGuard(electrodes, RATE)
    heard, _ = consume(rig, plans, burst, end, messages)
    rig.assert_safe()
    disconnected = not np.all(np.isfinite(rig.card.levels()))
    at_rest, not_at_rest = (events_of(heard, kind) for kind in (EventKind.AT_REST, EventKind.NOT_AT_REST))
    assert (len(at_rest), len(not_at_rest)) == ((0, 1) if disconnected else (1, 0))
    if not disconnected:
        rig.assert_at_rest()
    if disconnected:
        assert any(isinstance(fault, Disconnect) for fault in faults)
    # Nothing was ever accepted by the card that the guard wouldn't take, played or not.
    for written in rig.card.written:
        for row, limit in zip(written, electrodes, strict=True):
            assert limit.minimum_volts - 2e-9 <= row.min() <= row.max() <= limit.maximum_volts + 2e-9


class Sines:
    """A generator that knows whether it is on and what the card held then; it can fail at any call."""

    def __init__(self, rig: Rig, amplitudes: np.ndarray, fails_at: str) -> None:
        self._card, self.amplitudes, self._fails_at = rig.card, amplitudes, fails_at
        self.on = 0
        self.held = np.full(3, np.nan)
        self.calls: list[str] = []

    def arm(self) -> list[str]:
        self.calls.append("arm")
        self.on = 1
        if self._fails_at == "arm":
            raise DriverError("can't be armed")
        return []

    def started(self) -> list[str]:
        self.calls.append("started")
        if self._fails_at == "started":
            raise DriverError("still waits")
        return []

    def rest(self) -> list[str]:
        self.calls.append("rest")
        self.held = self._card.levels()
        if self._fails_at == "rest":
            raise DriverError("can't be switched off")
        self.on = 0
        return []


@st.composite
def near_the_limits(
    draw: st.DrawFn,
) -> tuple[tuple[list[ElectrodeLimits], list[float], float], np.ndarray, list[Segment]]:
    """Limits, generators' tones, and segments that come so near to the limits that the tones decide."""
    found = draw(limits())
    tones = np.array(draw(st.lists(st.sampled_from([0.0, 0.01, 0.02]), min_size=3, max_size=3)))
    plans: list[Segment] = []
    for _ in range(draw(st.integers(1, 5))):
        keep = draw(st.sampled_from([0.2, 0.9, 1.01, 1.5, 2.01, 4.0]))
        upwards = draw(st.booleans())
        dc = [e.maximum_volts - 0.02 * keep if upwards else e.minimum_volts + 0.02 * keep for e in found[0]]
        share = draw(st.sampled_from([0.0, 0.0, 0.5, 1.0, 1.7]))
        slope, settle, periods = draw(st.tuples(st.integers(100, 400), st.integers(0, 150), st.integers(1, 2)))
        plans.append(Segment(np.array(dc), share * tones, slope=slope, settle=settle, periods=periods))
    return found, tones, plans


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    case=near_the_limits(),
    faults=st.lists(FAULTS, max_size=3),
    sizes=st.tuples(st.integers(1, 90), st.integers(1, 150), st.integers(0, 40)),
    burst=st.integers(1, 4),
    end=st.sampled_from(["finish", "interrupt", "raise"]),
    messages=st.integers(0, 40),
    fails_at=st.sampled_from(["", "", "arm", "started", "rest"]),
)
def test_no_run_with_a_generator_leaves_the_limits_or_ends_with_its_tones_on(
    case: tuple[tuple[list[ElectrodeLimits], list[float], float], np.ndarray, list[Segment]],
    faults: list[Any],
    sizes: tuple[int, int, int],
    burst: int,
    end: str,
    messages: int,
    fails_at: str,
) -> None:
    (electrodes, rest, rest_slope), generated, plans = case
    block, lead, delay = sizes
    rig = make_rig(
        faults=faults,
        block=block,
        lead=lead,
        delay=delay,
        rest=rest,
        rest_slope=rest_slope,
        output_buffer=block + lead + 150,
        input_buffer=block + lead + 200,
    )
    rig.guard = VoltageGuard(electrodes, RATE)
    rig.generated = generator = Sines(rig, generated, fails_at)
    heard, _ = consume(rig, plans, burst, end, messages)
    # The card's share alone, all the way to rest: what the electrodes see of a generator that is silent.
    rig.assert_safe()
    if events_of(heard, EventKind.STARTED):
        low, high = (np.array([getattr(e, f"{m}_volts") for e in electrodes]) for m in ("minimum", "maximum"))
        slew = np.array([e.slew_volts_per_second for e in electrodes])
        # The generator from the first sample on until it is to be silent, ...
        volts = rig.card.history[:, : 1 + events_of(heard, EventKind.RAMP)[0].sample]
        n = np.arange(volts.shape[1] - 1)
        volts[:, 1:] += generated[:, None] * np.sin(2 * np.pi * (np.array(BINS)[:, None] * n % PERIOD) / PERIOD)
        assert_safe(volts, low, high, slew, RATE)
        # ... and in any phase on what the card holds then, of its own will or because it broke down.
        held = np.where(np.isfinite(generator.held), generator.held, rig.card.history[:, -1])
        assert np.all(held - generated >= low - 2e-9)
        assert np.all(held + generated <= high + 2e-9)
    assert generator.calls in (["rest"], ["arm", "rest"], ["arm", "started", "rest"])
    if fails_at == "started" and "started" in generator.calls:
        assert not any(isinstance(message, Reading) for message in heard)
    assert generator.on == (generator.calls if fails_at == "rest" else []).count("arm")
    disconnected = not np.all(np.isfinite(rig.card.levels()))
    if not disconnected:
        rig.assert_at_rest()
    assert len(events_of(heard, EventKind.NOT_AT_REST)) == disconnected + (fails_at == "rest")


@pytest.mark.parametrize("break_it", ["limit", "slew"])
def test_the_spy_itself_can_fail(break_it: str) -> None:
    """A guard with other limits than those that are checked is seen."""
    rig = make_rig(low=-2, high=2, slew=5000)
    checked: dict[str, Callable[[], Rig]] = {
        "limit": lambda: make_rig(low=-0.5, high=0.5),
        "slew": lambda: make_rig(slew=20.0),
    }
    with rig.stream() as stream:
        stream.append(Segment(np.array([1.0, 0, 0]), np.zeros(3), slope=50, periods=1))
        while not isinstance(stream.next(), Reading):
            pass
    rig.assert_safe()
    rig.guard = checked[break_it]().guard
    with pytest.raises(AssertionError):
        rig.assert_safe()
