"""What can be wrong with the wires of a bench, and what it does to the voltages at the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import RangeError

__all__ = ["DeadInput", "DeadOutput", "OpenElectrode", "ShortedPair", "SwappedPair", "Wiring", "WiringFault"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OpenElectrode:
    """A broken contact: the device terminal stays where it stood, and the wire couples to nothing."""

    electrode: int


@dataclass(frozen=True, slots=True)
class DeadOutput:
    """An output converter that stays at its initial level."""

    electrode: int


@dataclass(frozen=True, slots=True)
class ShortedPair:
    """Two electrodes that touch: both are at the mean of what their equal sources give."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class SwappedPair:
    """Two wires in each other's place."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class DeadInput:
    """An input converter that gives one voltage whatever is at its terminals."""

    volts: float = 0.0


WiringFault = OpenElectrode | DeadOutput | ShortedPair | SwappedPair | DeadInput


class Wiring:
    """Faults between the output converters and the device terminals, in the order given; memoryless.

    Parameters
    ----------
    faults:
        What is wrong. Input faults are left to the end of the chain, see :attr:`stuck_input_volts`.
    initial_volts:
        (E,) levels at which electrodes without a source stay.

    Raises
    ------
    RangeError
        An electrode that there isn't, or a pair of one electrode.
    """

    def __init__(self, faults: Sequence[WiringFault], initial_volts: Floats) -> None:
        self._faults = tuple(faults)
        self._initial = np.array(initial_volts, dtype=np.float64)
        stuck = [fault.volts for fault in self._faults if isinstance(fault, DeadInput)]
        self._stuck = stuck[-1] if stuck else None
        for fault in self._faults:
            self._check(fault)

    @property
    def stuck_input_volts(self) -> float | None:
        """Voltage that a dead input converter gives; None for one that lives."""
        return self._stuck

    def apply(self, volts: Floats) -> None:
        """Change volts, shape (E, n), in place from those of the sources to those at the device."""
        for fault in self._faults:
            if isinstance(fault, OpenElectrode | DeadOutput):
                volts[fault.electrode] = self._initial[fault.electrode]
            elif isinstance(fault, ShortedPair):
                pair = [fault.first, fault.second]
                volts[pair] = 0.5 * (volts[fault.first] + volts[fault.second])
            elif isinstance(fault, SwappedPair):
                volts[[fault.first, fault.second]] = volts[[fault.second, fault.first]]

    def _check(self, fault: WiringFault) -> None:
        if isinstance(fault, DeadInput):
            if not np.isfinite(fault.volts):
                raise RangeError(f"An input can't be stuck at {fault.volts} V.")
            return
        pair = isinstance(fault, ShortedPair | SwappedPair)
        named = (fault.first, fault.second) if pair else (fault.electrode,)
        if not all(0 <= electrode < len(self._initial) for electrode in named):
            raise RangeError(f"A wiring fault at {named} doesn't fit {len(self._initial)} electrodes.")
        if len(set(named)) != len(named):
            raise RangeError(f"Electrode {named[0]} can't be paired with itself.")
