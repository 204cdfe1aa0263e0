"""Second derivatives from the lines at 2 f_i and f_i +- f_j.

With all tones in sine phase the second order of a memoryless device makes cosines, products of two sines:

    f_ii a_i^2 / 2 sin^2(t_i)        = f_ii a_i^2 / 4 (1 - cos 2 t_i)
    f_ij a_i a_j sin(t_i) sin(t_j)   = f_ij a_i a_j / 2 (cos(t_i - t_j) - cos(t_i + t_j))

so that behind the chain the phasor ``X + iY`` of such a line is ``-i`` times the second derivative at a harmonic or
a sum, ``+i`` times at a difference, whichever of the two frequencies is the higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hgx_lab.errors import SignalError
from hgx_lab.signals._first_order import Responses, chain_at, checked_amplitudes, checked_lines
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Curvature", "SecondOrderLine", "curvature", "hessian"]


@dataclass(frozen=True, slots=True)
class SecondOrderLine:
    """The line at ``f_first + f_second`` (``sign`` 1) or at ``|f_first - f_second|`` (-1); twice the same for 2 f."""

    first: int
    second: int
    sign: int = 1

    def __post_init__(self) -> None:
        if self.sign not in (1, -1) or min(self.first, self.second) < 0:
            raise SignalError(f"A second-order line has tones from 0 and a sign of 1 or -1, not {self}.")
        if self.first == self.second and self.sign == -1:
            raise SignalError(f"The difference of tone {self.first} and itself is no line.")


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """Second derivatives in the phasor's unit per volt squared; NaN where they weren't measured."""

    value: Floats
    std: Floats


def curvature(
    lines: Complex,
    lines_std: Floats,
    which: Sequence[SecondOrderLine],
    frequencies_hz: ArrayLike,
    amplitudes: ArrayLike,
    response: Responses,
) -> Curvature:
    """d2I_c/dV_i dV_j from each of L lines; the result has the shape (C, L).

    Parameters
    ----------
    lines, lines_std:
        (C, L): phasors of the lines, and the standard deviation of their real and imaginary part, each.
    which:
        The L lines.
    frequencies_hz, amplitudes:
        (K,): of the tones, not of the lines; volts.
    response:
        Of the signal chain; one, or one for every input channel.

    Raises
    ------
    SignalError
        Shapes that don't fit, a line of a tone that doesn't exist, or a negative amplitude.
    """
    volts = checked_amplitudes(amplitudes)
    lines, lines_std = checked_lines(lines, lines_std, len(which))
    tones = np.asarray(frequencies_hz, dtype=np.float64)
    first = np.array([line.first for line in which], dtype=np.intp)
    second = np.array([line.second for line in which], dtype=np.intp)
    sign = np.array([line.sign for line in which], dtype=np.int64)
    if tones.shape != volts.shape or np.any(np.maximum(first, second) >= volts.size):
        raise SignalError(
            f"{tones.size} frequencies and {volts.size} amplitudes don't fit second-order lines of up to tone "
            f"{int(np.max(np.maximum(first, second), initial=-1))}."
        )
    chain = chain_at(response, np.abs(tones[first] + sign * tones[second]), lines.shape)
    product = volts[first] * volts[second] / np.where(first == second, 4.0, 2.0)
    per_volt2 = np.full(product.shape, np.nan)
    np.divide(1.0, product, out=per_volt2, where=product > 0)
    # -i c at a sum or harmonic: the second derivative is -Y; +i c at a difference: it is Y.
    return Curvature(
        value=np.ascontiguousarray(-sign * (lines / chain).imag * per_volt2),
        std=lines_std / np.abs(chain) * per_volt2,
    )


def hessian(
    lines: Complex,
    lines_std: Floats,
    which: Sequence[SecondOrderLine],
    frequencies_hz: ArrayLike,
    amplitudes: ArrayLike,
    response: Responses,
) -> Curvature:
    """The symmetric matrix d2I_c/dV_i dV_j, (C, K, K), every pair averaged over its lines by their variances.

    Arguments and errors are those of :func:`curvature`. Pairs without a line are NaN.
    """
    single = curvature(lines, lines_std, which, frequencies_hz, amplitudes, response)
    channels, tones = single.value.shape[0], int(np.size(np.asarray(amplitudes)))
    value = np.full((channels, tones, tones), np.nan)
    std = np.full((channels, tones, tones), np.nan)
    columns: dict[tuple[int, int], list[int]] = {}
    for column, line in enumerate(which):
        columns.setdefault((min(line.first, line.second), max(line.first, line.second)), []).append(column)
    for (i, j), own in columns.items():
        variance = single.std[:, own] ** 2
        # Lines without noise (an exact calculation) count alike.
        exact = np.any(variance == 0, axis=1, keepdims=True)
        weight = np.where(exact, 1.0, 1.0 / np.where(exact, 1.0, variance))
        weight /= weight.sum(axis=1, keepdims=True)
        value[:, i, j] = value[:, j, i] = np.sum(weight * single.value[:, own], axis=1)
        std[:, i, j] = std[:, j, i] = np.sqrt(np.sum(weight**2 * variance, axis=1))
    return Curvature(value, std)
