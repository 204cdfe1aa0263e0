"""Tones that don't fit the window: joint least squares of all of them, DC and drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hgx_lab.errors import SignalError
from hgx_lab.signals.demodulation._mean_noise import MeanNoise
from hgx_lab.signals.demodulation._noise import REACH, NoiseFit, neighbours
from hgx_lab.signals.demodulation._queue import WindowQueue
from hgx_lab.signals.types import Floats, Window, WindowReading

__all__ = ["UntunedDemodulator", "free_lines"]

#: Bins of the window on each side of a tone that the fit takes noise from, and so can't tell of it.
_EMPTIED = 1.5
#: Tones can't be told apart if that makes their error bars this many times those of tones far apart.
_WORST_INFLATION = 30.0


class UntunedDemodulator:
    """Joint least squares of tones at any frequencies, for plans that aren't on the window's grid.

    The phase refers to sample 0 of the stream: a tone is ``X sin(2 pi f n / fs) + Y cos(...)``, n the sample
    counter. Error bars are those of the least-squares covariance, with the noise density found next to each tone in
    the residual's spectrum. It keeps the samples of a window until it is complete, and costs K times more than
    :class:`Demodulator`, whose tuned tones need no solving.

    Parameters
    ----------
    frequencies_hz:
        Tones, 0 < f < rate/2.
    rate_hz:
        Samples per second.
    unit_samples:
        Length in samples that ``Window.periods`` counts.
    channels:
        Input channels C.
    drift:
        Fit a linear drift as well; DC is always fitted.

    Raises
    ------
    SignalError
        Frequencies out of range; and, from :meth:`expect`, tones too close to be told apart in the window.
    """

    def __init__(
        self,
        frequencies_hz: Sequence[float],
        rate_hz: float,
        unit_samples: int,
        channels: int = 1,
        *,
        drift: bool = False,
    ) -> None:
        bad = [f for f in frequencies_hz if not 0 < f < rate_hz / 2]
        if bad or len(frequencies_hz) == 0:
            raise SignalError(
                f"frequencies {bad} Hz aren't between 0 and {rate_hz / 2} Hz.",
                remedy="Give at least one tone, below half the sampling rate.",
            )
        # Exact fractions: the phase at a late start would lose its digits in floating point.
        self._turns_per_sample = [Fraction(f) / Fraction(rate_hz) for f in frequencies_hz]
        self._unit_samples = unit_samples
        self._channels = channels
        self._drift = drift
        self._queue = WindowQueue(unit_samples)
        self._fits: dict[int, _JointFit] = {}
        self._buffer: Floats = np.empty((channels, 0))

    @property
    def pending(self) -> tuple[Window, ...]:
        """Windows announced and not complete, in order."""
        return self._queue.windows

    def expect(self, window: Window) -> None:
        """Announce a window, after the previous one and before its first sample."""
        if window.periods >= 1:
            self._fit(window.periods * self._unit_samples)
        self._queue.append(window)

    def prepare(self, periods: int) -> None:
        """Build the fit for windows of ``periods`` units now, so that the first one isn't kept waiting."""
        self._fit(periods * self._unit_samples)

    def reset(self) -> None:
        """Forget windows and position, for a stream that starts anew."""
        self._queue.clear()

    def process(self, block: Floats, start: int) -> list[WindowReading]:
        """Readings of the windows that ``block``, shape (C, n), completes; its first sample has index ``start``."""
        if block.ndim != 2 or block.shape[0] != self._channels:
            raise SignalError(f"the block has shape {block.shape}, expected ({self._channels}, samples).")
        readings: list[WindowReading] = []
        for piece in self._queue.pieces(start, block.shape[1]):
            samples = piece.window.periods * self._unit_samples
            if piece.offset == 0:
                self._buffer = np.empty((self._channels, samples))
            size = piece.end - piece.begin
            self._buffer[:, piece.offset : piece.offset + size] = block[:, piece.begin : piece.end]
            if piece.last:
                readings.append(self._reading(piece.window, self._fit(samples)))
        return readings

    def _fit(self, samples: int) -> _JointFit:
        if samples not in self._fits:
            self._fits = {samples: _JointFit.of(self._turns_per_sample, samples, drift=self._drift)}
        return self._fits[samples]

    def _reading(self, window: Window, fit: _JointFit) -> WindowReading:
        x, tones = self._buffer, len(self._turns_per_sample)
        samples = x.shape[1]
        coefficients = (x @ fit.design) @ fit.inverse
        residual = x - coefficients @ fit.design.T
        lines = np.fft.rfft(residual, axis=1)[:, fit.noise_lines] * (2.0 / samples)
        powers = 0.5 * (lines.real**2 + lines.imag**2)
        # S/T to the variance per sample of white noise of that density, and on through the covariance.
        sample_variance = fit.noise(powers) * (samples / 2.0)
        variances = fit.variance_factors * sample_variance[:, :, None]
        local = coefficients[:, :tones] + 1j * coefficients[:, tones : 2 * tones]
        start_turns = np.array([float(t * window.start % 1) for t in self._turns_per_sample])
        return WindowReading(
            window=window,
            mean=coefficients[:, 2 * tones].copy(),
            mean_std=fit.mean_noise(powers),
            phasor=local * np.exp(-2j * np.pi * start_turns),
            phasor_std=np.sqrt(variances.mean(axis=2)),
            lines=np.empty((len(x), 0), np.complex128),
            lines_std=np.empty((len(x), 0)),
            minimum=x.min(axis=1),
            maximum=x.max(axis=1),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _JointFit:
    """Design matrix (M, 2K + 1 or 2): sines, cosines, DC, drift; and what follows from it."""

    design: Floats
    inverse: Floats  # of the normal matrix
    variance_factors: Floats  # (K, 2): of in-phase and quadrature, per variance of a sample
    noise_lines: np.ndarray[tuple[int], np.dtype[np.intp]]
    noise: NoiseFit
    mean_noise: MeanNoise

    @classmethod
    def of(cls, turns_per_sample: Sequence[Fraction], samples: int, *, drift: bool) -> _JointFit:
        index = np.arange(samples, dtype=np.float64)
        turns = np.array([float(t) for t in turns_per_sample])
        angles = 2.0 * np.pi * (index[:, None] * turns % 1.0)
        columns = [np.sin(angles), np.cos(angles), np.ones((samples, 1))]
        if drift:
            columns.append((2.0 * index[:, None] - samples + 1) / samples)
        design = np.concatenate(columns, axis=1)
        normal = design.T @ design
        regular = samples > design.shape[1] and bool(np.linalg.cond(normal) < 1e13)
        inverse: Floats = np.full_like(normal, np.inf)
        if regular:
            inverse = np.linalg.inv(normal).astype(np.float64)
        factors: Floats = np.diag(inverse)[: 2 * len(turns)].reshape(2, -1).T
        inflation = np.sqrt(factors.max(axis=1) * samples / 2)
        if not inflation.max() < _WORST_INFLATION:
            raise SignalError(
                f"{len(turns)} tones can't be told apart in {samples} samples: the error bar of tone "
                f"{int(inflation.argmax())} would be {inflation.max():.3g} times that of a tone alone, the limit is "
                f"{_WORST_INFLATION:g}.",
                remedy="Lengthen the window or space the tones further apart.",
            )
        places = turns * samples
        lines = neighbours(places, free_lines(places, samples), per_side=12)
        if len(lines) == 0:
            raise SignalError(
                f"{len(turns)} tones leave nothing of the spectrum of {samples} samples to find the noise in: there "
                "would be no error bars.",
                remedy="Lengthen the window.",
            )
        noise = NoiseFit(lines, np.ones(len(lines)), np.clip(places, lines.min() / REACH, lines.max() * REACH))
        mean = MeanNoise(lines, np.ones(len(lines)))
        return cls(design, inverse, np.ascontiguousarray(factors), lines.astype(np.intp), noise, mean)


def free_lines(places: Floats, samples: int) -> Floats:
    """Lines of the window's spectrum, in units of its bins, that no tone's fit has emptied; DC and drift empty two."""
    candidates = np.arange(2, (samples + 1) // 2, dtype=np.float64)
    return candidates[np.all(np.abs(candidates[:, None] - places) > _EMPTIED, axis=1)]
