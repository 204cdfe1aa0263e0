"""A waveform generator's outputs added to a card's in front of the device, started by the card's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated import Clock, Fault, Plant, SimulatedCard
from tests.doors.scpi_instrument import Output, ScpiInstrument

__all__ = ["SummedCard"]


class SummedCard(SimulatedCard):
    """A card on a plant whose electrodes see the card's volts plus ``gain`` times the generator's, into ``load`` ohm.

    The trigger is the start of both directions; an output that isn't armed or connected then gives nothing.
    ``seen`` are the volts at the electrodes, a block each.
    """

    def __init__(
        self,
        plant: Plant,
        clock: Clock,
        instrument: ScpiInstrument,
        channels: Mapping[int, int],
        *,
        gain: float,
        load: float = 1e38,
        faults: Sequence[Fault] = (),
    ) -> None:
        self._instrument, self._channels, self._gain, self._load = instrument, dict(channels), gain, load
        self._triggered: dict[int, int] = {}
        self._card_alone = plant.process
        self.seen: list[NDArray[np.float64]] = []
        plant.process = self._process  # pyright: ignore[reportAttributeAccessIssue]
        super().__init__(plant, clock, faults=faults)

    def start(self) -> None:
        """Start the stream, and with it the bursts that wait for it."""
        for electrode, number in self._channels.items():
            output = self._instrument.outputs[number - 1]
            # Each language keeps its own words for it.
            if "ON" in (output.burst.get("state"), output.burst.get("STATE")) and output.on:
                self._triggered[electrode] = self.plant.samples
        super().start()

    def _process(self, volts: NDArray[np.float64]) -> Any:
        volts = np.array(volts)
        n = self.plant.samples + np.arange(volts.shape[1])
        rate = self.plant._rate_hz
        assert rate is not None
        for electrode, first in self._triggered.items():
            output: Output = self._instrument.outputs[self._channels[electrode] - 1]
            peak, offset = output.peak_and_offset(self._load)
            angle = 2 * np.pi * output.hz * ((n - first) / rate) + np.radians(output.degrees)
            volts[electrode] += self._gain * (offset + peak * np.sin(angle))
        self.seen.append(volts)
        return self._card_alone(volts)
