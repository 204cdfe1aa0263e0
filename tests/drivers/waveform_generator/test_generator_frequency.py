"""Which tones a generator hits: exact arithmetic against fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgx_drivers.waveform_generator._frequency import match_frequencies, nearest_multiple
from hgx_drivers.waveform_generator._levels import divider

MICROHERTZ = Fraction(1, 1_000_000)


class OneMicrohertz:
    def nearest_frequency(self, hz: float) -> float:
        return nearest_multiple(hz, MICROHERTZ)


@given(st.integers(1, 10**12))
def test_every_multiple_of_the_step_is_exact(steps: int) -> None:
    hz = float(steps * MICROHERTZ)
    (match,) = match_frequencies(OneMicrohertz(), [hz])
    assert match.exact


@given(st.floats(1e-6, 1e6))
def test_the_nearest_is_at_most_half_a_step_away(hz: float) -> None:
    nearest = nearest_multiple(hz, MICROHERTZ)
    # Half a step, and the rounding of the result to a float.
    assert abs(Fraction(nearest) - Fraction(hz)) <= MICROHERTZ / 2 + Fraction(nearest) / 2**52


def test_a_plan_tells_which_tones_fit() -> None:
    # 100 kS/s over 50 000 samples gives multiples of 2 Hz; over 65 536 samples, 1.52587890625 Hz; over 30 000, thirds.
    rates = [100e3 * 7 / 50_000, 100e3 * 7 / 65_536, 100e3 * 7 / 30_000]
    matches = match_frequencies(OneMicrohertz(), rates)
    assert [match.exact for match in matches] == [True, False, False]
    assert matches[2].nearest_hz == 23.333333
    assert matches[2].turns_per_second == pytest.approx(-1 / 3e6)


def test_the_divider() -> None:
    assert [divider(load) for load in (float("inf"), 50.0, 150.0)] == [1.0, 0.5, 0.75]
