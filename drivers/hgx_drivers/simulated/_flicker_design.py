"""A digital filter whose output, driven by white noise, has the spectrum 1/f^alpha.

A power law over many decades is a cascade of real poles and zeros spread evenly in log frequency; partial
fractions turn the cascade into parallel first-order low-passes of one common input, which is what a spread of
trapping times does in a solid. Two poles a decade, fitted, follow the law to 0.04 dB (1 % of the power).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

__all__ = ["POLES_PER_DECADE", "FlickerFilter", "design_flicker_filter"]

Floats = NDArray[np.float64]

#: Density of poles; 1.5 leaves ripples of 0.13 dB, 2 leaves 0.04 dB.
POLES_PER_DECADE = 2.0
_FIT_POINTS_PER_POLE = 24


@dataclass(frozen=True, slots=True, eq=False)
class FlickerFilter:
    """The cascade ``gain * prod_k (1 - q_k/z) / (1 - p_k/z)`` for unit white noise.

    ``pole_gaps`` = 1 - p and ``zero_gaps`` = 1 - q, both (K,), because near 1 a double has no digits left for p
    itself. The slowest pole stands first.
    """

    rate_hz: float
    gain: float
    pole_gaps: Floats
    zero_gaps: Floats

    def density(self, frequencies_hz: Floats) -> Floats:
        """One-sided power density of the output for unit white input, exact, in output units squared per Hz."""
        law = _log_power(np.asarray(frequencies_hz), self.rate_hz, self.zero_gaps) - _log_power(
            np.asarray(frequencies_hz), self.rate_hz, self.pole_gaps
        )
        return self.gain**2 * np.exp(law) * 2.0 / self.rate_hz

    def sections(self) -> Floats:
        """First-order sections in scipy's ``sos`` layout, (K, 6); the gain is in the first one."""
        sos = np.zeros((len(self.pole_gaps), 6))
        sos[:, 0] = 1.0
        sos[:, 1] = -(1.0 - self.zero_gaps)
        sos[:, 3] = 1.0
        sos[:, 4] = -(1.0 - self.pole_gaps)
        sos[0, :2] *= self.gain
        return sos

    def stationary_factor(self) -> Floats:
        """A factor F, (K, K), of the stationary covariance F F' of the registers of ``scipy.signal.sosfilt``.

        In the modal picture x_i[n] = p_i x_i[n-1] + w[n] the covariance is 1/(1 - p_i p_j) exactly; the register
        of section j is a fixed combination of the modes up to j (residues of the cascade up to and including j).
        """
        s, q = self.pole_gaps, self.zero_gaps
        covariance = 1.0 / (s[:, None] + s[None, :] - s[:, None] * s[None, :])
        scale = np.sqrt(np.diag(covariance))
        modes = scale[:, None] * np.linalg.cholesky(covariance / np.outer(scale, scale))
        residues = np.zeros((len(s), len(s)))
        for j in range(len(s)):
            for i in range(j + 1):
                others = s[: j + 1][np.arange(j + 1) != i]
                ratios = (q[:j] - s[i]) / (others - s[i])
                residues[j, i] = self.gain * (q[j] - s[j]) * np.prod(ratios)
        return residues @ modes


def design_flicker_filter(rate_hz: float, lowest_hz: float, exponent: float) -> FlickerFilter:
    """Fit the cascade to the density ``(1 kHz/f)**exponent`` (1/Hz) between ``lowest_hz`` and half the rate.

    Below ``lowest_hz`` the spectrum levels off, so that the variance is finite. The fit is a least-squares one of
    the log spectrum over the logarithms of pole and zero distances from 1, with its exact derivative.
    """
    decades = math.log10(0.5 * rate_hz / lowest_hz)
    count = max(2, math.ceil(POLES_PER_DECADE * decades))
    frequencies = np.geomspace(lowest_hz, 0.4999 * rate_hz, _FIT_POINTS_PER_POLE * count)
    corners = np.geomspace(0.5 * lowest_hz, 0.5 * rate_hz * 10.0 ** (-0.5 / POLES_PER_DECADE), count)
    spread = (corners[1] / corners[0]) ** (0.5 * exponent)
    turns = -2.0 * np.pi / rate_hz
    start = np.log(-np.expm1(turns * np.concatenate([corners, corners * spread])))
    target = -exponent * np.log(frequencies / 1000.0)
    sign = np.repeat([-1.0, 1.0], count)
    chord = 4.0 * np.sin(np.pi * frequencies / rate_hz) ** 2

    def misfit(log_gaps: Floats) -> Floats:
        difference = _log_terms(chord, np.exp(log_gaps)) @ sign - target
        return difference - difference.mean()

    def slope(log_gaps: Floats) -> Floats:
        gaps = np.exp(log_gaps)
        terms = gaps**2 + (1.0 - gaps) * chord[:, None]
        partial = sign * gaps * (2.0 * gaps - chord[:, None]) / terms
        return partial - partial.mean(axis=0)

    solution = least_squares(misfit, start, jac=slope, method="lm")  # pyright: ignore[reportArgumentType]
    gaps = np.exp(solution.x)
    offset = float(np.mean(_log_terms(chord, gaps) @ sign - target))
    gain = math.sqrt(0.5 * rate_hz * math.exp(-offset))
    return FlickerFilter(rate_hz, gain, np.sort(gaps[:count]), np.sort(gaps[count:]))


def _log_terms(chord: Floats, gaps: Floats) -> Floats:
    """log |1 - (1 - s) e^(-jw)|^2 with chord = 4 sin^2(w/2), shape (frequency, section)."""
    return np.log(gaps**2 + (1.0 - gaps) * chord[:, None])


def _log_power(frequencies_hz: Floats, rate_hz: float, gaps: Floats) -> Floats:
    chord = 4.0 * np.sin(np.pi * frequencies_hz / rate_hz) ** 2
    return _log_terms(chord, gaps).sum(axis=1)
