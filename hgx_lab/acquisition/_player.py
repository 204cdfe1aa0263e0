"""Turns the schedule into samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hgx_lab.acquisition._schedule import Schedule
from hgx_lab.acquisition._segment import Floats

__all__ = ["Player", "Waves"]


class Waves(Protocol):
    """Unit sines by sample index: what the player needs of a tone bank."""

    def waves(self, start: int, count: int) -> Floats:
        """Return sin(2 pi m_k n / N), shape (tones, count), for n from ``start``; not to be written to."""
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
        self.dc: Floats = last.dc
        self.amplitude: Floats = last.amplitude

    def render(self, start: int, out: Floats) -> None:
        """Fill ``out``, shape (electrodes, n), with samples from ``start``; the schedule reaches that far.

        Afterwards ``dc`` and ``amplitude`` are those of the last sample, so that a ramp can start there.
        """
        waves = self._bank.waves(start, out.shape[1])
        done = 0
        while done < out.shape[1]:
            before, here = self._schedule.covering(start + done)
            into = start + done - here.start
            target = here.segment
            if into < target.slope:
                count = min(target.slope - into, out.shape[1] - done)
                way = np.arange(into + 1, into + count + 1) / target.slope
                piece = slice(done, done + count)
                self._ramp(before.segment.dc, before.segment.amplitude, target.dc, target.amplitude, way)
                np.multiply(target.dc[:, None] - before.segment.dc[:, None], way, out=out[:, piece])
                out[:, piece] += before.segment.dc[:, None]
                for tone, electrode in enumerate(self._electrode_of_tone):
                    a0, a1 = before.segment.amplitude[tone], target.amplitude[tone]
                    if a0 or a1:
                        out[electrode, piece] += (a0 + (a1 - a0) * way) * waves[tone, piece]
            else:
                count = min(here.end - start - done, out.shape[1] - done)
                piece = slice(done, done + count)
                out[:, piece] = target.dc[:, None]
                for tone, electrode in enumerate(self._electrode_of_tone):
                    if a := target.amplitude[tone]:
                        out[electrode, piece] += a * waves[tone, piece]
                self.dc, self.amplitude = target.dc, target.amplitude
            done += count

    def _ramp(self, dc0: Floats, a0: Floats, dc1: Floats, a1: Floats, way: Floats) -> None:
        self.dc = dc0 + (dc1 - dc0) * way[-1]
        self.amplitude = a0 + (a1 - a0) * way[-1]
