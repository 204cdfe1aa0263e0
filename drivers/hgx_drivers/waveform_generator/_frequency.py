"""Which frequencies a generator hits exactly.

Tones of a common plan must stay in phase with the sample clock for hours: a frequency that is off by half a step of
1 µHz turns by 0.65 degrees in an hour. So what isn't exact is reported, never rounded in silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from hgx_drivers.errors import RangeError

__all__ = ["FrequencyMatch", "match_frequencies", "nearest_multiple", "sine_frequency"]


class _KnowsFrequencies(Protocol):
    def nearest_frequency(self, hz: float) -> float: ...


@dataclass(frozen=True, slots=True)
class FrequencyMatch:
    """A wanted frequency and the nearest one that the generator has."""

    wanted_hz: float
    nearest_hz: float

    @property
    def exact(self) -> bool:
        """Whether they are the same, to the last bit of a float."""
        return self.wanted_hz == self.nearest_hz

    @property
    def turns_per_second(self) -> float:
        """How fast the generator's tone turns against the plan's."""
        return self.nearest_hz - self.wanted_hz


def nearest_multiple(hz: float, step: Fraction) -> float:
    """The multiple of ``step`` next to ``hz``, as the float closest to it; exact integers on the way."""
    return float(round(Fraction(hz) / step) * step)


def sine_frequency(model: str, hz: float, step_hz: Fraction, maximum_hz: float) -> float:
    """The frequency that a model of these steps gives when asked for ``hz``.

    Raises
    ------
    RangeError
        It is outside of the model's band.
    """
    if not (math.isfinite(hz) and float(step_hz) <= hz <= maximum_hz):
        raise RangeError(f"{model} gives sines of {float(step_hz):g} Hz to {maximum_hz:g} Hz, not {hz} Hz.")
    return nearest_multiple(hz, step_hz)


def match_frequencies(generator: _KnowsFrequencies, tones_hz: Sequence[float]) -> tuple[FrequencyMatch, ...]:
    """For each tone of a plan: what the generator would give, and whether that is exact."""
    return tuple(FrequencyMatch(hz, generator.nearest_frequency(hz)) for hz in tones_hz)
