"""Where derivatives against frequency leave their value at low frequencies, and what leads them astray."""

from __future__ import annotations

import numpy as np

from hgx_lab.signals import Complex, Floats

__all__ = ["TOLERANCE", "Sweeps"]

#: Relative deviation from which on a derivative counts as failed.
TOLERANCE = 0.1

#: Standard deviations aren't taken for smaller than this, relative to the responses.
_LEAST_NOISE = 1e-9


class Sweeps:
    """Derivatives through the spectrum, one row for each electrode and device point.

    Parameters
    ----------
    frequencies_hz:
        Of the steps, ascending.
    trusted_hz:
        Derivatives up to here are the reference: the band that the run's tones lie in and the calibration covers.
    """

    def __init__(self, frequencies_hz: Floats, trusted_hz: float) -> None:
        self.frequencies_hz = frequencies_hz
        inside = frequencies_hz <= trusted_hz
        self._trusted = inside if inside.any() else frequencies_hz <= frequencies_hz[len(frequencies_hz) // 3]
        self._tones: list[int] = []
        self._raw: list[Complex] = []
        self._corrected: list[Complex] = []
        self._std: list[Floats] = []
        self._exact: list[float] = []

    def add(self, tone: int, raw: Complex, corrected: Complex, std: Floats, exact: float) -> None:
        """Take a row in: responses in A/V before and after the chain is taken out, (steps,)."""
        self._tones.append(tone)
        self._raw.append(raw)
        self._corrected.append(corrected)
        # A bench without any noise gives rounding errors for error bars, or none: all rows shall still count.
        self._std.append(np.maximum(std, _LEAST_NOISE * float(np.max(np.abs(corrected)))))
        self._exact.append(exact)

    def deviations(self) -> dict[str, Floats]:
        """Columns over the steps, as the record's table ``deviations`` holds them.

        Deviations are root mean squares over all rows, relative to that of the derivatives, with the share of the
        noise taken out; phases are those of the sum of all responses, each times its derivative.
        """
        raw, corrected, std = np.array(self._raw), np.array(self._corrected), np.array(self._std)
        weight = np.where(self._trusted, std**-2.0, 0.0)
        reference = np.sum(weight * corrected.real, axis=1, keepdims=True) / np.sum(weight, axis=1, keepdims=True)
        exact = np.array(self._exact)[:, None]
        size = np.sum(reference**2) - np.sum(1 / np.sum(weight, axis=1))
        noise = np.sum(std**2, axis=0)

        def relative(values: Floats, truth: Floats, variance: Floats) -> Floats:
            return np.sqrt(np.maximum(np.sum((values - truth) ** 2, axis=0) - variance, 0.0) / size)

        def phase(responses: Complex) -> Floats:
            return np.degrees(np.unwrap(np.angle(np.sum(responses * reference, axis=0))))

        return {
            "frequency": self.frequencies_hz,
            "raw": relative(raw.real, reference, noise),
            "corrected": relative(corrected.real, reference, noise),
            "exact": relative(corrected.real, exact, noise),
            "noise": np.sqrt(noise / size),
            "raw_phase": phase(raw),
            "phase": phase(corrected),
        }

    def fails(self, deviation: Floats) -> float | None:
        """The lowest frequency from which on no deviation is within the tolerance; None where the last one is."""
        good = np.flatnonzero(deviation <= TOLERANCE)
        first = 0 if not good.size else int(good[-1]) + 1
        return float(self.frequencies_hz[first]) if first < deviation.size else None

    def capacitances(self, deviation: Floats) -> tuple[Floats, Floats]:
        """Capacitance of every electrode to the output and its standard deviation, (tones,), F.

        Least squares of ``quadrature = 2 pi f C`` over the steps at which the derivatives are right; all, if none is.
        The standard deviation is that of the scatter, which holds what the noise doesn't explain.
        """
        good = deviation <= TOLERANCE
        good = good if good.any() else np.ones(good.shape, dtype=np.bool_)
        omega = 2 * np.pi * self.frequencies_hz[good]
        tones = np.array(self._tones)
        corrected, std = np.array(self._corrected)[:, good], np.array(self._std)[:, good]
        values, spreads = np.empty(tones.max() + 1), np.empty(tones.max() + 1)
        for tone in range(len(values)):
            y, weight = corrected[tones == tone].imag, std[tones == tone] ** -2.0
            information = np.sum(weight * omega**2)
            values[tone] = np.sum(weight * omega * y) / information
            misfit = np.sum(weight * (y - omega * values[tone]) ** 2) / max(y.size - 1, 1)
            spreads[tone] = np.sqrt(max(misfit, 1.0) / information)
        return values, spreads
