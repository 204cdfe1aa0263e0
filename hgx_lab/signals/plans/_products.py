"""Where the products of the tones fall: sums and differences of bins, folded by sampling."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_lab.signals.plans._mains import mains_bins
from hgx_lab.signals.plans._plan import TonePlan
from hgx_lab.signals.types import Floats

__all__ = [
    "Bins",
    "compression_lines",
    "differences",
    "empty_bins",
    "fold",
    "fold_sign",
    "second_harmonics",
    "second_order_lines",
    "sums",
    "third_harmonics",
]

Bins = NDArray[np.int64]


def fold(lines: ArrayLike, period_samples: int) -> Bins:
    """Bin in 0..N/2 where a line at any integer (negative, or beyond Nyquist) is seen after sampling."""
    wrapped = np.asarray(lines, dtype=np.int64) % period_samples
    return np.minimum(wrapped, period_samples - wrapped)


def fold_sign(lines: ArrayLike, period_samples: int) -> Floats:
    """+1 where a line is seen upright, -1 where folding reflects it: there a sine changes its sign, a cosine not."""
    wrapped = np.asarray(lines, dtype=np.int64) % period_samples
    return np.where(2 * wrapped > period_samples, -1.0, 1.0)


def second_harmonics(plan: TonePlan) -> Bins:
    """Bins of 2 f_i; (K,)."""
    return fold(2 * np.asarray(plan.bins, dtype=np.int64), plan.period_samples)


def sums(plan: TonePlan) -> Bins:
    """Bins of f_i + f_j; (K, K), symmetric, the diagonal holds the second harmonics."""
    m = np.asarray(plan.bins, dtype=np.int64)
    return fold(m[:, None] + m[None, :], plan.period_samples)


def differences(plan: TonePlan) -> Bins:
    """Bins of f_i - f_j; (K, K), symmetric after folding, zero on the diagonal."""
    m = np.asarray(plan.bins, dtype=np.int64)
    return fold(m[:, None] - m[None, :], plan.period_samples)


def third_harmonics(plan: TonePlan) -> Bins:
    """Bins of 3 f_k; (K,)."""
    return fold(3 * np.asarray(plan.bins, dtype=np.int64), plan.period_samples)


def compression_lines(plan: TonePlan) -> Bins:
    """Bins of 2 f_j + f_k at [j, k]; (K, K), the diagonal holds the third harmonics.

    With these lines the in-phase amplitude of tone k is corrected for compression:
    A(f_k) + 3 A(3 f_k) + 2 sum_j A(2 f_j + f_k), for a memoryless device and tones in sine phase.
    """
    m = np.asarray(plan.bins, dtype=np.int64)
    return fold(2 * m[:, None] + m[None, :], plan.period_samples)


def second_order_lines(bins: Bins, period_samples: int) -> Bins:
    """Return the K^2 lines of second order, folded: 2 f_i, then f_i + f_j, then f_i - f_j (i < j)."""
    i, j = np.triu_indices(len(bins), 1)
    return fold(np.concatenate([2 * bins, bins[i] + bins[j], bins[i] - bins[j]]), period_samples)


def empty_bins(plan: TonePlan, highest_order: int = 3) -> Bins:
    """Sorted bins that hold no tone, no DC, no Nyquist, no product up to ``highest_order``, no mains or neighbour.

    What is read in them is noise, so the noise at a tone is estimated from those on both sides of it.

    Every product of order n is a product of order n - 1 moved by one tone up or down, so the whole occupied spectrum
    follows from K N byte operations an order, whatever the number of products.

    Parameters
    ----------
    plan:
        Any tuned plan.
    highest_order:
        1 counts the tones alone, 2 adds harmonics and mixing lines, 3 the third order, and so on.
    """
    n = plan.period_samples
    reached = np.zeros(n, dtype=np.bool_)
    reached[0] = True
    occupied = reached.copy()
    for _ in range(highest_order):
        shifted = np.zeros(n, dtype=np.bool_)
        for m in plan.bins:
            shifted[m:] |= reached[: n - m]
            shifted[:m] |= reached[n - m :]
            shifted[: n - m] |= reached[m:]
            shifted[n - m :] |= reached[:m]
        reached = shifted
        occupied |= reached
    half = occupied[: n // 2 + 1]
    if n % 2 == 0:
        half[n // 2] = True
    if plan.mains_hz is not None:
        half[mains_bins(plan.rate_hz, n, plan.mains_hz)] = True
    return np.flatnonzero(~half).astype(np.int64)
