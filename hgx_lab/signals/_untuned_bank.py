"""Synthesis of tones that aren't on the grid of a short base period."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from hgx_lab.errors import TonePlanError
from hgx_lab.signals._synthesis import ToneBank
from hgx_lab.signals.plans import UntunedTones

__all__ = ["untuned_bank"]

#: Longest period on which a tone bank counts samples.
_LONGEST = 2**31 - 1


def untuned_bank(tones: UntunedTones) -> ToneBank:
    """Bank on the shortest period that holds whole cycles of every tone, so that phases stay integers.

    Frequencies are taken as the decimal numbers that were written: 333.3 Hz at 100 kS/s has a period of 10^6
    samples.

    Raises
    ------
    TonePlanError
        That period is longer than a sample counter can be reduced by.
    """
    turns = [Fraction(repr(f)) / Fraction(repr(tones.rate_hz)) for f in tones.frequencies]
    period = lcm(*(t.denominator for t in turns))
    if period > _LONGEST:
        raise TonePlanError(
            f"Tones at {', '.join(f'{f:g}' for f in tones.frequencies)} Hz repeat together only after {period} "
            f"samples; {_LONGEST} can be counted.",
            remedy="Write the frequencies with fewer digits.",
        )
    return ToneBank([int(t * period) for t in turns], period)
