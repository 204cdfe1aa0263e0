"""Rendering a schedule: phases never reset, any split of the stream gives the same samples."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.acquisition import Player, Schedule, Segment, slope_samples
from hgx_lab.errors import AcquisitionError
from hgx_lab.signals._synthesis import ToneBank

PERIOD = 50


def unit_sines(n: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * (np.outer((3, 4), n) % PERIOD) / PERIOD)


def make() -> tuple[Schedule, Player]:
    schedule = Schedule(np.zeros(2), 2, PERIOD)
    player = Player(schedule, ToneBank((3, 4), PERIOD), (1, 0))
    schedule.append(Segment(np.array([0.5, -0.5]), np.array([0.1, 0.2]), slope=10, settle=7, periods=2))
    schedule.append(Segment(np.array([0.1, 0.3]), np.array([0.0, 0.2]), slope=23, periods=1))
    schedule.hold(31)
    return schedule, player


def test_the_samples_are_the_formula() -> None:
    schedule, player = make()
    out = np.empty((2, schedule.end))
    player.render(0, out)
    n = np.arange(schedule.end)
    sines = unit_sines(np.arange(schedule.end))
    knots, levels = [-1, 9, 116, 139, schedule.end], [[0, 0.5, 0.5, 0.1, 0.1], [0, -0.5, -0.5, 0.3, 0.3]]
    amplitude = np.interp(n, knots, [0, 0.1, 0.1, 0, 0]), np.interp(n, knots, [0, 0.2, 0.2, 0.2, 0.2])
    # Tone 0 rides on electrode 1 and the other way round; its phase counts from sample 0 for ever.
    assert np.allclose(out[0], np.interp(n, knots, levels[0]) + amplitude[1] * sines[1], atol=1e-15)
    assert np.allclose(out[1], np.interp(n, knots, levels[1]) + amplitude[0] * sines[0], atol=1e-15)


@pytest.mark.parametrize("step", [1, 7, 50, 64])
def test_any_split_gives_the_same_samples(step: int) -> None:
    schedule, player = make()
    whole = np.empty((2, schedule.end))
    player.render(0, whole)
    schedule, player = make()
    pieces = []
    for start in range(0, schedule.end, step):
        piece = np.empty((2, min(step, whole.shape[1] - start)))
        player.render(start, piece)
        pieces.append(piece)
    assert np.allclose(np.concatenate(pieces, axis=1), whole, rtol=0, atol=1e-15)


def test_the_state_in_the_middle_of_a_slope_is_where_a_ramp_can_start() -> None:
    schedule, player = make()
    out = np.empty((2, 5))
    player.render(0, out)
    assert np.allclose(player.dc, [0.25, -0.25])
    assert np.allclose(player.amplitude, [0.05, 0.1])
    schedule.truncate(5, player.dc, player.amplitude)
    assert schedule.end == 5
    schedule.append(Segment(np.zeros(2), np.zeros(2), slope=5))
    player.render(5, out)
    assert np.allclose(out[:, -1], 0)
    assert np.allclose(out[0, 0] - 0.08 * unit_sines(np.array([5]))[1], 0.2)


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(AcquisitionError, match="negative"):
        Segment(np.zeros(1), np.zeros(1), slope=-1)


def test_slope_length_covers_the_largest_travel() -> None:
    assert slope_samples(np.array([0.0, 0.0]), np.array([0.1, -1.0]), slope=100.0, rate_hz=1e5) == 1000
    assert slope_samples(np.zeros(2), np.zeros(2), slope=100.0, rate_hz=1e5) == 0
