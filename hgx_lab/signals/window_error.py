"""The mean squared error that a derivative must have, from the weights of its window alone.

Any linear demodulation of a window is ``Z_k = 2i sum_n w[n] x[n] exp(-i theta_k[n])``: whole periods have equal weights
1/n, a low-pass chain has those of :func:`~hgx_lab.signals.lowpass_chain.lowpass_weights`. With the transfer function
``W(f) = sum_n w[n] exp(2 pi i f n / rate)`` a line of phasor A_j, seen from tone k, leaves
``A_j W(f_j - f_k) exp(i phi) - conj(A_j) W(-f_j - f_k) exp(i psi)``, and white noise of one-sided density S leaves the
variance ``S rate sum w^2`` in the real part. The phases phi and psi belong to where the window begins; all tones being
sines of one counter, they aren't independent: two neighbours at the same distance on both sides add as amplitudes, not
as powers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["ExpectedError", "expected_error", "uniform_weights"]


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedError:
    """Mean squared error of K derivatives, (K,) each, in the square of the input's unit per volt; they add up."""

    noise: Floats  # of white noise of the density at the tone
    own: Floats  # gain error of the weights, mirror image of the tone itself
    leakage: Floats  # of all other tones, with what they have in common with ``own``

    @property
    def total(self) -> Floats:
        """All of it, (K,)."""
        return self.noise + self.own + self.leakage

    @property
    def alone(self) -> Floats:
        """Without the other tones: the error of one electrode at a time, (K,)."""
        return self.noise + self.own


def uniform_weights(samples: int) -> Floats:
    """Weights 1/n of a window of whole periods, (samples,)."""
    return np.full(samples, 1.0 / samples)


def expected_error(
    weights: Floats,
    bins: Sequence[int],
    period_samples: int,
    lines: Complex,
    density: Floats,
    scale: Complex,
    *,
    rate_hz: float,
) -> ExpectedError:
    """Mean squared error of ``Re(Z_k / scale_k)`` over all beginnings of a window, of K tones.

    Parameters
    ----------
    weights:
        Of the samples of the window, (n,).
    bins, period_samples:
        The tones, all sines of one counter, and the base period after which everything repeats.
    lines:
        Phasors A_k (K,) of the tones in the input; its mean has been taken off.
    density:
        One-sided density of the noise at each tone, (K,), in the square of the input's unit per Hz.
    scale:
        (K,): amplitude in volts times the response of the signal chain. The true value is ``Re(A_k / scale_k)``.
    rate_hz:
        Sampling rate.

    Raises
    ------
    SignalError
        Shapes that don't fit the number of tones.
    """
    count, period = len(bins), period_samples
    if any(np.shape(a) != (count,) for a in (lines, density, scale)):
        raise SignalError(f"{count} tones need as many lines, densities and scales.")
    passed = _transfer(weights, period)
    noise = density * rate_hz * float(weights @ weights) / np.abs(scale) ** 2
    own, everything = np.empty(count), np.empty(count)
    for k in range(count):
        alone = np.zeros(count, dtype=np.complex128)
        alone[k] = lines[k]
        own[k] = _systematic(passed, bins, k, alone, scale[k])
        everything[k] = _systematic(passed, bins, k, lines, scale[k])
    return ExpectedError(noise, own, everything - own)


def _transfer(weights: Floats, period: int) -> Complex:
    """W at the bins 0 .. N-1 of the base period; a negative bin b is found at N + b."""
    folded = np.zeros(period)
    np.add.at(folded, np.arange(weights.size) % period, weights)
    return np.asarray(np.fft.ifft(folded, norm="forward"), dtype=np.complex128)


def _systematic(passed: Complex, bins: Sequence[int], k: int, lines: Complex, scale: complex) -> float:
    """Mean square, over all beginnings of the window, of the error that tones make at tone k.

    As a function of the beginning it is a sum of rotating phasors, one for every difference and sum of two bins.
    """
    period, m = passed.size, np.asarray(bins, dtype=np.int64)
    turning = np.zeros(period, dtype=np.complex128)
    difference, mirror = (m - m[k]) % period, (-m - m[k]) % period
    np.add.at(turning, difference, lines * passed[difference])
    np.add.at(turning, mirror, -np.conj(lines) * passed[mirror])
    seen = np.asarray(np.fft.ifft(turning / scale, norm="forward"), dtype=np.complex128)
    errors = seen.real - (complex(lines[k]) / scale).real
    return float(np.mean(errors**2))
