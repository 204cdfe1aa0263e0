"""Derivatives: the signed in-phase part of every tone, with its standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from hgx_lab.errors import SignalError
from hgx_lab.signals._chain_response import ChainResponse
from hgx_lab.signals.significance import SIGMAS, known_signs
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Derivatives", "Responses", "chain_at", "checked_amplitudes", "checked_lines", "derivatives", "from_complex"]

#: One response for all input channels, or one for each.
Responses = ChainResponse | Sequence[ChainResponse]


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """dI_c/dV_k of C outputs by K electrodes, in the phasor's unit per volt, each with its error bar.

    An electrode without a tone (amplitude 0) wasn't measured: its ``value``, ``std`` and ``quadrature`` are NaN, it
    is never significant, and the probability that its sign is right is 1/2.
    """

    value: Floats  # (C, K): signed, in phase after the chain's delay and pole are taken out
    std: Floats  # (C, K): standard deviation of value; that of quadrature is no larger
    quadrature: Floats  # (C, K): what is left 90 degrees ahead; 2 pi f C for a stray capacitance C

    @property
    def sign_probability(self) -> Floats:
        """Probability that the sign of each value is the true one, ``Phi(|value| / std)``, (C, K); 1/2 to 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(self.value) / self.std
        return np.asarray(ndtr(np.where(np.isnan(ratio), 0.0, ratio)), dtype=np.float64)

    def significant(self, sigmas: float = SIGMAS) -> NDArray[np.bool_]:
        """Which values are further than ``sigmas`` standard deviations from zero, (C, K)."""
        return known_signs(self.value, self.std, sigmas)


def derivatives(
    phasors: Complex,
    phasor_std: Floats,
    frequencies_hz: ArrayLike,
    amplitudes: ArrayLike,
    response: Responses,
    *,
    rate_hz: float | None = None,
) -> Derivatives:
    """``Re(Z / H) / a`` of every tone, less what a stray capacitance adds to it.

    Never the magnitude with a sign from the phase: noise gives a magnitude that doesn't average to zero, and a stray
    capacitance counts as gradient.

    Parameters
    ----------
    phasors, phasor_std:
        (C, K): of the K tones in C input channels; the std is that of the real and of the imaginary part, each.
    frequencies_hz, amplitudes:
        (K,): of the tones; peak volts on the electrodes, 0 where there is none.
    response:
        Of the signal chain; one, or one for every input channel.
    rate_hz:
        Samples per second of outputs that hold their voltage from sample to sample: they charge a capacitance in
        steps, half a sample late, so that ``tan(pi f / rate)`` of the quadrature is charge that leaks into the
        derivative (1.8 nA/V for 1 pF at 3 kHz and 100 kS/s) and is taken out. None for outputs without steps.

    Raises
    ------
    SignalError
        Shapes that don't fit, a negative or non-finite amplitude, or a tone beyond half the rate.
    """
    volts = checked_amplitudes(amplitudes)
    phasors, phasor_std = checked_lines(phasors, phasor_std, volts.size)
    chain = chain_at(response, frequencies_hz, phasors.shape)
    found = from_complex(phasors / chain, phasor_std / np.abs(chain), volts)
    if rate_hz is None:
        return found
    frequencies = np.asarray(frequencies_hz, dtype=np.float64)
    if not np.all(frequencies < rate_hz / 2):
        raise SignalError(f"Tones up to {frequencies.max():g} Hz don't fit a rate of {rate_hz:g} samples per second.")
    leak = np.tan(np.pi * frequencies / rate_hz)
    value = np.ascontiguousarray(found.value - leak * found.quadrature)
    return Derivatives(value, found.std * np.hypot(1.0, leak), found.quadrature)


def from_complex(currents: Complex, std: Floats, amplitudes: Floats) -> Derivatives:
    """Derivatives of currents (C, K) that are free of the chain; amplitudes (K,) in volts."""
    per_volt = np.full(amplitudes.shape, np.nan)
    np.divide(1.0, amplitudes, out=per_volt, where=amplitudes > 0)
    return Derivatives(
        value=np.ascontiguousarray(currents.real * per_volt),
        std=std * per_volt,
        quadrature=np.ascontiguousarray(currents.imag * per_volt),
    )


def checked_amplitudes(amplitudes: ArrayLike) -> Floats:
    """Amplitudes (K,) as floats, all finite and not negative."""
    volts = np.asarray(amplitudes, dtype=np.float64)
    if volts.ndim != 1 or not np.all(np.isfinite(volts) & (volts >= 0)):
        raise SignalError(f"Amplitudes must be a list of finite numbers of volts, none negative, not {volts.tolist()}.")
    return volts


def checked_lines(phasors: Complex, std: Floats, lines: int) -> tuple[Complex, Floats]:
    """Phasors and standard deviations of ``lines`` lines, both of shape (C, lines)."""
    z, s = np.asarray(phasors, dtype=np.complex128), np.asarray(std, dtype=np.float64)
    if z.ndim != 2 or z.shape[1] != lines or s.shape != z.shape:
        raise SignalError(
            f"Phasors and their standard deviations must have the shape (channels, {lines}), not {z.shape} and "
            f"{s.shape}."
        )
    return z, s


def chain_at(response: Responses, frequencies_hz: ArrayLike, shape: tuple[int, ...]) -> Complex:
    """H of every channel at frequencies that broadcast to ``shape[1:]``; the result broadcasts to ``shape``."""
    frequencies = np.asarray(frequencies_hz, dtype=np.float64)
    if frequencies.shape != shape[1:]:
        raise SignalError(f"{shape[1:]} lines need as many frequencies, not {frequencies.shape}.")
    if isinstance(response, ChainResponse):
        return response(frequencies)[None]
    if len(response) != shape[0]:
        raise SignalError(
            f"{shape[0]} input channels need as many chain responses, or one for all, not {len(response)}."
        )
    return np.stack([one(frequencies) for one in response])
