"""A waveform generator's outputs added to a card's in front of the device, started by the card's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated import Clock, Fault, Plant, SimulatedCard
from tests.doors.scpi_instrument import ScpiInstrument

__all__ = ["SummedCard"]


class SummedCard(SimulatedCard):
    """A card on a plant whose electrodes see the card's volts plus ``gain`` times the generator's, into ``load`` ohm.

    The trigger is the start of both directions. What an output gives then, and before, is what its settings make of it.
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
        self._card_alone = plant.process
        self.seen: list[NDArray[np.float64]] = []
        plant.process = self._process  # pyright: ignore[reportAttributeAccessIssue]
        super().__init__(plant, clock, faults=faults)

    def start(self) -> None:
        """Start the stream, and with it the bursts that wait for it."""
        rate = self.plant._rate_hz
        assert rate is not None
        self._instrument.trigger(self.plant.samples / rate)
        super().start()

    def _process(self, volts: NDArray[np.float64]) -> Any:
        volts = np.array(volts)
        rate = self.plant._rate_hz
        assert rate is not None
        seconds = (self.plant.samples + np.arange(volts.shape[1])) / rate
        for electrode, number in self._channels.items():
            volts[electrode] += self._gain * self._instrument.volts(number, seconds, self._load)
        self.seen.append(volts)
        return self._card_alone(volts)
