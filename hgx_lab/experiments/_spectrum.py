"""Power spectral density of a stream by Welch's method, and a power law fitted to it with error bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from hgx_lab.errors import ExperimentError
from hgx_lab.signals import Floats

__all__ = ["PowerLaw", "Welch", "clear_of_mains", "fit_power_law"]

#: Frequency at which the level of a power law is given.
LEVEL_HZ = 1000.0
#: Squared correlation of the spectra of two Hann segments that overlap by half: (1/6)^2.
_OVERLAP_CORRELATION = 1 / 36
#: Information in half-overlapping Hann segments per sample, for what varies little from line to line: the squared
#: windows add up to 3/4 + cos/4, whose mean squared over mean square is 18/19.
_EFFICIENCY = 18 / 19
#: A line that noise reaches once in a million lines is taken for a disturbance.
_STRAY = 1e-6
_ROUNDS = 5
#: Lines next to a mains harmonic that the Hann window and the mains' wandering reach.
_MAINS_LINES = 3


class Welch:
    """Average of the spectra of Hann segments that overlap by half, each freed of its mean; one-sided.

    Fed with contiguous half segments, so that a recording of any length needs the memory of one segment.

    Parameters
    ----------
    segment_samples:
        Length of a segment, even; lines are ``rate_hz / segment_samples`` apart.
    rate_hz:
        Samples per second.
    """

    def __init__(self, segment_samples: int, rate_hz: float) -> None:
        self._window = np.sin(np.pi * np.arange(segment_samples) / segment_samples) ** 2
        self._scale = 2.0 / (rate_hz * np.sum(self._window**2))
        self._last: Floats | None = None
        self._sum: Floats = np.zeros(segment_samples // 2 + 1)
        self.frequencies_hz: Floats = np.arange(segment_samples // 2 + 1, dtype=np.float64) * rate_hz / segment_samples
        self.segments = 0

    def add(self, half: Floats) -> None:
        """Take in the next half segment, (segment_samples / 2,)."""
        if self._last is not None:
            segment = np.concatenate([self._last, half])
            spectrum = np.fft.rfft((segment - segment.mean()) * self._window)
            self._sum += self._scale * (spectrum.real**2 + spectrum.imag**2)
            self.segments += 1
        self._last = half

    @property
    def density(self) -> Floats:
        """One-sided density in the unit of the samples squared per Hz; the lines at 0 and half the rate are NaN."""
        density = self._sum / max(self.segments, 1)
        density[[0, -1]] = np.nan
        return density

    @property
    def relative_std(self) -> float:
        """Standard deviation of one line over its value."""
        count = self.segments
        return float(np.sqrt((1 + 2 * _OVERLAP_CORRELATION * (count - 1) / count) / count))


@dataclass(frozen=True, slots=True, eq=False)
class PowerLaw:
    """``S(f) = level (1 kHz / f)^exponent`` with standard deviations; ``used`` says which lines it was fitted to."""

    level: float
    level_std: float
    exponent: float
    exponent_std: float
    used: NDArray[np.bool_]

    def __call__(self, frequencies_hz: Floats) -> Floats:
        """The density at some frequencies above 0."""
        return self.level * (LEVEL_HZ / frequencies_hz) ** self.exponent


def clear_of_mains(frequencies_hz: Floats, mains_hz: float | None) -> NDArray[np.bool_]:
    """Which lines of an even grid are further than three lines from every harmonic of the mains; all, without mains."""
    if mains_hz is None:
        return np.ones(frequencies_hz.shape, dtype=np.bool_)
    harmonic = np.maximum(np.rint(frequencies_hz / mains_hz), 1.0)
    distance = np.abs(frequencies_hz - harmonic * mains_hz)
    return distance > (_MAINS_LINES + 0.5) * (frequencies_hz[1] - frequencies_hz[0])


def fit_power_law(welch: Welch, density: Floats, lines: NDArray[np.bool_]) -> PowerLaw:
    """Fit a power law to some lines of a spectrum by maximum likelihood (Whittle 1953).

    Each line is gamma distributed about its mean; the fit is a gamma regression with logarithmic link. Lines that
    stand out as noise never does are left out, so a disturbance that nobody knew of doesn't raise the level.

    Parameters
    ----------
    welch:
        Whose spectrum it is; tells how far the lines scatter.
    density:
        The spectrum, (lines,).
    lines:
        Which lines to use, (lines,).

    Raises
    ------
    ExperimentError
        Fewer than ten lines are left.
    """
    used = lines & np.isfinite(density) & (density > 0)
    shape = welch.relative_std**-2
    highest = float(gamma.isf(_STRAY, shape)) / shape
    # The line at zero is never used; it takes the place of its neighbour, to have a logarithm.
    x = np.log(LEVEL_HZ / np.maximum(welch.frequencies_hz, welch.frequencies_hz[1]))
    theta = np.zeros(2)
    for _ in range(_ROUNDS):
        if np.count_nonzero(used) < 10:
            raise ExperimentError(
                f"{np.count_nonzero(used)} lines of the spectrum are left for the fit of the 1/f law.",
                remedy="Widen the band of the fit, or make the resolution finer.",
            )
        theta = _regress(x[used], density[used], shape)
        stray = density > highest * np.exp(theta[0] + theta[1] * x)
        if not np.any(used & stray):
            break
        used &= ~stray
    design = np.stack([np.ones(np.count_nonzero(used)), x[used]], axis=1)
    # Independent complex samples in each line, as far as the smooth law is concerned: half the segments overlap.
    samples = _EFFICIENCY * (welch.segments + 1) / 2
    covariance = np.linalg.inv(design.T @ design) / samples
    level = float(np.exp(theta[0]))
    return PowerLaw(level, level * float(np.sqrt(covariance[0, 0])), theta[1], float(np.sqrt(covariance[1, 1])), used)


def _regress(x: Floats, density: Floats, shape: float) -> Floats:
    """Logarithm of the level, and exponent: Fisher scoring from the least squares of the logarithms."""
    design = np.stack([np.ones(x.size), x], axis=1)
    scoring = np.linalg.pinv(design)
    logs = np.log(density)
    # The mean logarithm of a gamma variable lies about 1/(2 shape) below the logarithm of its mean.
    theta = scoring @ (logs + 0.5 / shape)
    for _ in range(20):
        step = scoring @ (np.exp(np.minimum(logs - design @ theta, 5.0)) - 1.0)
        theta = theta + step
        if np.max(np.abs(step)) < 1e-10:
            break
    return theta
