"""Fit bins of a kind into a band: the searches behind each kind of plan."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from hgx_lab.signals.plans._constructions import bose_chowla_cubic, sidon_families
from hgx_lab.signals.plans._exact import OPTIMAL_HESSIAN_BINS, exact_hessian_bins
from hgx_lab.signals.plans._fields import is_prime
from hgx_lab.signals.plans._freedom import has_private_correction, is_hessian, is_second_order_free
from hgx_lab.signals.plans._mains import mains_bins
from hgx_lab.signals.plans._placement import Free, place
from hgx_lab.signals.plans._products import Bins

__all__ = ["MadeKind", "fit", "free_bins"]

MadeKind = Literal["octave", "contiguous", "hessian", "metrology"]

_OCTAVE_TRIES = 200  # starts tried where products fold onto tones
_EXACT_NODES = 100_000  # partial sets of an exact search among free bins: a fraction of a second
_LARGEST_EXACT = 7


def free_bins(rate_hz: float, period_samples: int, band_hz: tuple[float, float], mains_hz: float | None) -> Free:
    """Bins of the band that a tone may use: ``free[m]`` for m from 0 to the last bin of the band below Nyquist."""
    low, high = (edge * period_samples / rate_hz for edge in band_hz)
    lowest = max(1, math.ceil(low - 1e-9))
    highest = min((period_samples - 1) // 2, math.floor(high + 1e-9))
    free = np.zeros(max(highest, 0) + 1, dtype=np.bool_)
    free[lowest:] = True
    if mains_hz is not None:
        blocked = mains_bins(rate_hz, period_samples, mains_hz)
        free[blocked[blocked < len(free)]] = False
    return free


def fit(
    kind: MadeKind, count: int, free: Free, period_samples: int, strides: tuple[int, ...]
) -> tuple[int, ...] | None:
    """Return bins of the kind on the first of the grids (multiples of a stride) that has room, or None."""
    search = {"octave": _octave, "contiguous": _contiguous, "hessian": _hessian, "metrology": _metrology}[kind]
    for stride in strides:
        grid = free[::stride]
        if np.count_nonzero(grid) >= count:
            bins = search(count, grid, stride, period_samples)
            if bins is not None:
                return tuple((bins * stride).tolist())
    return None


def _contiguous(count: int, free: Free, stride: int, n: int) -> Bins | None:
    return np.flatnonzero(free)[:count].astype(np.int64)


def _octave(count: int, free: Free, stride: int, n: int) -> Bins | None:
    usable = np.flatnonzero(free).astype(np.int64)
    starts = np.flatnonzero(usable[count - 1 :] < 2 * usable[: len(usable) - count + 1])[:_OCTAVE_TRIES]
    within = [usable[i : i + count] for i in starts.tolist()]
    odd_bins = usable[usable % 2 == 1]
    odd = [odd_bins[i : i + count] for i in range(min(len(odd_bins) - count + 1, _OCTAVE_TRIES))]
    begins_above_knee = int(np.flatnonzero(free)[0]) > count
    for bins in [*odd, *within] if begins_above_knee else [*within, *odd]:
        if is_second_order_free(stride * bins, n):
            return bins
    return None


def _hessian(count: int, free: Free, stride: int, n: int) -> Bins | None:
    def accept(bins: Bins) -> bool:
        return is_hessian(stride * bins, n)

    optimal = np.asarray(OPTIMAL_HESSIAN_BINS.get(count, ()), dtype=np.int64)
    if len(optimal) and len(free) <= optimal[-1] and _nothing_folds(free, stride, n):
        return None  # the table is proven: no smaller set exists
    if len(optimal) and len(free) > optimal[-1] and free[optimal].all() and accept(optimal):
        return optimal
    if len(free) <= _shortest_distinct_differences(count) / 2:
        return None
    exact = _exact(count, free) if count <= _LARGEST_EXACT else None
    if exact is not None and accept(exact):
        return exact
    families = sidon_families(count) if count <= 100 else sidon_families(count)[:1]
    upright = free[: (n - 1) // (4 * stride) + 1]  # from there no product of third order folds onto a tone
    if upright.any():
        best = place(count, upright, families, accept, windows=1200 if count <= 64 else 600, shifts=1)
        if best is not None or len(upright) == len(free):
            return best
    # Products that fold are a matter of luck, which large sets don't have.
    if count > 40:
        return None
    return place(count, free, families[:3], accept, windows=200 if count <= 16 else 50, shifts=10)


def _nothing_folds(free: Free, stride: int, n: int) -> bool:
    return 4 * stride * (len(free) - 1) < n


def _shortest_distinct_differences(count: int) -> float:
    """Lower bound of the length of a set of distinct differences (Lindström 1969)."""
    return count**2 - 2 * count * math.sqrt(count) + math.sqrt(count) - 2


def _exact(count: int, free: Free) -> Bins | None:
    """Free bins with the smallest possible largest bin; None when that would take long."""
    usable = np.flatnonzero(free).tolist()[: 40 * count]
    allowed = sum(1 << m for m in usable)
    nodes = _EXACT_NODES
    for largest in usable[count - 1 :]:
        bins, used = exact_hessian_bins(count, largest, allowed, max_nodes=nodes)
        if bins is not None:
            return np.array(bins, dtype=np.int64)
        nodes -= used
        if nodes <= 0:
            return None
    return None


def _metrology(count: int, free: Free, stride: int, n: int) -> Bins | None:
    if len(free) < (0.4 if count <= 16 else 0.9) * count**3:  # below what the construction reaches
        return None

    def accept(bins: Bins) -> bool:
        return is_hessian(stride * bins, n) and has_private_correction(stride * bins, n)

    prime = next(p for p in range(count, 2 * count + 1) if is_prime(p))
    windows, shifts = (100, 30) if count <= 10 else (10, 30) if count <= 24 else (2, 15)
    return place(count, free, [bose_chowla_cubic(prime)], accept, windows=windows, shifts=shifts)
