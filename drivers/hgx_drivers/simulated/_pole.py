"""One real pole, discretised exactly for an input that is held from sample to sample."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import signal

__all__ = ["OnePole"]

Floats = NDArray[np.float64]


class OnePole:
    """y[n] = p y[n-1] + (1 - p) x[n], p = exp(-1/(rate tau)), state carried, for (channel, sample) arrays.

    x[n] is held during period n and y[n] is taken at its end, the instant at which the input converter samples:
    so a pole that goes to infinity goes over into no pole at all.
    """

    def __init__(self, time_constant_seconds: float, rate_hz: float, initial: Floats) -> None:
        self._feedback = math.exp(-1.0 / (rate_hz * time_constant_seconds))
        feed = -math.expm1(-1.0 / (rate_hz * time_constant_seconds))
        self._numerator = np.array([feed])
        self._denominator = np.array([1.0, -self._feedback])
        self._register = initial[:, None] * self._feedback

    def filter(self, samples: Floats) -> Floats:
        """The filtered stream, shape (channel, n), a new array."""
        filtered, self._register = signal.lfilter(
            self._numerator, self._denominator, samples, axis=1, zi=self._register
        )
        return filtered

    def response(self, turns_per_sample: Floats) -> NDArray[np.complex128]:
        """Complex gain of a tone e^(2 pi i u n)."""
        return self._numerator[0] / (1.0 - self._feedback * np.exp(-2j * np.pi * turns_per_sample))
