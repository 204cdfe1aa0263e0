"""Which tone is on which electrode in every step of a calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Floats

__all__ = ["CalibrationBank", "calibration_bank", "calibration_bins", "calibration_sequence"]

Integers = NDArray[np.int64]


def calibration_bins(
    count: int, *, rate_hz: float, period_samples: int, lowest_hz: float, highest_hz: float
) -> Integers:
    """``count`` odd bins of the base period, even in the logarithm of frequency; ascending, (count,).

    Odd bins, because every product of even order of a nonlinear device then lands on an even bin, off the tones.
    The price: a delay of half a base period more turns all odd bins by half a turn, so that a calibration can look
    through delays of less than half a base period only.

    Raises
    ------
    SignalError
        The band holds fewer odd bins than asked for, or reaches to half the rate.
    """
    resolution = rate_hz / period_samples
    first = max(math.ceil(lowest_hz / resolution - 1e-9), 1)
    last = math.floor(highest_hz / resolution + 1e-9)
    free = list(range(first | 1, last + 1, 2))
    if not 1 <= count <= len(free) or 2 * last >= period_samples:
        raise SignalError(
            f"{count} calibration tones don't fit between {lowest_hz:g} and {highest_hz:g} Hz: a base period "
            f"of {period_samples} samples at {rate_hz:g} samples/s has {len(free)} odd bins there, and half the "
            f"rate is {rate_hz / 2:g} Hz.",
            remedy="Take a longer base period, a wider band below half the rate, or fewer tones.",
        )
    chosen: list[int] = []
    for wanted in np.geomspace(free[0], free[-1], count):
        nearest = min(free, key=lambda bin_: abs(bin_ - float(wanted)))
        free.remove(nearest)
        chosen.append(nearest)
    return np.array(sorted(chosen), dtype=np.int64)


def calibration_sequence(bins: ArrayLike, electrodes: int, steps: int) -> Integers:
    """Bin of every electrode in every step, (steps, electrodes): one tone each, no bin twice in a step.

    From step to step every electrode moves on by a fixed number of places in the list of bins, the one that
    spreads its ``steps`` different bins most evenly over the whole band.

    Raises
    ------
    SignalError
        Fewer bins than electrodes or than steps, or bins that aren't distinct positive integers.
    """
    given = np.asarray(bins)
    distinct = given.ndim == 1 and np.unique(given).size == given.size
    if not distinct or given.dtype.kind not in "iu" or np.any(given < 1):
        raise SignalError(f"Calibration bins must be distinct positive integers, not {given.tolist()}.")
    if electrodes < 1 or steps < 1 or max(electrodes, steps) > given.size:
        raise SignalError(
            f"{given.size} calibration bins can't serve {electrodes} electrodes in {steps} steps.",
            remedy="Give at least as many bins as there are electrodes, and as there are steps.",
        )
    ordered = np.sort(given).astype(np.int64)
    size = ordered.size

    def evenness(stride: int) -> tuple[int, int]:
        visited = np.sort(np.arange(steps) * stride % size)
        gaps = np.diff(np.append(visited, visited[0] + size))
        return int(np.min(gaps)), -int(np.max(gaps))

    # A stride that visits a bin twice has a gap of 0, and loses to a stride of 1.
    stride = max(range(1, max(size, 2)), key=evenness)
    places = (np.arange(electrodes)[None, :] + stride * np.arange(steps)[:, None]) % size
    return np.ascontiguousarray(ordered[places])


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationBank:
    """A calibration as one fixed bank of T tones, of which some are on in each step.

    A bank tone is a pair of electrode and bin. The bank never changes in a stream; the vector of amplitudes of
    a segment, a row of :meth:`amplitudes`, says which tones are on. Two tones of different electrodes may share
    a bin; they are never on together. Phasors are read at ``bins``; :meth:`pick` finds those of the electrodes.
    """

    sequence: Integers  # (steps, K): bin of every electrode
    bins: Integers  # (B,): distinct bins, ascending
    tone_electrodes: Integers  # (T,)
    tone_bins: Integers  # (T,)

    def frequencies_hz(self, rate_hz: float, period_samples: int) -> Floats:
        """Frequency of every electrode in every step, (steps, K)."""
        return self.sequence.astype(np.float64) * (rate_hz / period_samples)

    def amplitudes(self, electrode_amplitudes: ArrayLike) -> Floats:
        """Volts of every bank tone in every step, (steps, T), from those of the electrodes, (K,) or one."""
        volts = np.broadcast_to(np.asarray(electrode_amplitudes, dtype=np.float64), (self.sequence.shape[1],))
        on = self.sequence[:, self.tone_electrodes] == self.tone_bins
        return on * volts[self.tone_electrodes]

    def pick(self, at_bins: NDArray[np.generic], step: int) -> NDArray[np.generic]:
        """What belongs to the electrodes in a step, (..., K), of values read at all ``bins``, (..., B)."""
        return at_bins[..., np.searchsorted(self.bins, self.sequence[step])]


def calibration_bank(sequence: ArrayLike) -> CalibrationBank:
    """The tone bank of a sequence, (steps, electrodes) of bins, as :func:`calibration_sequence` makes it."""
    table = np.asarray(sequence, dtype=np.int64)
    if table.ndim != 2 or table.size == 0 or any(np.unique(row).size != row.size for row in table):
        raise SignalError(
            f"A calibration sequence of shape {table.shape} must have the axes (steps, electrodes), and no bin "
            "twice in a step."
        )
    electrodes = np.tile(np.arange(table.shape[1], dtype=np.int64), table.shape[0])
    pairs = np.unique(np.stack((electrodes, table.ravel()), axis=1), axis=0)
    return CalibrationBank(
        sequence=table,
        bins=np.unique(table),
        tone_electrodes=np.ascontiguousarray(pairs[:, 0]),
        tone_bins=np.ascontiguousarray(pairs[:, 1]),
    )
