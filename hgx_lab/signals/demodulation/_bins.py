"""Which bins are read: tones, further lines folded at half the sampling rate, and noise bins around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import SignalError
from hgx_lab.signals.demodulation._noise import neighbours
from hgx_lab.signals.types import Complex

__all__ = ["BinMap"]


@dataclass(frozen=True, slots=True, eq=False)
class BinMap:
    """Unique bins to project on, signals before noise, and where tones and lines are among them."""

    period: int
    bins: tuple[int, ...]
    signals: int
    asked: tuple[int, ...]  # tones and lines as asked for
    index: NDArray[np.intp]  # their places in bins
    tones: NDArray[np.intp]  # the places of the tones alone
    mirrored: NDArray[np.bool_]  # folded to negative frequency

    @classmethod
    def of(cls, tones: Sequence[int], lines: Sequence[int], noise: Sequence[int], period: int) -> BinMap:
        """Check and order the bins of a base period of ``period`` samples."""
        if bad := [m for m in tones if not 0 < m < period / 2]:
            raise SignalError(
                f"tone bins {bad} aren't between 0 and half the base period of {period} samples.",
                remedy="Choose bins m with 0 < m < N/2.",
            )
        if len(tones) == 0 or len(set(tones)) < len(tones):
            raise SignalError(f"tone bins {list(tones)}: there must be at least one, and none twice.")
        folded = [m % period for m in lines]
        if bad := [m for m, f in zip(lines, folded, strict=True) if f == 0 or 2 * f == period]:
            raise SignalError(
                f"lines at bins {bad} fall on DC or on half the sampling rate of a base period of {period} samples.",
                remedy="Ask for lines that have an in-phase and a quadrature part.",
            )
        mirrored = [False] * len(tones) + [2 * f > period for f in folded]
        positive = [int(m) for m in tones] + [min(f, period - f) for f in folded]
        signals = list(dict.fromkeys(positive))
        free = {int(m) for m in noise if 0 < m < period / 2}
        if taken := sorted(free & {int(m) for m in tones}):
            raise SignalError(
                f"noise bins {taken} carry tones.", remedy="Offer bins without signal for the error bars."
            )
        candidates = np.array(sorted(free - set(signals)), np.float64)
        chosen = neighbours(np.array(signals, np.float64), candidates)
        index = np.array([signals.index(m) for m in positive], np.intp)
        return cls(
            period,
            (*signals, *(int(m) for m in chosen)),
            len(signals),
            (*(int(m) for m in tones), *(int(m) for m in lines)),
            index,
            index[: len(tones)],
            np.array(mirrored, np.bool_),
        )

    def phasors(self, amplitudes: Complex, start: int) -> Complex:
        """X + iY (C, K + L) against the stream's counter, from amplitudes (C, signals) from sample ``start`` on."""
        selected = amplitudes[:, self.index]
        selected = np.where(self.mirrored, np.conj(selected), selected)
        start %= self.period
        turns = np.array([m * start % self.period for m in self.asked]) / self.period
        return 1j * selected * np.exp(-2j * np.pi * turns)
