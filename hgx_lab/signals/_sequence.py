# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""A maximum-length sequence on the electrodes: all frequencies at once, and one delay that it can be at."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import max_len_seq

from hgx_lab.errors import CalibrationError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["SequenceWaves", "correlation_delay", "sequence_responses", "sequence_waves"]

#: Lines over which the variance is averaged: a scatter of few periods is uncertain itself.
_NEIGHBOURS = 15


class SequenceWaves:
    """A periodic waveform of peak 1 for every electrode; an electrode's amplitude switches it on.

    Parameters
    ----------
    wave:
        One period (N,).
    step:
        Its largest step from sample to sample.
    """

    def __init__(self, wave: Floats, step: float) -> None:
        self.wave, self.step = wave, step

    @property
    def period_samples(self) -> int:
        """The period N."""
        return self.wave.size

    def bound_hz(self, rate_hz: float) -> float:
        """Frequency of a sine of the same peak whose slew nothing in the waveform exceeds, for the voltage guard."""
        return self.step * rate_hz / (2 * np.pi)

    def add(
        self,
        block: Floats,
        start: int,
        amplitudes: Floats,
        electrode_of_tone: Sequence[int],
        amplitudes_end: Floats | None = None,
    ) -> None:
        """Add the waveform onto the rows of the electrodes, as a tone bank adds its sines."""
        n = np.arange(block.shape[1])
        wave = self.wave[(start + n) % self.wave.size]
        last = amplitudes if amplitudes_end is None else amplitudes_end
        for electrode, first, end in zip(electrode_of_tone, amplitudes, last, strict=True):
            if first or end:
                block[electrode] += wave * (first + (end - first) * (n / block.shape[1]))


def sequence_waves(*, peak: float, slew: float, rate_hz: float, longest_samples: int) -> SequenceWaves:
    """Shape a maximum-length sequence so that ``peak`` volts of it stay below a slew in V/s.

    Each chip lasts as long as the way from one level to the other takes, in a straight line, and the period is four
    times the longest delay at least.

    Raises
    ------
    CalibrationError
        No slew is left, or so little that the sequence would be too slow to tell a delay.
    """
    hold = max(1, ceil(2 * peak * rate_hz / slew)) if slew > 0 else 10**9
    if hold > 64:
        raise CalibrationError(
            f"With {max(slew, 0):g} V/s to spare, a sequence of {peak:g} V would take {hold} samples for each chip.",
            remedy="Lower the amplitude of the tones or timing.slope, or raise safety.slew if the device bears it.",
        )
    order = next((k for k in range(9, 17) if (2**k - 1) * hold >= 4 * longest_samples), 17)
    chips = 1.0 - 2.0 * max_len_seq(order)[0].astype(np.float64)
    held = np.repeat(chips, hold)
    wave = np.mean([np.roll(held, shift) for shift in range(hold)], axis=0)
    return SequenceWaves(np.ascontiguousarray(wave), 2.0 / hold)


def sequence_responses(current: Floats, wave: Floats, peak: float, lines: NDArray[np.intp]) -> tuple[Complex, Floats]:
    """Response per volt at some lines of a periodic waveform, and its standard deviation.

    Parameters
    ----------
    current:
        Whole periods (P, N), P at least 2, the first of which begins with the waveform.
    wave, peak:
        One period of the waveform, and the volts by which it is multiplied.
    lines:
        Numbers of the lines.

    Returns
    -------
    response, std:
        (lines,) each; the std is that of the real and of the imaginary part, from the scatter of the periods.
    """
    excitation = peak * np.fft.rfft(wave)
    spectra = np.fft.rfft(current, axis=1)
    variance = np.var(spectra, axis=0, ddof=1) / (2 * len(current))
    std = np.sqrt(uniform_filter1d(variance, _NEIGHBOURS, mode="nearest"))[lines]
    return spectra.mean(axis=0)[lines] / excitation[lines], std / np.abs(excitation[lines])


def correlation_delay(responses: Complex, weights: Floats, lines: NDArray[np.intp], period: int, longest: int) -> int:
    """The whole delay, 0 to ``longest`` samples, at which output and input correlate most, of either sign.

    ``responses`` (R, lines) of several electrodes or points, each with the weight (R,) of its signal over noise.
    """
    spectra = np.zeros((len(responses), period // 2 + 1), dtype=np.complex128)
    spectra[:, lines] = responses
    power = weights @ np.fft.irfft(spectra, period, axis=1) ** 2
    return int(np.argmax(power[: longest + 1]))
