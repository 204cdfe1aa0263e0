"""Keeps a card's output a fixed lead ahead of its input."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from hgx_drivers.interface import DaqCard
from hgx_lab.acquisition._guard import VoltageGuard
from hgx_lab.acquisition._guarded_output import GuardedOutput
from hgx_lab.acquisition._plan import StreamPlan
from hgx_lab.acquisition._player import Player, Waves
from hgx_lab.acquisition._schedule import Schedule
from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment, slope_samples

__all__ = ["Transport"]


class Transport:
    """A schedule, the samples made from it, and how far the card has come.

    Making one configures the card and takes the voltages at its outputs as the start. Schedule and player are
    shared with the consumer's thread under ``lock``.

    ``generated`` are the amplitudes of tones that generators add from the start on, shape (tones,), V at the
    electrodes. The schedule says what the electrodes see; the card writes what is missing to that, so that it takes a
    generator's tone away where a segment wants less of it. Everything is checked with and without the generators, and
    for a card that holds at any moment while they go on.
    """

    def __init__(
        self,
        card: DaqCard,
        guard: VoltageGuard,
        bank: Waves,
        plan: StreamPlan,
        lock: threading.Condition,
        generated: Floats | None = None,
    ) -> None:
        card.configure(plan.settings)
        self._card, self._guard, self._plan, self._lock = card, guard, plan, lock
        self._output = GuardedOutput(card, guard, plan.settings.outputs)
        self.schedule = Schedule(self._output.last, len(plan.electrode_of_tone), plan.period_samples)
        self._player = Player(self.schedule, bank, plan.electrode_of_tone)
        self._bank, self._generated = bank, generated
        self._peaks = None if generated is None else self._per_electrode(generated)
        self._started = False
        self.read_samples = 0
        #: Whether somebody has asked the outputs to hold when the schedule runs dry.
        self.hold_asked_for = False

    def append(self, segment: Segment) -> PlacedSegment:
        """Admit a segment by the guard and schedule it; the caller holds the lock."""
        self._admit(segment, self.schedule.last)
        if (generated := self._generated) is not None:
            last = self.schedule.last
            share = segment.amplitude - generated
            self._admit(
                replace(segment, amplitude=share),
                replace(last, segment=replace(last.segment, amplitude=last.segment.amplitude - generated)),
            )
            self._guard.admit_reach(segment.dc, self._per_electrode(np.abs(share) + np.abs(generated)))
        return self.schedule.append(segment)

    def fill(self) -> tuple[int, int] | None:
        """Write until the output is one block and the lead ahead of what has been read.

        Where the schedule ends before, the last plateau is held. Returns (first sample, samples) of a hold that
        wasn't expected, otherwise None.
        """
        target = self.read_samples + self._plan.block_samples + self._plan.lead_samples
        count = target - self._output.written
        if count <= 0:
            return None
        unexpected = None
        with self._lock:
            end = self.schedule.end
            if end < target:
                if not (self.schedule.last.segment.awaits_reading or self.hold_asked_for):
                    unexpected = (end, target - end)
                self.schedule.hold(target - end)
            samples = np.empty((len(self._guard.limits), count))
            self._player.render(self._output.written, samples)
        if self._generated is None:
            self._output.write(samples)
        else:
            added = np.zeros_like(samples)
            self._bank.add(added, self._output.written, self._generated, self._plan.electrode_of_tone)
            self._output.write(samples - added, added, self._peaks)
        return unexpected

    def hold(self) -> None:
        """Forget what isn't written yet; the outputs stay where they are."""
        with self._lock:
            self.schedule.truncate(self._output.written, self._player.dc, self._player.amplitude)

    def without_generators(self) -> None:
        """The generators are off: what the card writes is all there is. :meth:`ramp_to_rest` is to follow."""
        if self._generated is not None:
            with self._lock:
                self._player.amplitude = self._player.amplitude - self._generated
                self._generated = None

    def _per_electrode(self, of_tones: Floats) -> Floats:
        return np.bincount(self._plan.electrode_of_tone, of_tones, minlength=len(self._guard.limits)).astype(np.float64)

    def _admit(self, segment: Segment, before: PlacedSegment) -> None:
        of, hz = self._plan.electrode_of_tone, self._plan.tones_hz
        self._guard.admit(segment, before, electrode_of_tone=of, tones_hz=hz)

    def begun(self) -> list[PlacedSegment]:
        """Take the segments whose first sample has been written since the last call."""
        segments, self._player.begun = self._player.begun, []
        return segments

    def start(self) -> None:
        """Start the card; something has been filled in before."""
        self._card.start()
        self._started = True

    def read(self, block: Floats) -> int:
        """Read the next block, shape (channels, n), in volts; return the index of its first sample."""
        self._card.read(block, timeout_seconds=self._plan.timeout_seconds)
        start = self.read_samples
        self.read_samples += block.shape[1]
        return start

    def ramp_to_rest(self, block: Floats) -> None:
        """Replace what isn't written yet by fading tones and a slope to the rest voltages, and play it out."""
        plan = self._plan
        with self._lock:
            self.schedule.truncate(self._output.written, self._player.dc, self._player.amplitude)
            dc, amplitude = self._player.dc, self._player.amplitude
            silent = np.zeros_like(amplitude)

            def samples(before: Floats, after: Floats) -> int:
                return slope_samples(before, after, slope=plan.rest_slope, rate_hz=plan.settings.rate_hz)

            if np.any(amplitude):
                # One after the other: tones and slope together could be faster than an electrode may move.
                fade = max(plan.period_samples, samples(amplitude, silent))
                self.schedule.append(Segment(dc, silent, slope=fade, label="rest", awaits_reading=True))
            slope = max(samples(dc, plan.rest_volts), 1)
            rest = Segment(plan.rest_volts, silent, slope=slope, label="rest", awaits_reading=True)
            end = self.schedule.append(rest).end
        self.fill()
        if not self._started:
            self.start()
        while self.read_samples < end + plan.block_samples:
            self.fill()
            self.read(block)
        self._card.stop()
