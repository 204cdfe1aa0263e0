"""Bias against noise: derivatives over the amplitude of the tones, and their limit for small ones.

A derivative measured with tones of amplitude a on a memoryless device is ``f' + a^2/8 f''' + O(a^4)``, where f'''
stands for ``f_kkk + 2 sum_j f_kjj`` when every other electrode j carries the same amplitude; its noise is
``sqrt(S/T)/a``. The sum of the squares is smallest at ``a^6 = 32 S/(T f'''^2)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.signals import Floats

__all__ = ["Extrapolation", "Law", "extrapolate", "law"]

#: From so many amplitudes on the order a^4 is fitted too.
_QUARTIC_FROM = 4
#: Standard deviations aren't taken for smaller than this, relative to the derivatives.
_LEAST_NOISE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Extrapolation:
    """Derivatives (A, K) at A amplitudes, taken to amplitude zero, at one device point."""

    limit: Floats  # (K,): A/V
    limit_std: Floats  # (K,)
    third: Floats  # (K,): f''', A/V^3
    third_std: Floats  # (K,)
    bias_square: Floats  # (A, K): (f'(a) - f'(0))^2 without the share of the noise, so it may be negative


def extrapolate(amplitudes: Floats, mean: Floats, std: Floats) -> Extrapolation:
    """Fit ``limit + a^2/8 third`` and, from four amplitudes on, a term in a^4, by weighted least squares.

    Parameters
    ----------
    amplitudes:
        (A,): V, distinct, at least two.
    mean, std:
        (A, K): derivatives at these amplitudes and their standard deviations.
    """
    count, tones = mean.shape
    powers = 3 if count >= _QUARTIC_FROM else 2
    unit = float(amplitudes.max())
    # A bench without any noise gives rounding errors for error bars: all amplitudes shall still count.
    std = np.maximum(std, _LEAST_NOISE * float(np.max(np.abs(mean))))
    design = (amplitudes[:, None] / unit) ** (2.0 * np.arange(powers))
    coefficients, spread = np.empty((powers, tones)), np.empty((powers, tones))
    bias_square = np.empty((count, tones))
    for k in range(tones):
        weight = std[:, k] ** -2.0
        covariance = np.linalg.inv(design.T @ (design * weight[:, None]))
        estimator = covariance @ (design * weight[:, None]).T
        coefficients[:, k], spread[:, k] = estimator @ mean[:, k], np.sqrt(np.diag(covariance))
        # The limit is a weighted sum of the means, so the noise of the difference is known exactly.
        difference = np.eye(count) - estimator[0]
        bias_square[:, k] = (difference @ mean[:, k]) ** 2 - difference**2 @ std[:, k] ** 2
    third = 8.0 / unit**2
    return Extrapolation(coefficients[0], spread[0], third * coefficients[1], third * spread[1], bias_square)


@dataclass(frozen=True, slots=True)
class Law:
    """The two curves: noise ``noise / a`` and bias ``a^2/8 third``, root mean square over points and electrodes."""

    noise: float  # sqrt(S/T), A
    third: float  # A/V^3; 0 where none shows above its noise

    @property
    def best_amplitude(self) -> float | None:
        """``(32 S/(T f'''^2))^(1/6)`` in V; None where no bias shows, NaN where that isn't known."""
        return None if self.third == 0 else (32.0 * self.noise**2 / self.third**2) ** (1 / 6)


def law(amplitudes: Floats, std: Floats, third: Floats, third_std: Floats) -> Law:
    """Take noise and third derivative together over all points and electrodes.

    Parameters
    ----------
    amplitudes:
        (A,): V.
    std:
        (..., A, K): standard deviation of a single window.
    third, third_std:
        (..., K): of each fit.
    """
    square = float(np.mean(third**2) - np.mean(third_std**2))
    return Law(float(np.sqrt(np.mean((std * amplitudes[:, None]) ** 2))), float(np.sqrt(max(square, 0.0))))
