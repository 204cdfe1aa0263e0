"""The append-only list of segments that the acquisition plays."""

from __future__ import annotations

from collections import deque

import numpy as np

from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment

__all__ = ["Schedule"]


class Schedule:
    """Segments one after the other, each with its first sample; played ones are forgotten.

    It starts with the outputs at ``levels`` (V, shape (electrodes,)) and all tones silent. When it runs dry,
    :meth:`hold` continues the last segment's plateau, so there is always something to play. Not thread-safe:
    the stream that owns it holds its lock.
    """

    def __init__(self, levels: Floats, tones: int, period_samples: int) -> None:
        self._period_samples = period_samples
        self._count = 0
        start = Segment(dc=levels, amplitude=np.zeros(tones), label="start", awaits_reading=True)
        self._before = PlacedSegment(start, -1, 0, period_samples)
        self._placed: deque[PlacedSegment] = deque()

    @property
    def last(self) -> PlacedSegment:
        """The segment that was appended last."""
        return self._placed[-1] if self._placed else self._before

    @property
    def end(self) -> int:
        """First sample that nothing is scheduled for."""
        return self.last.end

    def append(self, segment: Segment) -> PlacedSegment:
        """Place a segment behind the last one."""
        placed = PlacedSegment(segment, self._count, self.end, self._period_samples)
        self._count += 1
        self._placed.append(placed)
        return placed

    def hold(self, samples: int) -> PlacedSegment:
        """Continue the last plateau for some samples."""
        last = self.last.segment
        return self.append(Segment(last.dc, last.amplitude, settle=samples, label="hold", awaits_reading=True))

    def covering(self, sample: int) -> tuple[PlacedSegment, PlacedSegment]:
        """Return the segment that holds ``sample`` and the one before it; forget what lies before these."""
        while self._placed and self._placed[0].end <= sample:
            self._before = self._placed.popleft()
        return self._before, self._placed[0]

    def truncate(self, sample: int, dc: Floats, amplitude: Floats) -> None:
        """Forget everything from ``sample`` on; the outputs stand at these voltages and amplitudes there."""
        self._placed.clear()
        here = Segment(dc, amplitude, label="truncated", awaits_reading=True)
        self._before = PlacedSegment(here, self._count, sample, self._period_samples)
        self._count += 1
