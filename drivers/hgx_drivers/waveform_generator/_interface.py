"""What crosses the seam between the application and a waveform generator.

All voltages are at the load, amplitudes are peak: ``offset + amplitude sin(2 pi f t + phase)`` is what the load sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.interface import Identity

__all__ = ["ArbitraryWaveform", "Burst", "ChannelState", "GeneratorChannel", "Reference", "Sine", "WaveformGenerator"]

Reference = Literal["internal", "external"]


@dataclass(frozen=True, slots=True)
class GeneratorChannel:
    """One output: the name people use, the number on the front panel, the limits of offset plus signal, and the load.

    Parameters
    ----------
    name, number:
        Number 1 is the first output.
    minimum_volts, maximum_volts:
        No setting whose offset plus signal leaves this range at the load is ever sent.
    load_ohms:
        What the output really sees: infinity for a summing or any other high-impedance input, 50 for a terminated
        cable. The source has 50 ohm, so the wrong one of the two gives twice or half the voltage.
    """

    name: str
    number: int
    minimum_volts: float
    maximum_volts: float
    load_ohms: float = math.inf


@dataclass(frozen=True, slots=True)
class Sine:
    """``offset + amplitude sin(2 pi f t + phase)`` at the load; the phase counts from the trigger."""

    frequency_hz: float
    amplitude_volts: float
    phase_radians: float = 0.0
    offset_volts: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ArbitraryWaveform:
    """Samples in volts at the load, shape (n,), played over and over at ``rate_hz`` samples per second."""

    volts: NDArray[np.float64]
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Burst:
    """Wait for an edge at the trigger input, then give out ``cycles`` periods; None goes on for ever."""

    cycles: int | None = None
    edge: Literal["rising", "falling"] = "rising"


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What the instrument says of a channel; volts are those that it believes to be at ``load_ohms``."""

    on: bool
    load_ohms: float
    waveform: str
    frequency_hz: float
    amplitude_volts: float
    offset_volts: float
    phase_radians: float


@runtime_checkable
class WaveformGenerator(Protocol):
    """A generator of sines and arbitrary waveforms.

    Order of calls for each channel: ``configure_sine`` or ``configure_arbitrary``, ``set_burst``, ``switch``. Every
    command is followed by a look into the error queue. ``close`` may be called at any time, any number of times.

    Raises
    ------
    ScpiError, GeneratorTimeout, GeneratorDisconnected, GeneratorMismatch, GeneratorStateError, UnexpectedAnswer
        Any call that talks to the instrument.
    ChannelError, RangeError
        A name or a value that the generator or the limits don't allow; nothing was sent.
    """

    @property
    def identity(self) -> Identity:
        """Maker, model and serial number."""
        ...

    @property
    def channels(self) -> Sequence[GeneratorChannel]:
        """The outputs in use."""
        ...

    def nearest_frequency(self, hz: float) -> float:
        """The frequency that the instrument gives when asked for ``hz``."""
        ...

    def configure_sine(self, channel: str, sine: Sine) -> None:
        """Set load, frequency, amplitude, phase and offset, and read them back. The output stays as it is, on or off.

        A frequency that the instrument can't hit exactly is refused; see ``nearest_frequency``.
        """
        ...

    def configure_arbitrary(self, channel: str, waveform: ArbitraryWaveform) -> None:
        """Upload and select a waveform; the output must be off."""
        ...

    def set_burst(self, channel: str, burst: Burst | None) -> None:
        """Arm the channel for its trigger; None lets it run freely. An armed sine starts at its configured phase."""
        ...

    def set_reference(self, reference: Reference) -> None:
        """Lock the timebase to the 10 MHz input, or free it."""
        ...

    def switch(self, channel: str, *, on: bool) -> None:
        """Connect or disconnect the output. Before it is connected load and voltages are read back once more."""
        ...

    def state(self, channel: str) -> ChannelState:
        """What the instrument says now."""
        ...

    def rest(self) -> None:
        """Disconnect every output, whatever fails on the way; the first failure is raised when all were tried."""
        ...

    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""
        ...
