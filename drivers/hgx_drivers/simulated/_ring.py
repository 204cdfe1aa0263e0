"""A preallocated first-in first-out buffer of samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleRing"]

Floats = NDArray[np.float64]


class SampleRing:
    """At most ``capacity`` samples of ``channels`` channels, shape (channel, sample). The caller keeps the count.

    ``pushed`` and ``popped`` are totals per channel; their difference is what is in the buffer.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        self._data = np.zeros((channels, capacity))
        self._capacity = capacity
        self.pushed = 0
        self.popped = 0

    @property
    def filled(self) -> int:
        """Samples per channel in the buffer."""
        return self.pushed - self.popped

    @property
    def free(self) -> int:
        """Samples per channel that still fit."""
        return self._capacity - self.filled

    def push(self, samples: Floats) -> None:
        """Append (channels, n) samples; n must not exceed ``free``."""
        taken = 0
        for piece in self._pieces(self.pushed, samples.shape[1]):
            width = piece.shape[1]
            piece[...] = samples[:, taken : taken + width]
            taken += width
        self.pushed += taken

    def pop_into(self, out: Floats) -> None:
        """Fill ``out``, shape (channels, n), with the oldest samples; n must not exceed ``filled``."""
        given = 0
        for piece in self._pieces(self.popped, out.shape[1]):
            width = piece.shape[1]
            out[:, given : given + width] = piece
            given += width
        self.popped += given

    def pop_views(self, count: int) -> Iterator[Floats]:
        """The oldest ``count`` samples as at most two views, each gone from the buffer once the next is asked for."""
        for piece in self._pieces(self.popped, count):
            yield piece
            self.popped += piece.shape[1]

    def _pieces(self, index: int, count: int) -> Iterator[Floats]:
        while count > 0:
            begin = index % self._capacity
            width = min(count, self._capacity - begin)
            yield self._data[:, begin : begin + width]
            index += width
            count -= width
