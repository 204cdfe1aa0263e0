"""One continuous stream of a simulated card: two buffers, a clock, a plant, and what can end it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hgx_drivers.errors import CardDisconnected, DriverError, InputOverflow, OutputUnderflow
from hgx_drivers.interface import StreamSettings, Volts
from hgx_drivers.simulated._fault_script import FaultScript, StreamFault
from hgx_drivers.simulated._ring import SampleRing
from hgx_drivers.simulated.chain import Plant
from hgx_drivers.simulated.clock import Clock
from hgx_drivers.simulated.faults import Disconnect, Overflow, Underflow

__all__ = ["Stream"]

#: Samples that go through the plant at a time.
_STRETCH = 1024


class Stream:
    """Plays written samples into the plant as their time comes, and collects what is read.

    Parameters
    ----------
    rows, columns:
        The plant's electrodes and read-outs behind the stream's channels, in order.
    held:
        (E,) volts on all electrodes before the first sample; rows that aren't driven keep them.
    """

    def __init__(
        self,
        plant: Plant,
        clock: Clock,
        settings: StreamSettings,
        rows: Sequence[int],
        columns: Sequence[int],
        faults: FaultScript,
        held: Volts,
    ) -> None:
        self._plant = plant
        self._clock = clock
        self._rows = list(rows)
        self._columns = list(columns)
        self._faults = faults
        self._born = plant.samples
        self._electrodes = np.repeat(held[:, None], _STRETCH, axis=1)
        self._rate_hz = settings.rate_hz
        self._input_capacity = settings.input_buffer_samples
        self.settings = settings
        self.output = SampleRing(len(self._rows), settings.output_buffer_samples)
        self.input = SampleRing(len(self._columns), settings.input_buffer_samples)
        self.held = held
        self.running = False
        self.failure: DriverError | None = None

    def start(self) -> None:
        """Sample 0 is now."""
        self.running = True
        self._clock.start(self._rate_hz)

    def catch_up(self, wanted: int = 0) -> None:
        """Play every sample whose time has come, given that ``wanted`` ones are asked for, up to what ends the stream.

        An end at index s is noticed when the time of sample s has come: the samples before it are played.
        """
        if not self.running or self.failure is not None:
            return
        due = self._clock.due(wanted)
        end, kind = self._end()
        self._play(min(due, end))
        if due > end:
            self._faults.spend(self._born + end, kind)
            self.failure = self._failure(end, kind)

    def stalled_at(self, end: int) -> int | None:
        """Where a read up to sample ``end`` is stuck this time, or None."""
        stuck = self._faults.stalled_at(self._born + end)
        return None if stuck is None else max(stuck - self._born, self.input.popped)

    def _end(self) -> tuple[int, type[StreamFault]]:
        ends: list[tuple[int, type[StreamFault]]] = [
            (self.output.pushed, Underflow),
            (self.input.popped + self._input_capacity, Overflow),
        ]
        fault = self._faults.next_end(self._born + self.output.popped)
        if fault is not None:
            # First in the list: of two ends at one sample the scripted one is meant.
            ends.insert(0, (fault.sample - self._born, type(fault)))
        return min(ends, key=lambda end: end[0])

    def _failure(self, end: int, kind: type[StreamFault]) -> DriverError:
        if kind is Disconnect:
            return CardDisconnected(
                f"The card doesn't answer since sample {end}.",
                remedy="Disconnect the device, then look at the cable of the card.",
            )
        if kind is Overflow:
            return InputOverflow(
                f"The input buffer of {self._input_capacity} samples was full when sample {end} came; it was lost.",
                sample=end,
                remedy="Read more often or take a larger input buffer.",
            )
        return OutputUnderflow(
            f"The output buffer ran empty: there was no sample {end}; the outputs hold the one before.",
            sample=end,
            remedy="Raise the lead or lower the rate.",
        )

    def _play(self, end: int) -> None:
        while self.output.popped < end:
            start = self.output.popped
            for samples in self.output.pop_views(min(end - start, _STRETCH)):
                volts = self._electrodes[:, : samples.shape[1]]
                volts[self._rows] = samples
                read = self._plant.process(volts)[self._columns]
                self._faults.spoil(read, self._born + start)
                self.input.push(read)
                self.held = volts[:, -1].copy()
                start += samples.shape[1]
