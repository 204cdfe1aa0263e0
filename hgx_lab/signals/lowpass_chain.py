"""The low-pass chain of an ordinary lock-in amplifier, for comparison only: a run never demodulates like this.

What is commonly done: take the mean off (AC coupling), multiply the samples with the reference of each tone, pass the
product through a causal Butterworth filter of second order that starts at zero, and average the end of what comes out.
It needs no whole periods, and pays for it: neighbouring tones leak through the skirt of the filter, and its start
lasts about as long as the inverse of its cut-off.

All of it is linear in the samples, so a window of n samples has n weights w (:func:`lowpass_weights`), and the
phasor of a tone of angle theta is ``2i sum w (x - mean) exp(-i theta)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import signal

from hgx_lab.errors import SignalError
from hgx_lab.signals._synthesis import turns
from hgx_lab.signals.types import Complex, Floats

__all__ = ["LOWPASS_AVERAGE_SECONDS", "lowpass_phasors", "lowpass_weights"]

#: Length of the end of the filtered signal that is averaged.
LOWPASS_AVERAGE_SECONDS = 20e-3


def lowpass_phasors(
    samples: Floats,
    start: int,
    bins: Sequence[int],
    period_samples: int,
    *,
    rate_hz: float,
    cutoff_hz: float,
    average_seconds: float = LOWPASS_AVERAGE_SECONDS,
    order: int = 2,
) -> Complex:
    """Phasors (C, K) of K tones in a window of samples (C, n), by mixing, filtering and averaging.

    Parameters
    ----------
    samples, start:
        The window, and the index of its first sample in the stream that the tones count from.
    bins, period_samples:
        Tone k is ``sin(2 pi bins[k] n / period_samples)`` at sample n, as in
        :class:`~hgx_lab.signals.types.WindowReading`, whose phasors these are.
    rate_hz, cutoff_hz, order:
        Sampling rate, and cut-off (-3 dB) and order of the Butterworth filter.
    average_seconds:
        Length of the end of the window that is averaged after the filter.

    Raises
    ------
    SignalError
        A cut-off that isn't between 0 and half the rate, or a window shorter than the average.
    """
    tail = _tail(samples.shape[-1], rate_hz, average_seconds)
    sections = _sections(rate_hz, cutoff_hz, order)
    indices = (start + np.arange(samples.shape[-1], dtype=np.int64)) % period_samples
    angles = turns(bins, indices, period_samples)
    alternating = samples - samples.mean(axis=-1, keepdims=True)
    mixed = 2j * alternating[:, None, :] * np.exp(-1j * angles)
    filtered = np.asarray(signal.sosfilt(sections, mixed, axis=-1), dtype=np.complex128)
    return np.ascontiguousarray(filtered[..., -tail:].mean(axis=-1))


def lowpass_weights(
    samples: int,
    *,
    rate_hz: float,
    cutoff_hz: float,
    average_seconds: float = LOWPASS_AVERAGE_SECONDS,
    order: int = 2,
) -> Floats:
    """Weight (samples,) of each sample of a window in the phasors of :func:`lowpass_phasors`.

    They add up to the step response of the filter, averaged over the end of the window: not exactly 1.

    Raises
    ------
    SignalError
        As :func:`lowpass_phasors`.
    """
    tail = _tail(samples, rate_hz, average_seconds)
    impulse = np.zeros(samples)
    impulse[0] = 1.0
    pulse = np.asarray(signal.sosfilt(_sections(rate_hz, cutoff_hz, order), impulse), dtype=np.float64)
    # Sample i is seen with the responses tail-averaged over the ages N-1-i, N-2-i ... that are not negative.
    step = np.concatenate([np.zeros(tail), np.cumsum(pulse)])
    by_age = (step[tail:] - step[:-tail]) / tail
    return np.ascontiguousarray(by_age[::-1])


@lru_cache(maxsize=16)
def _sections(rate_hz: float, cutoff_hz: float, order: int) -> Floats:
    if not 0.0 < cutoff_hz < rate_hz / 2:
        raise SignalError(
            f"A low-pass of {cutoff_hz:g} Hz can't be made at {rate_hz:g} samples per second.",
            remedy=f"Give a cut-off between 0 and {rate_hz / 2:g} Hz.",
        )
    return np.asarray(signal.butter(order, cutoff_hz, output="sos", fs=rate_hz), dtype=np.float64)


def _tail(samples: int, rate_hz: float, average_seconds: float) -> int:
    tail = max(1, round(average_seconds * rate_hz))
    if samples < tail:
        raise SignalError(
            f"A window of {samples} samples ({samples / rate_hz:g} s) is shorter than the {average_seconds:g} s that "
            "are averaged behind the low-pass.",
            remedy="Take a longer window.",
        )
    return tail
