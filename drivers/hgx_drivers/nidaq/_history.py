"""The samples written last, from which the level at the terminals is known once the card says how many have left."""

from __future__ import annotations

import numpy as np

from hgx_drivers.interface import Volts

__all__ = ["History"]


class History:
    """A ring of the last ``capacity`` samples of ``channels`` channels, counted from 0."""

    def __init__(self, channels: int, capacity: int) -> None:
        self._ring = np.empty((channels, capacity))
        self.written = 0

    def append(self, samples: Volts) -> None:
        """Take in samples, shape (channels, n)."""
        capacity = self._ring.shape[1]
        count = samples.shape[1]
        kept = samples[:, -capacity:]
        begin = (self.written + count - kept.shape[1]) % capacity
        first = min(kept.shape[1], capacity - begin)
        self._ring[:, begin : begin + first] = kept[:, :first]
        self._ring[:, : kept.shape[1] - first] = kept[:, first:]
        self.written += count

    def sample(self, index: int) -> Volts:
        """Sample ``index``, shape (channels,); NaN where it isn't kept any more or never was written."""
        channels, capacity = self._ring.shape
        if not max(0, self.written - capacity) <= index < self.written:
            return np.full(channels, np.nan)
        return self._ring[:, index % capacity].copy()
