"""Turns the schedule into samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hgx_lab.acquisition._schedule import Schedule
from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment

__all__ = ["Player", "Waves"]


class Waves(Protocol):
    """What the player needs of a tone bank: its sines added onto a block of samples."""

    def add(
        self,
        block: Floats,
        start: int,
        amplitudes: Floats,
        electrode_of_tone: Sequence[int],
        amplitudes_end: Floats | None = None,
    ) -> None:
        """Add a_k sin(2 pi m_k n / N) onto row ``electrode_of_tone[k]`` of ``block``, n counting from ``start``.

        With ``amplitudes_end`` the amplitudes run linearly to these at the sample after the block.
        """
        ...


class Player:
    """Renders a schedule in order, block after block.

    Parameters
    ----------
    schedule:
        What to play.
    bank:
        The tones' unit sines.
    electrode_of_tone:
        For each tone the electrode it rides on.
    """

    def __init__(self, schedule: Schedule, bank: Waves, electrode_of_tone: Sequence[int]) -> None:
        self._schedule = schedule
        self._bank = bank
        self._electrode_of_tone = tuple(electrode_of_tone)
        last = schedule.last.segment
        self._last_begun = -1
        self.begun: list[PlacedSegment] = []
        self.dc: Floats = last.dc
        self.amplitude: Floats = last.amplitude

    def render(self, start: int, out: Floats) -> None:
        """Fill ``out``, shape (electrodes, n), with samples from ``start``; the schedule reaches that far.

        Afterwards ``dc`` and ``amplitude`` are those of the last sample, so that a ramp can start there, and
        ``begun`` has got the segments whose first sample was made; whoever reads it empties it.
        """
        done = 0
        while done < out.shape[1]:
            before, here = self._schedule.covering(start + done)
            if here.index > self._last_begun:
                self._last_begun = here.index
                self.begun.append(here)
            into = start + done - here.start
            if into < here.segment.slope:
                count = min(here.segment.slope - into, out.shape[1] - done)
                self._slope(before.segment, here.segment, into, start + done, out[:, done : done + count])
            else:
                count = min(here.end - start - done, out.shape[1] - done)
                self._plateau(here.segment, start + done, out[:, done : done + count])
            done += count

    def _slope(self, before: Segment, target: Segment, into: int, start: int, out: Floats) -> None:
        count = out.shape[1]

        def on_the_way(a: Floats, b: Floats, steps: int) -> Floats:
            return a + (b - a) * (steps / target.slope)

        way = np.arange(into + 1, into + count + 1, dtype=np.float64) / target.slope
        np.multiply((target.dc - before.dc)[:, None], way, out=out)
        out += before.dc[:, None]
        arrived = into + count == target.slope
        if arrived:
            # Exactly: half a rounding further out would be a move outwards, which the guard refuses beyond a limit.
            out[:, -1] = target.dc
        if before.amplitude.any() or target.amplitude.any():
            self._bank.add(
                out,
                start,
                on_the_way(before.amplitude, target.amplitude, into + 1),
                self._electrode_of_tone,
                on_the_way(before.amplitude, target.amplitude, into + count + 1),
            )
        self.dc = target.dc if arrived else on_the_way(before.dc, target.dc, into + count)
        self.amplitude = on_the_way(before.amplitude, target.amplitude, into + count)

    def _plateau(self, target: Segment, start: int, out: Floats) -> None:
        out[:] = target.dc[:, None]
        if target.amplitude.any():  # the way to rest needs no synthesis, which may be what failed
            self._bank.add(out, start, target.amplitude, self._electrode_of_tone)
        self.dc, self.amplitude = target.dc, target.amplitude
