"""Scripted faults as a running card asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.faults import Disconnect, Fault, NanSamples, Overflow, Stall, Underflow

__all__ = ["FaultScript", "StreamFault"]

StreamFault = Underflow | Overflow | Disconnect


class FaultScript:
    """All indices are samples of the card's life."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._enders = sorted((f for f in faults if isinstance(f, StreamFault)), key=lambda f: f.sample)
        self._nans = [f for f in faults if isinstance(f, NanSamples)]
        self._stalls = [[f.sample, f.reads] for f in faults if isinstance(f, Stall)]

    def next_end(self, sample: int) -> StreamFault | None:
        """The first fault at or after ``sample`` that ends the stream."""
        return next((fault for fault in self._enders if fault.sample >= sample), None)

    def spend(self, sample: int, kind: type[StreamFault]) -> None:
        """A stream has ended at ``sample``: a fault that wanted that doesn't happen again."""
        self._enders = [f for f in self._enders if not (f.sample == sample and type(f) is kind)]

    def spoil(self, samples: NDArray[np.float64], start: int) -> None:
        """Put NaN where a fault wants it into input samples (channel, n) that begin at ``start``."""
        for fault in self._nans:
            begin = max(fault.sample - start, 0)
            end = min(fault.sample + fault.count - start, samples.shape[1])
            samples[:, begin : max(begin, end)] = np.nan

    def stalled_at(self, end: int) -> int | None:
        """Where a read up to sample ``end`` is stuck this time, or None; counts as one of the stalled reads."""
        for stall in self._stalls:
            if stall[0] < end and stall[1] > 0:
                stall[1] -= 1
                return stall[0]
        return None
