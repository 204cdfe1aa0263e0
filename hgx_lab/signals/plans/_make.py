"""Make a tone plan of a kind for K tones, a rate, a base period and a band."""

from __future__ import annotations

import math

import numpy as np

from hgx_lab.errors import TonePlanError
from hgx_lab.signals.plans._fit import MadeKind, fit, free_bins
from hgx_lab.signals.plans._plan import TonePlan

__all__ = ["MAX_TONES", "MadeKind", "make_plan"]

#: Most tones a plan is made for.
MAX_TONES = 200
_STRIDES = (4, 3, 2, 1)  # the wide grids first: bins off the grid stay empty and show the noise
_LONGEST_PERIOD = 1 << 23  # samples, of a period proposed as remedy
_TRIES = 12
_MOST_METROLOGY = 64  # K^2 private lines of third order take about 1.5 K^3 bins


def make_plan(
    kind: MadeKind,
    count: int,
    *,
    rate_hz: float,
    period_samples: int,
    band_hz: tuple[float, float],
    mains_hz: float | None = 50.0,
    stride: int | None = None,
) -> TonePlan:
    """Plan of ``count`` tones in ascending bins, none on mains or a neighbour; its certificate holds for its kind.

    ``octave``
        No product of second order on a tone: max < 2 min, as bins K..2K-1; where the band begins above bin K (above the
        1/f knee), odd bins, whose products of *every* even order fall on even bins.
    ``contiguous``
        The lowest free bins of the band, side by side: the densest plan; products fall where they fall.
    ``hessian``
        No product of second or third order on a tone but the compression terms, and a bin of its own for every
        2 f_i and f_i +- f_j. Up to K = 10 the smallest largest bin there is, where band and mains leave those bins
        free. Lines of second order aren't kept apart from products of third order: with a memoryless device and
        tones in sine phase the former are cosines, the latter sines.
    ``metrology``
        hessian, and a bin of its own, among everything up to third order, for every 3 f_k and 2 f_j + f_k.

    Parameters
    ----------
    kind, count:
        The kind, and the number of tones: 2 to 200, for metrology 2 to 64.
    rate_hz, period_samples:
        Sampling rate in Hz and base period N in samples: tones are multiples of rate_hz / period_samples.
    band_hz:
        Lowest and highest frequency of a tone, in Hz.
    mains_hz:
        Mains frequency whose first 20 harmonics are avoided, with their neighbour bins; None: mains are ignored.
    stride:
        All bins are multiples of it. From 2 on the bins between the multiples stay empty (where nothing folds), so
        that the noise can be read on both sides of each tone. None: the widest of 4, 3, 2, 1 that fits.

    Raises
    ------
    TonePlanError
        When there is no room; with the numbers, and a base period that would do.
    """
    if not 2 <= count <= MAX_TONES:
        raise TonePlanError(f"A plan of {count} tones can't be made.", remedy=f"Ask for 2 to {MAX_TONES}.")
    if kind == "metrology" and count > _MOST_METROLOGY:
        raise TonePlanError(
            f"A metrology plan of {count} tones needs more than {count**3} bins.",
            remedy=f"Ask for at most {_MOST_METROLOGY} tones, or for a hessian plan.",
        )
    low, high = band_hz
    if not (0 <= low < high and math.isfinite(high)):
        raise TonePlanError(f"The band {low:g} to {high:g} Hz is no band.", remedy="Give 0 <= low < high, in Hz.")
    if stride is not None and stride < 1:
        raise TonePlanError(f"A stride of {stride} bins can't be used.", remedy="Give a stride of at least 1.")
    TonePlan("manual", rate_hz, period_samples, (1,), mains_hz)  # refuses a bad rate, period or mains
    strides = _STRIDES if stride is None else (stride,)
    bins = fit(kind, count, free_bins(rate_hz, period_samples, band_hz, mains_hz), period_samples, strides)
    if bins is not None:
        return TonePlan(kind, rate_hz, period_samples, bins, mains_hz)
    free = free_bins(rate_hz, period_samples, band_hz, mains_hz)
    longer = _longer_period(kind, count, rate_hz, period_samples, band_hz, mains_hz, strides[-1])
    mains = "" if mains_hz is None else f" off the lines of {mains_hz:g} Hz mains"
    raise TonePlanError(
        f"No {kind} plan of {count} tones was found between {low:g} and {high:g} Hz with a base period "
        f"of {period_samples} samples ({period_samples / rate_hz:g} s): there are {np.count_nonzero(free)} bins of "
        f"{rate_hz / period_samples:g} Hz{mains} below Nyquist.",
        remedy=f"Use a base period of {longer} samples ({longer / rate_hz:g} s), for which there is one."
        if longer
        else "Widen the band, or ask for fewer tones or a less demanding kind: no base period up to "
        f"{_LONGEST_PERIOD} samples was found that would do.",
    )


def _longer_period(
    kind: MadeKind,
    count: int,
    rate_hz: float,
    period_samples: int,
    band_hz: tuple[float, float],
    mains_hz: float | None,
    stride: int,
) -> int | None:
    """Return a longer period, of two significant digits, with which the plan was made; None when none was found."""
    top_hz = min(band_hz[1], rate_hz / 2)
    least = stride * {"octave": 1, "contiguous": 1, "hessian": count**2, "metrology": count**3 // 2}[kind]
    # Above a quarter of the rate products fold onto tones: the constructions stay below.
    top_hz = min(top_hz, rate_hz / 4) if kind in ("hessian", "metrology") else top_hz
    period = _round_up(max(period_samples + 1, math.ceil(least * rate_hz / top_hz)))
    for _ in range(_TRIES):
        if period > _LONGEST_PERIOD:
            return None
        if fit(kind, count, free_bins(rate_hz, period, band_hz, mains_hz), period, (stride,)) is not None:
            return period
        period = _round_up(math.ceil(period * 1.4))
    return None


def _round_up(samples: int) -> int:
    unit = 10 ** max(0, len(str(samples)) - 2)
    return -(-samples // unit) * unit
