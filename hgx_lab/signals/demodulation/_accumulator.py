"""The running state of one window: samples in, Fourier sums of its groups of base periods out."""

from __future__ import annotations

import numpy as np

from hgx_lab.signals.demodulation._layout import WindowLayout
from hgx_lab.signals.demodulation._projection import Projection
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Accumulator"]

#: Samples handled at once: copy and extremes then read them from the first- and second-level caches.
_STRIDE = 32768


class Accumulator:
    """Gathers samples in a buffer the caches hold, and reduces it when it is full.

    The buffer is a group of base periods, which is summed over them; or a batch of single base periods;
    or, where a base period is too long, a span of it. Every sum runs over a full buffer whose contents
    don't depend on how the stream was cut into blocks, so the results don't either, to the last bit. Tuned
    tones repeat every base period, so the sum over periods keeps all there is to know about them and costs one
    addition a sample, whatever the number of tones.
    """

    def __init__(
        self, layout: WindowLayout, projection: Projection, bins: int, channels: int, *, moments: bool = False
    ) -> None:
        self._layout = layout
        self._projection = projection
        self._spans = projection.span < layout.period_samples
        self._rows: Floats = np.zeros((layout.batch, channels, projection.span))
        self._group_samples: Floats = np.empty((channels, layout.group_samples if layout.group_periods > 1 else 0))
        self._ramp: Floats = np.arange(layout.period_samples, dtype=np.float64)
        self._reduced: list[Floats] = []
        self._reduced_spans: list[Floats] = []
        #: Fourier sums and sums of the samples, per group.
        self.sums: Complex = np.empty((layout.groups, channels, bins), np.complex128)
        self.totals: Floats = np.empty((layout.groups, channels))
        #: Sum of sample index times sample per group, for the drift; None: not wanted.
        self.moments: Floats | None = np.empty_like(self.totals) if moments else None
        #: Extremes of the samples so far.
        self.minimum: Floats = np.empty(channels)
        self.maximum: Floats = np.empty(channels)
        self.begin()

    def begin(self) -> None:
        """Start a new window."""
        self._group = 0
        self._finished = 0
        self._reduced.clear()
        self._reduced_spans.clear()
        self.totals.fill(0.0)
        if self.moments is not None:
            self.moments.fill(0.0)
        self.minimum.fill(np.inf)
        self.maximum.fill(-np.inf)

    def take(self, block: Floats, offset: int) -> None:
        """Samples (C, n) of the window from its sample ``offset`` on; they follow the previous ones."""
        layout = self._layout
        done = 0
        while done < block.shape[1]:
            within = (offset + done) % layout.group_samples
            group_end = min(layout.group_samples, layout.samples - (offset + done - within))
            first, end = 0, group_end
            if self._spans:
                first = within - within % self._projection.span
                end = min(first + self._projection.span, group_end)
            size = min(block.shape[1] - done, end - within, _STRIDE)
            part = block[:, done : done + size]
            np.minimum(self.minimum, np.minimum.reduce(part, axis=1), out=self.minimum)
            np.maximum(self.maximum, np.maximum.reduce(part, axis=1), out=self.maximum)
            buffer = self._group_samples if layout.group_periods > 1 else self._rows[self._group % layout.batch]
            buffer[:, within - first : within - first + size] = part
            done += size
            if within + size == end:
                self._reduce_buffer(first, end)

    def _reduce_buffer(self, first: int, end: int) -> None:
        """The buffer holds samples ``first .. end - 1`` of the group."""
        layout = self._layout
        group, slot = self._group, self._group % layout.batch
        row = self._rows[slot, :, : min(end - first, layout.period_samples)]
        if layout.group_periods > 1:
            periods = self._group_samples[:, :end].reshape(len(row), -1, layout.period_samples)
            np.add.reduce(periods, axis=1, out=row)
            if self.moments is not None:
                starts = np.arange(periods.shape[1]) * layout.period_samples
                self.moments[group] = periods.sum(axis=2) @ starts
        total = row.sum(axis=1)
        self.totals[group] += total
        if self.moments is not None:
            index = group * layout.group_samples + first
            self.moments[group] += row @ self._ramp[: row.shape[1]] + index * total
        if self._spans:
            self._rows[slot, :, row.shape[1] :] = 0.0
            self._reduced_spans.append(self._projection.reduce(self._rows[slot]))
            if end < layout.period_samples:
                return
            self._reduced.append(np.concatenate(self._reduced_spans, axis=1))
            self._reduced_spans.clear()
        elif slot == layout.batch - 1 or group == layout.groups - 1:
            rows = self._rows[: slot + 1].reshape(-1, self._rows.shape[2])
            self._reduced.append(self._projection.reduce(rows))
        self._group += 1
        self._finish_groups()

    def _finish_groups(self) -> None:
        waiting = self._group - self._finished
        if waiting == self._layout.finished_together or self._group == self._layout.groups:
            sums = self._projection.finish(np.concatenate(self._reduced))
            self.sums[self._finished : self._group] = sums.reshape(-1, *self.sums.shape[1:])
            self._finished = self._group
            self._reduced.clear()
