"""Check tones that a person chose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, overload

from hgx_lab.errors import TonePlanError
from hgx_lab.signals.plans._plan import TonePlan, UntunedTones

__all__ = ["check_tones"]

_TUNED_WITHIN = 1e-6  # bins: a cross-talk of about 1e-6
_LONGEST = 20  # times the period asked for, of a period proposed


@overload
def check_tones(
    frequencies_hz: Sequence[float],
    rate_hz: float,
    period_samples: int,
    *,
    mains_hz: float | None = 50.0,
    bridge: Literal[False] = False,
) -> TonePlan: ...


@overload
def check_tones(
    frequencies_hz: Sequence[float],
    rate_hz: float,
    period_samples: int,
    *,
    mains_hz: float | None = 50.0,
    bridge: bool,
) -> TonePlan | UntunedTones: ...


def check_tones(
    frequencies_hz: Sequence[float],
    rate_hz: float,
    period_samples: int,
    *,
    mains_hz: float | None = 50.0,
    bridge: bool = False,
) -> TonePlan | UntunedTones:
    """Plan of kind "manual" from frequencies given by hand, in the order given.

    Collisions and tones on mains aren't refused: :func:`certify` lists them.

    Parameters
    ----------
    frequencies_hz:
        K frequencies in Hz, distinct, between 0 and half the rate.
    rate_hz, period_samples:
        Sampling rate in Hz and base period in samples.
    mains_hz:
        Mains frequency the certificate looks at, or None.
    bridge:
        Return untuned tones as :class:`UntunedTones`, for joint least squares, rather than refuse them.

    Raises
    ------
    TonePlanError
        When frequencies are repeated, out of range, or (without ``bridge``) not a whole number of periods in the base
        period; with the nearest tuned plan, and the base period nearest to the given one that tunes them all, if one
        of up to 20 times its length does.
    """
    frequencies = [float(f) for f in frequencies_hz]
    TonePlan("manual", rate_hz, period_samples, (1,), mains_hz)  # refuses a bad rate, period or mains
    outside = [k for k, f in enumerate(frequencies) if not 0 < f < rate_hz / 2]
    if outside or not frequencies:
        raise TonePlanError(
            "No tone is given."
            if not frequencies
            else f"{_list(outside, frequencies)} not between 0 and half the sampling rate, {rate_hz / 2:g} Hz.",
            remedy="Give frequencies in that range.",
        )
    repeated = [k for k, f in enumerate(frequencies) if frequencies.count(f) > 1]
    if repeated:
        raise TonePlanError(
            f"{_list(repeated, frequencies)} the same frequency twice.", remedy="Give each tone its own frequency."
        )
    positions = [f * period_samples / rate_hz for f in frequencies]
    untuned = [k for k, x in enumerate(positions) if abs(x - round(x)) > _TUNED_WITHIN]
    if not untuned:
        return TonePlan("manual", rate_hz, period_samples, tuple(round(x) for x in positions), mains_hz)
    if bridge:
        return UntunedTones(rate_hz, tuple(frequencies))
    raise TonePlanError(
        f"{_list(untuned, frequencies)} untuned: not a multiple of {rate_hz / period_samples:g} Hz, so not a "
        f"whole number of periods in {period_samples} samples.",
        remedy=_remedy(frequencies, positions, rate_hz, period_samples),
    )


def _list(tones: list[int], frequencies: list[float]) -> str:
    named = ", ".join(f"tone {k} ({frequencies[k]:g} Hz)" for k in tones)
    return f"{named} {'is' if len(tones) == 1 else 'are'}"


def _remedy(frequencies: list[float], positions: list[float], rate_hz: float, period_samples: int) -> str:
    proposals: list[str] = []
    bins = _nearest_bins(positions, period_samples)
    if bins is not None:
        tuned = ", ".join(f"{m * rate_hz / period_samples:.9g}" for m in bins)
        proposals.append(f"use {tuned} Hz, the nearest tuned plan")
    period = _tuning_period(frequencies, rate_hz, period_samples)
    if period is not None:
        proposals.append(f"use a base period of {period} samples ({period / rate_hz:g} s), which tunes all of them")
    proposals.append("ask for joint least squares (bridge)")
    text = "; or ".join(proposals)
    return f"{text[0].upper()}{text[1:]}."


def _nearest_bins(positions: list[float], period_samples: int) -> list[int] | None:
    """Distinct bins near the positions: the tone nearest to a bin takes it first. None when there are too few bins."""
    highest = (period_samples - 1) // 2
    if highest < len(positions):
        return None
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for k in sorted(range(len(positions)), key=lambda k: abs(positions[k] - round(positions[k]))):
        x = positions[k]
        reach = range(max(1, round(x) - len(positions)), min(highest, round(x) + len(positions)) + 1)
        chosen[k] = min((m for m in reach if m not in taken), key=lambda m: abs(m - x))
        taken.add(chosen[k])
    return [chosen[k] for k in range(len(positions))]


def _tuning_period(frequencies: list[float], rate_hz: float, period_samples: int) -> int | None:
    """Period nearest to the given one that holds whole periods of every tone, taking decimals as exact."""
    rate = Fraction(repr(float(rate_hz)))
    unit = math.lcm(*((Fraction(repr(f)) / rate).denominator for f in frequencies))
    period = unit * max(1, round(period_samples / unit))
    return period if period <= _LONGEST * period_samples else None
