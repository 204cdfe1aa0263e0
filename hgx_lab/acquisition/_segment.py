"""What is on the electrodes for a while."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import AcquisitionError

__all__ = ["Floats", "PlacedSegment", "Segment", "slope_samples"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A slope to new voltages, a wait, and whole base periods that are demodulated.

    Parameters
    ----------
    dc:
        Control voltages, shape (electrodes,), V.
    amplitude:
        Peak amplitude of each tone, shape (tones,), V.
    slope:
        Samples of the straight line from the DC and amplitudes of the segment before to these.
    settle:
        Samples after the slope that aren't demodulated.
    periods:
        Base periods that are demodulated; 0 for none.
    label:
        What the segment is for; it comes back with the reading. The acquisition doesn't look at it.
    awaits_reading:
        Whether what follows is decided by this segment's reading. The outputs are then expected to hold until
        it has been taken in; without it, a schedule that runs dry is a late update.
    """

    dc: Floats
    amplitude: Floats
    slope: int = 0
    settle: int = 0
    periods: int = 0
    label: object = None
    awaits_reading: bool = False

    def __post_init__(self) -> None:
        if min(self.slope, self.settle, self.periods) < 0:
            raise AcquisitionError(
                f"A segment has a negative length: slope {self.slope}, settle {self.settle} samples, "
                f"{self.periods} periods."
            )
        for name in ("dc", "amplitude"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, name, values)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSegment:
    """A segment with its place in the stream; all indices are output samples since the start."""

    segment: Segment
    index: int
    start: int
    period_samples: int

    @property
    def plateau(self) -> int:
        """First sample after the slope."""
        return self.start + self.segment.slope

    @property
    def window_start(self) -> int:
        """First demodulated sample, on the output's count."""
        return self.plateau + self.segment.settle

    @property
    def end(self) -> int:
        """First sample after the segment."""
        return self.window_start + self.segment.periods * self.period_samples

    @property
    def measured_samples(self) -> int:
        """Samples that are integrated."""
        return self.end - self.window_start


def slope_samples(before: Floats, after: Floats, *, slope: float, rate_hz: float) -> int:
    """Samples that the largest move of any electrode takes at ``slope`` V/s; 0 where nothing moves."""
    travel = float(np.max(np.abs(np.asarray(after) - np.asarray(before)), initial=0.0))
    return int(np.ceil(travel / slope * rate_hz * (1 - 1e-12)))
