"""The windows of the experiment ``gradient-accuracy``: all tones, one tone, steps; at one setting after the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from hgx_lab.acquisition import Plateau, Reading
from hgx_lab.config import GradientAccuracyRun
from hgx_lab.experiments._laboratory import Laboratory
from hgx_lab.experiments._raw_window import measure_raw
from hgx_lab.experiments._tone_grid import grid_bins
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import ChainResponse, Complex, Floats, derivatives
from hgx_lab.signals.lowpass_chain import lowpass_phasors

__all__ = ["GradientWindows"]


def _plateaus(run: GradientAccuracyRun, lab: Laboratory, tones: RunTones, volts: Floats) -> Iterator[Plateau]:
    """For every setting all tones together, each alone, and the steps of the finite differences."""
    settle, count = lab.samples(run.timing.settle), len(tones.electrodes)
    for number, dc in enumerate(volts):
        for amplitude in (tones.amplitudes, *np.diag(tones.amplitudes)):
            yield Plateau(dc, amplitude, settle, 1)
        if number < (run.finite_differences or 0):
            for electrode, peak in zip(tones.electrodes, tones.amplitudes, strict=True):
                for step in (-peak, peak):
                    moved = dc.copy()
                    moved[electrode] += step
                    yield Plateau(moved, np.zeros(count), settle, 1)


class GradientWindows:
    """Reads the windows of all settings from one stream, in their order, and makes derivatives of them.

    At every setting there are a window with all tones, one for each tone alone, and, at the first
    ``finite_differences`` of them, two for the DC steps of each electrode.
    """

    def __init__(
        self, run: GradientAccuracyRun, lab: Laboratory, tones: RunTones, response: ChainResponse, volts: Floats
    ) -> None:
        self._run, self._tones, self._response, self._rate_hz = run, tones, response, lab.rate_hz
        self._readings = self._read(lab, _plateaus(run, lab, tones, volts))
        self.overload = False

    def close(self) -> None:
        """End the stream, at rest."""
        self._readings.close()

    def derivatives(self) -> tuple[Floats, Floats, Floats]:
        """Derivatives (K,), their standard deviations, and those of the low-pass chain, of the next window."""
        reading, low_pass = self._next()
        tones = self._tones
        peaks = reading.placed.segment.amplitude
        window = reading.window
        found = derivatives(
            window.phasor,
            window.phasor_std,
            tones.frequencies_hz,
            peaks,
            self._response,
            rate_hz=self._rate_hz,
        )
        by_chain = derivatives(low_pass, np.zeros(low_pass.shape), tones.frequencies_hz, peaks, self._response)
        return found.value[0], found.std[0], by_chain.value[0]

    def finite_difference(self, peak: float) -> tuple[float, float]:
        """Difference quotient of the next two windows, and its standard deviation."""
        (below, _), (above, _) = self._next(), self._next()
        low, high = below.window, above.window
        spread = float(np.hypot(low.mean_std[0], high.mean_std[0]))
        return float(high.mean[0] - low.mean[0]) / (2 * peak), spread / (2 * peak)

    def _next(self) -> tuple[Reading, Complex]:
        reading, low_pass = next(self._readings)
        self.overload |= reading.overload
        return reading, low_pass

    def _read(self, lab: Laboratory, plateaus: Iterator[Plateau]) -> Generator[tuple[Reading, Complex], None, None]:
        """Readings with the phasors (1, K) of the low-pass chain, NaN where none is asked for."""
        tones = self._tones
        if self._run.low_pass is None:
            nothing = np.full((1, len(tones.electrodes)), np.nan + 0j)
            for reading in lab.measure(tones, self._response, plateaus):
                yield reading, nothing
            return
        for raw in measure_raw(lab, tones, self._response, plateaus):
            phasors = lowpass_phasors(
                raw.current, raw.start, grid_bins(tones, self._rate_hz), tones.period_samples,
                rate_hz=self._rate_hz, cutoff_hz=self._run.low_pass,
            )  # fmt: skip
            yield raw.reading, phasors[:1]
