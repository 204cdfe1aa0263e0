"""Plays cases on the stream and gathers what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hgx_lab.acquisition import Message, PlacedSegment, Reading, Segment, Stream
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.tasks import CaseOrder
from hgx_lab.learning.training._results import CaseLabel

__all__ = ["CasePlayer", "Timing"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How a case is played.

    Parameters
    ----------
    slope:
        Speed of every move of DC and amplitude, V/s.
    settle:
        Samples between the end of the slope and the window.
    periods:
        Base periods that are demodulated.
    order:
        Order of the cases in an iteration.
    update:
        ``in-flight``: the next iteration plays while this one is evaluated, nothing stands still, and a
        gradient takes effect one iteration later. ``wait``: the outputs hold until the update is known.
    playback:
        ``continuous``, or ``ramped``: every iteration begins and ends at rest (and then waits).
    """

    slope: float
    settle: int
    periods: int
    order: CaseOrder = "sequential"
    update: Literal["in-flight", "wait"] = "in-flight"
    playback: Literal["continuous", "ramped"] = "continuous"


class CasePlayer:
    """The trainer's hands on the stream: schedules plateaus, and collects their readings by label."""

    def __init__(self, stream: Stream, timing: Timing, hear: Callable[[Message], None]) -> None:
        self._stream, self._timing, self._hear = stream, timing, hear
        self._readings: dict[CaseLabel, Reading] = {}

    def play(
        self, dc: Floats, amplitude: Floats, label: CaseLabel, *, periods: int, settle: int, awaits_reading: bool
    ) -> PlacedSegment:
        """Schedule one case behind what is scheduled already."""
        return self._stream.append(
            Segment(
                dc,
                amplitude,
                slope=self._stream.slope_to(dc, amplitude, self._timing.slope),
                settle=settle,
                periods=periods,
                label=label,
                awaits_reading=awaits_reading,
            )
        )

    def rest(self) -> PlacedSegment:
        """Schedule the way to rest, for records that begin and end there."""
        rest = self._stream.plan.rest_volts
        silent = np.zeros_like(self._stream.last.segment.amplitude)
        slope = self._stream.slope_to(rest, silent, self._timing.slope)
        return self._stream.append(Segment(rest, silent, slope=slope, awaits_reading=True))

    def boundary(self) -> int:
        """Say that an iteration is complete, where the run may be paused; the samples that passed in a pause."""
        return self._stream.boundary(self._take)

    def _take(self, message: Message) -> None:
        self._hear(message)
        if isinstance(message, Reading) and isinstance(label := message.placed.segment.label, CaseLabel):
            self._readings[label] = message

    def collect(self, labels: Iterable[CaseLabel]) -> list[Reading]:
        """Wait for the readings of these labels, in their order; other messages are passed on meanwhile."""
        wanted = list(labels)
        missing = {label for label in wanted if label not in self._readings}
        while missing:
            self._take(self._stream.next())
            missing -= self._readings.keys()
        return [self._readings.pop(label) for label in wanted]
