"""Whether the sign of a measured value is known: the one definition that everything goes by which says so.

A sign is known where the value is more than three standard deviations from zero. Without an error bar it is unknown,
however large the value. An error bar of 0, which only a simulated bench without noise gives, is taken at its word: any
value but 0 has a known sign.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SIGMAS", "has_error_bar", "known_signs", "sign_confidence", "signs_text", "std_of_mean"]

#: Standard deviations from zero beyond which a sign counts as known.
SIGMAS = 3.0


def has_error_bar(std: ArrayLike) -> NDArray[np.bool_]:
    """Which standard deviations say anything, in their shape: NaN and infinity are no error bars."""
    return np.isfinite(np.asarray(std, dtype=np.float64))


def std_of_mean(std: ArrayLike, axis: int = 0) -> NDArray[np.float64]:
    """Standard deviation of the mean of independent values along an axis; NaN where one of them has none."""
    errors = np.asarray(std, dtype=np.float64)
    return np.asarray(np.sqrt((errors**2).sum(axis=axis)) / max(1, errors.shape[axis]), dtype=np.float64)


def known_signs(values: ArrayLike, std: ArrayLike, sigmas: float = SIGMAS) -> NDArray[np.bool_]:
    """Which values are beyond ``sigmas`` of their standard deviations; never one without value or error bar."""
    errors = np.asarray(std, dtype=np.float64)
    return has_error_bar(errors) & (np.abs(np.asarray(values, dtype=np.float64)) > sigmas * errors)


def sign_confidence(values: ArrayLike, std: ArrayLike) -> float:
    """Share of the values whose sign is known, of all of them; NaN, unknown, where not one has an error bar."""
    if not has_error_bar(std).any():
        return math.nan
    return float(known_signs(values, std).mean())


def signs_text(confidence: float | None) -> str:
    """A confidence in words, as "97.5 %" is for people; rounded down, so that 100 % is all of them."""
    if confidence is None or not math.isfinite(confidence):
        return "unknown"
    return f"{math.floor(1000 * confidence + 1e-9) / 10:.1f}%"
