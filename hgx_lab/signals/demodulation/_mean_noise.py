"""The error bar of a mean: noise below the lowest frequency that a window can resolve."""

from __future__ import annotations

from math import log

import numpy as np

from hgx_lab.signals.demodulation._noise import FLOOR, log_bias
from hgx_lab.signals.types import Floats

__all__ = ["MeanNoise"]

#: Complex samples of the lowest powers that the power law is drawn through.
_LOWEST_DOF = 48.0
_PRIOR_SLOPE = -0.5
_PRIOR_PRECISION = 2.0


class MeanNoise:
    """Scatter of the mean current between neighbouring windows, from powers measured above 1/T.

    This is the Allan deviation for an averaging time of one window. Unlike the variance about a mean of
    infinitely many windows it exists under 1/f noise; in white noise it is the ordinary standard deviation of the
    mean. The density is extrapolated to 1/T as a power law through the lowest powers. Its exponent is held between
    -2 and 0 and drawn, as weakly as one e-fold of a few powers would, to -1/2, for when they say little.
    """

    def __init__(self, frequencies: Floats, dof: Floats) -> None:
        order = np.argsort(frequencies)
        count = int(np.searchsorted(np.cumsum(dof[order]), _LOWEST_DOF)) + 1
        self._lowest = order[:count]
        weight = dof[self._lowest]
        self._x = np.log(frequencies[self._lowest])
        self._bias = log_bias(weight)
        self._weight = weight / max(float(weight.sum()), 1.0)
        centred = weight * (self._x - float(self._x @ self._weight))
        self._slope = centred / (float(centred @ self._x) + _PRIOR_PRECISION)
        self._prior = _PRIOR_SLOPE * _PRIOR_PRECISION / (float(centred @ self._x) + _PRIOR_PRECISION)

    @property
    def known(self) -> bool:
        """Whether there is a power to extrapolate from."""
        return len(self._lowest) > 0

    def __call__(self, powers: Floats) -> Floats:
        """Standard deviations (C,) from powers (C, n); NaN where there is nothing to extrapolate from."""
        if not self.known:
            return np.full(len(powers), np.nan)
        p = np.maximum(powers[:, self._lowest], FLOOR)
        slope = np.minimum(np.maximum((np.log(p) - self._bias) @ self._slope + self._prior, -2.0), 0.0)
        # For a given slope the maximum-likelihood level is the weighted mean of the powers over the law.
        level = (p * np.exp(-slope[:, None] * self._x)) @ self._weight
        return np.sqrt(level * _allan_factor(slope))


def _allan_factor(slope: Floats) -> Floats:
    """Integral of 2 sin^4(pi u)/(pi u)^2 u^slope over u > 0.

    Exactly 1/2, 2 ln 2 and 2 pi^2/3 at slopes 0, -1 and -2 (white, flicker, random walk); between them the
    logarithm is a parabola to 1 %.
    """
    white, flicker, walk = log(0.5), log(2 * log(2.0)), log(2 * np.pi**2 / 3)
    second = white - 2 * flicker + walk
    first = (3 * white - 4 * flicker + walk) / 2
    return np.exp(white + first * slope + second / 2 * slope**2)
