"""What the error of a derivative must be at one spacing of the tones, for two kinds of windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from hgx_lab.config import ToneSpacingRun
from hgx_lab.experiments._tone_grid import grid_bins
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import Complex, Floats
from hgx_lab.signals.lowpass_chain import lowpass_weights
from hgx_lab.signals.window_error import ExpectedError, expected_error, uniform_weights

__all__ = ["Lines", "SpacingTheory"]

#: How much stronger than its own the other lines are, in the limit of a weak derivative; as in the published figure.
_WEAK = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """What is in the input: phasors (K,) in A, and the density (K,) of noise at the tones in A^2/Hz."""

    phasors: Complex
    density: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SpacingTheory:
    """Tones on a grid, seen through whole periods and through the low-pass chain."""

    bins: tuple[int, ...]
    period_samples: int
    rate_hz: float
    scale: Complex  # (K,): volts of each tone times the response of the signal chain
    low_pass: Floats  # (N,): weights of a window

    @classmethod
    def of(cls, run: ToneSpacingRun, tones: RunTones, scale: Complex) -> Self:
        """The theory of a run at the spacing of these tones."""
        rate_hz, period = run.bench.rate, tones.period_samples
        weights = lowpass_weights(period, rate_hz=rate_hz, cutoff_hz=run.low_pass)
        return cls(grid_bins(tones, rate_hz), period, rate_hz, scale, weights)

    def errors(self, lines: Lines) -> dict[str, Floats]:
        """Mean squared errors (K,) by the names of the record's columns."""
        chain = self._expected(self.low_pass, lines, lines.phasors)
        by_line = self._leakage_of_each(lines)
        return {
            "expected": self._expected(uniform_weights(self.period_samples), lines, lines.phasors).noise,
            "low_pass_expected": chain.total,
            "low_pass_alone": chain.alone,
            "low_pass_weak": chain.alone + _WEAK**2 * by_line,
            "low_pass_equal": chain.alone + by_line,
        }

    def _expected(self, weights: Floats, lines: Lines, phasors: Complex) -> ExpectedError:
        return expected_error(
            weights, self.bins, self.period_samples, phasors, lines.density, self.scale,
            rate_hz=self.rate_hz,
        )  # fmt: skip

    def _leakage_of_each(self, lines: Lines) -> Floats:
        """Leakage (K,) of other lines as strong as a tone's own and of random signs: their powers add."""
        count, total = len(self.bins), np.zeros(len(self.bins))
        silent = Lines(lines.phasors, np.zeros(count))
        for j in range(count):
            only = np.zeros(count, dtype=np.complex128)
            only[j] = 1.0
            total += self._expected(self.low_pass, silent, only).leakage
        return total * np.abs(lines.phasors) ** 2
