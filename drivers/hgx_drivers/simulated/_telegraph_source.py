"""A two-level fluctuator, sampled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["TelegraphSource"]

Floats = NDArray[np.float64]


class TelegraphSource:
    """Random telegraph noise in pieces of any length that stays the same, stationary from the first sample.

    A process that jumps at rates ``up_hz`` and ``down_hz``, looked at once a sample period T, is a two-state Markov
    chain: exactly, it is found changed with the probability up/r (1 - exp(-r T)) from below, r = up + down, and with
    down in place of up from above. So the times spent in a level are geometric.
    """

    def __init__(
        self, rate_hz: float, amplitude: float, up_hz: float, down_hz: float, generator: np.random.Generator
    ) -> None:
        total = up_hz + down_hz
        changed = -math.expm1(-total / rate_hz)
        share_up = up_hz / total
        #: Of leaving the lower and the upper level, from one sample to the next.
        self._leaving = np.array([share_up * changed, (1.0 - share_up) * changed])
        self._levels = amplitude * np.array([-share_up, 1.0 - share_up])
        self._generator = generator
        self._level = int(generator.random() < share_up)
        self._left = self._stay(self._level)

    def fill(self, out: Floats) -> None:
        """Write the next piece."""
        done = 0
        while done < len(out):
            stop = min(len(out), done + self._left)
            out[done:stop] = self._levels[self._level]
            self._left -= stop - done
            done = stop
            if not self._left:
                self._level = 1 - self._level
                self._left = self._stay(self._level)

    def _stay(self, level: int) -> int:
        """Samples in a level, from an exponential variate: a geometric one overflows for very rare jumps."""
        rate = -math.log1p(-self._leaving[level]) if self._leaving[level] < 1.0 else math.inf
        periods = float(self._generator.standard_exponential()) / rate
        return 1 + int(min(periods, 2.0**62))
