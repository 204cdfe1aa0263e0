"""The voltage guard against brute force: whatever is admitted and rendered stays inside every limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgx_lab.acquisition import ElectrodeLimits, GuardedOutput, Player, Schedule, Segment, VoltageGuard
from hgx_lab.errors import GuardRefusal
from hgx_lab.signals._synthesis import ToneBank

RATE = 10_000.0
PERIOD = 100
BINS = (7, 11, 13)


class Converters:
    """Just enough of a card to be written to."""

    def __init__(self, levels: list[float]) -> None:
        self.samples = [np.array(levels)[:, None]]

    def levels(self) -> np.ndarray:
        return self.samples[-1][:, -1]

    def write(self, samples: np.ndarray) -> None:
        self.samples.append(samples.copy())


def limits(low: float = -1.0, high: float = 1.0, slew: float = 500.0) -> list[ElectrodeLimits]:
    return [ElectrodeLimits(f"e{i}", low, high, slew) for i in range(3)]


def admit(guard: VoltageGuard, schedule: Schedule, segment: Segment) -> None:
    tones = np.array(BINS) * RATE / PERIOD
    guard.admit(segment, schedule.last, electrode_of_tone=(0, 1, 2), tones_hz=tones)


voltage = st.floats(-1.4, 1.4)
segments = st.builds(
    Segment,
    dc=st.lists(voltage, min_size=3, max_size=3).map(np.array),
    amplitude=st.lists(st.floats(0, 0.3), min_size=3, max_size=3).map(np.array),
    slope=st.integers(0, 300),
    settle=st.integers(0, 50),
    periods=st.integers(0, 2),
)


@settings(max_examples=300, deadline=None)
@given(
    plans=st.lists(segments, min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 97), min_size=1, max_size=5),
    slew=st.floats(20, 3000),
)
def test_no_sample_outside_limits_or_slew_is_ever_written(plans: list[Segment], cuts: list[int], slew: float) -> None:
    guard = VoltageGuard(limits(slew=slew), RATE)
    card: Any = Converters([0.0, 0.0, 0.0])
    output = GuardedOutput(card, guard)
    schedule = Schedule(output.last, 3, PERIOD)
    player = Player(schedule, ToneBank(BINS, PERIOD), (0, 1, 2))
    for segment in plans:
        try:
            admit(guard, schedule, segment)
        except GuardRefusal:
            continue
        schedule.append(segment)
    end, position, turn = schedule.end, 0, 0
    while position < end:
        block = np.empty((3, min(cuts[turn % len(cuts)], end - position)))
        player.render(position, block)
        # What was admitted is never refused later: the bound of admission covers every sample.
        output.write(block)
        position, turn = position + block.shape[1], turn + 1
    written = np.concatenate(card.samples, axis=1)
    assert np.all(np.abs(written) <= 1.0 + 2e-9)
    assert np.all(np.abs(np.diff(written, axis=1)) <= slew / RATE + 2e-9)
    assert written.shape[1] == end + 1


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_bad_sample_anywhere_is_refused_and_nothing_is_written(data: st.DataObject) -> None:
    card: Any = Converters([0.0, 0.0, 0.0])
    output = GuardedOutput(card, VoltageGuard(limits(slew=1000.0), RATE))
    output.write(np.zeros((3, 20)))
    block = np.zeros((3, 50))
    row, column = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 49))
    bad = data.draw(st.sampled_from([1.01, -1.01, np.nan, np.inf, -np.inf, 0.12, -0.12]))
    block[row, column] = bad
    with pytest.raises(GuardRefusal, match=f"e{row}.*sample {20 + column} "):
        output.write(block)
    assert len(card.samples) == 2
    assert output.written == 20
    output.write(np.zeros((3, 5)))
    assert output.written == 25


def test_a_jump_between_two_blocks_is_seen() -> None:
    card: Any = Converters([0.5, 0.0, 0.0])
    output = GuardedOutput(card, VoltageGuard(limits(slew=100.0), RATE))
    with pytest.raises(GuardRefusal, match="e0 at sample 0 would jump by -500 mV"):
        output.write(np.zeros((3, 4)))


def test_moves_only_from_a_known_value() -> None:
    card: Any = Converters([0.0, float("nan"), 0.0])
    with pytest.raises(GuardRefusal, match="doesn't know"):
        GuardedOutput(card, VoltageGuard(limits(), RATE))


def test_amplitude_counts_with_the_dc() -> None:
    guard, schedule = VoltageGuard(limits(), RATE), Schedule(np.zeros(3), 3, PERIOD)
    with pytest.raises(GuardRefusal, match=r"e1 would reach 1.02 V .*limits are -1 V to 1 V"):
        admit(guard, schedule, Segment(np.array([0, 0.99, 0]), np.array([0, 0.03, 0]), slope=1000))
    admit(guard, schedule, Segment(np.array([0, 0.96, 0]), np.array([0, 0.03, 0]), slope=1000))


def test_a_slope_too_steep_is_refused_before_anything_is_played() -> None:
    guard, schedule = VoltageGuard(limits(slew=50.0), RATE), Schedule(np.zeros(3), 3, PERIOD)
    with pytest.raises(GuardRefusal, match=r"e2 would move at 90 V/s .* may move at 50 V/s"):
        admit(guard, schedule, Segment(np.array([0, 0, 0.9]), np.zeros(3), slope=100))


def test_tones_count_towards_the_slew() -> None:
    guard, schedule = VoltageGuard(limits(slew=100.0), RATE), Schedule(np.zeros(3), 3, PERIOD)
    # 2 pi 1300 Hz 20 mV = 163 V/s on the third electrode, whatever the slope.
    with pytest.raises(GuardRefusal, match="e2 would move at 163"):
        admit(guard, schedule, Segment(np.zeros(3), np.full(3, 0.02), slope=10_000))


def test_the_two_sides_agree_at_the_limit_itself() -> None:
    guard, schedule = VoltageGuard(limits(slew=5000.0), RATE), Schedule(np.zeros(3), 3, PERIOD)
    edge = Segment(np.full(3, 0.9), np.full(3, 0.1), slope=2000, periods=3)
    admit(guard, schedule, edge)
    schedule.append(edge)
    player = Player(schedule, ToneBank(BINS, PERIOD), (0, 1, 2))
    card: Any = Converters([0.0, 0.0, 0.0])
    output = GuardedOutput(card, guard)
    block = np.empty((3, schedule.end))
    player.render(0, block)
    output.write(block)
    assert np.max(block) > 0.99
