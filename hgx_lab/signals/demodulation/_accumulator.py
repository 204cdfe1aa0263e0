"""The running state of one window: samples in, Fourier sums of its groups of base periods out."""

from __future__ import annotations

import numpy as np

from hgx_lab.signals.demodulation._layout import WindowLayout
from hgx_lab.signals.demodulation._projection import Projection
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Accumulator"]

#: Samples handled at once: copy and extremes then read them from the first- and second-level caches.
_STRIDE = 16384


class Accumulator:
    """Copies samples into a group buffer; sums a full group over its periods; projects groups in batches.

    Every sum runs over a full buffer whose contents don't depend on how the stream was cut into blocks, so
    the results don't either, to the last bit. Tuned tones repeat every base period, so the sum over periods
    keeps all there is to know about them and costs one addition a sample, whatever the number of tones.
    """

    def __init__(
        self, layout: WindowLayout, projection: Projection, bins: int, channels: int, *, moments: bool = False
    ) -> None:
        self._layout = layout
        self._projection = projection
        shape = (layout.batch, channels, projection.width)
        self._folded: Floats = np.zeros(shape)
        self._raw: Floats = np.empty((channels, layout.group_samples if layout.group_periods > 1 else 0))
        self._ramp: Floats = np.arange(layout.period_samples, dtype=np.float64)
        self._reduced: list[Floats] = []
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
        self.minimum.fill(np.inf)
        self.maximum.fill(-np.inf)

    def take(self, block: Floats, offset: int) -> None:
        """Samples (C, n) of the window from its sample ``offset`` on; they follow the previous ones."""
        layout = self._layout
        done = 0
        while done < block.shape[1]:
            within = (offset + done) % layout.group_samples
            left_in_window = layout.samples - (offset + done - within)
            group_samples = min(layout.group_samples, left_in_window)
            size = min(block.shape[1] - done, group_samples - within, _STRIDE)
            part = block[:, done : done + size]
            np.minimum(self.minimum, part.min(axis=1), out=self.minimum)
            np.maximum(self.maximum, part.max(axis=1), out=self.maximum)
            if layout.group_periods > 1:
                self._raw[:, within : within + size] = part
            else:
                self._folded[self._group % layout.batch, :, within : within + size] = part
            done += size
            if within + size == group_samples:
                self._finish_group(group_samples // layout.period_samples)

    def _finish_group(self, periods: int) -> None:
        layout = self._layout
        group, slot = self._group, self._group % layout.batch
        folded = self._folded[slot, :, : layout.period_samples]
        raw = self._raw[:, : periods * layout.period_samples].reshape(len(folded), -1, layout.period_samples)
        if layout.group_periods > 1:
            np.add.reduce(raw, axis=1, out=folded)
        self.totals[group] = folded.sum(axis=1)
        if self.moments is not None:
            self.moments[group] = folded @ self._ramp + group * layout.group_samples * self.totals[group]
            if layout.group_periods > 1:
                self.moments[group] += raw.sum(axis=2) @ (np.arange(periods) * layout.period_samples)
        self._group += 1
        complete = self._group == layout.groups
        if slot == layout.batch - 1 or complete:
            rows = self._folded[: slot + 1].reshape(-1, self._folded.shape[2])
            self._reduced.append(self._projection.reduce(rows))
        if self._group - self._finished == layout.finished_together or complete:
            sums = self._projection.finish(np.concatenate(self._reduced))
            self.sums[self._finished : self._group] = sums.reshape(-1, *self.sums.shape[1:])
            self._finished = self._group
            self._reduced.clear()
