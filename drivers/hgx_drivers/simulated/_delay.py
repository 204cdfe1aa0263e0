"""The delay between the converters, in whole or fractional samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

__all__ = ["DelayLine"]

Floats = NDArray[np.float64]


class DelayLine:
    """A delay of ``samples`` sample periods, state carried, for (channel, sample) arrays.

    The fraction is a first-order Thiran all-pass, y[n] = a x[n] + x[n-1] - a y[n-1], a = (1 - d)/(1 + d): the
    magnitude is exactly 1, and the delay exact towards low frequency (Laakso et al., IEEE Signal Processing
    Magazine 13, 30 (1996)). Its own delay d is kept between 0.5 and 1.5, where it is flattest, when there is room.
    """

    def __init__(self, samples: float, initial: Floats) -> None:
        whole = int(np.floor(samples))
        fraction = samples - whole
        if fraction and fraction < 0.5 and whole > 0:
            whole, fraction = whole - 1, fraction + 1.0
        coefficient = (1.0 - fraction) / (1.0 + fraction)
        self._numerator = np.array([coefficient, 1.0]) if fraction else None
        self._denominator = np.array([1.0, coefficient])
        # In the steady state the all-pass passes the constant on, so its register holds (1 - a) times it.
        self._register = initial[:, None] * (1.0 - coefficient)
        self._past = np.repeat(initial[:, None], whole, axis=1)

    def delay(self, samples: Floats) -> Floats:
        """The stream, shape (channel, n), as it arrives; may be ``samples`` itself."""
        whole = self._past.shape[1]
        if whole:
            joined = np.concatenate([self._past, samples], axis=1)
            samples, self._past = joined[:, : samples.shape[1]], joined[:, samples.shape[1] :]
        if self._numerator is not None:
            samples, self._register = signal.lfilter(
                self._numerator, self._denominator, samples, axis=1, zi=self._register
            )
        return samples
