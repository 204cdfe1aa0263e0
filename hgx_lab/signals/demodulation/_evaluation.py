"""From the Fourier sums of the groups of one window to amplitudes, powers of the noise, and error bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hgx_lab.signals.demodulation._drift import DriftTerm
from hgx_lab.signals.demodulation._layout import WindowLayout
from hgx_lab.signals.demodulation._mean_noise import MeanNoise
from hgx_lab.signals.demodulation._noise import NoiseFit
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Estimate", "Evaluation"]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Means (C,), their scatter (C,), amplitudes (C, S) at the signal bins and their scatter (C, S)."""

    mean: Floats
    mean_std: Floats
    amplitudes: Complex  # A with x = Re(A exp(+2 pi i m j / N)), j from the start of the window
    stds: Floats


class Evaluation:
    """The arithmetic at the end of a window, with everything that depends on its length alone prepared.

    Noise powers come from two places. At a noise bin the whole window's amplitude is noise (one complex
    sample); at every bin, tones included, the scatter between the groups of base periods is noise of
    the sub-bins around it on both sides (one complex sample less than there are groups), and a tone isn't in it.
    """

    def __init__(self, bins: Sequence[int], signals: int, layout: WindowLayout, *, drift: bool) -> None:
        self._layout = layout
        self._signals = signals
        self._sizes = layout.sizes
        self._drift = DriftTerm(bins, signals, layout.period_samples, layout.periods) if drift else None
        dof = np.full(len(bins), layout.groups - 1.0)
        dof[signals:] += 1.0
        frequencies = np.asarray(bins, np.float64) * layout.periods
        self._dof = dof
        self._used = np.flatnonzero(dof > 0)
        self.fit = NoiseFit(frequencies[self._used], dof[self._used], frequencies[:signals])
        slow = np.arange(1, (layout.full_groups - 1) // 2 + 1)
        slow_frequencies = slow.astype(np.float64) * (layout.periods / (layout.group_periods * layout.full_groups))
        self._slow = slow
        self.mean_noise = MeanNoise(
            np.concatenate([slow_frequencies, frequencies[self._used]]),
            np.concatenate([np.ones(len(slow)), dof[self._used]]),
        )

    def __call__(self, sums: Complex, totals: Floats, moments: Floats | None) -> Estimate:
        """Estimates from group sums (G, C, B), totals (G, C) and, for the drift, index moments (G, C)."""
        samples = self._layout.samples
        window_sums, window_total = sums.sum(axis=0), totals.sum(axis=0)
        powers = self._scatter(sums)
        if self._drift is not None and moments is not None:
            moment = moments.sum(axis=0) - 0.5 * (samples - 1) * window_total
            window_sums = self._drift.remove(window_sums, moment)
        amplitudes = window_sums * (2.0 / samples)
        powers[:, self._signals :] += _half_square(amplitudes[:, self._signals :])
        powers = powers[:, self._used] / self._dof[self._used]
        stds = np.sqrt(self.fit(powers))
        if self._drift is not None:
            stds = stds * self._drift.std_factor[: self._signals]
        if len(self._slow) > 0:
            powers = np.concatenate([self._slow_powers(totals), powers], axis=1)
        mean_std = self.mean_noise(powers)
        return Estimate(window_total / samples, mean_std, amplitudes[:, : self._signals], stds)

    def _scatter(self, sums: Complex) -> Floats:
        """Summed in-phase variance (C, B) of the window's amplitude, one share for each complex sample."""
        if self._layout.groups == 1:
            return np.zeros(sums.shape[1:])
        per_period = sums / self._sizes[:, None, None]
        mean = sums.sum(axis=0) / self._layout.periods
        deviations = _half_square(per_period - mean) * self._sizes[:, None, None]
        scale = (2.0 / self._layout.period_samples) ** 2 / self._layout.periods
        return deviations.sum(axis=0) * scale

    def _slow_powers(self, totals: Floats) -> Floats:
        """Powers (C, n) at the sub-bins next to zero frequency, from the means of the full groups."""
        groups = self._layout.full_groups
        means = totals[:groups] / self._layout.group_samples
        lines = np.fft.rfft(means, axis=0)[self._slow] * (2.0 / groups)
        return _half_square(lines).T * (groups * self._layout.group_periods / self._layout.periods)


def _half_square(values: Complex) -> Floats:
    return 0.5 * (values.real**2 + values.imag**2)
