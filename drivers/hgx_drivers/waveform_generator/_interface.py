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

__all__ = [
    "ArbitraryWaveform",
    "Burst",
    "BurstState",
    "ChannelState",
    "GeneratorChannel",
    "Reference",
    "Sine",
    "WaveformGenerator",
]

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
    """What the instrument says of a channel; volts are those that it believes to be at ``load_ohms``.

    ``frequency_hz`` of an arbitrary waveform is its sample rate.
    """

    on: bool
    load_ohms: float
    waveform: str
    frequency_hz: float
    amplitude_volts: float
    offset_volts: float
    phase_radians: float


@dataclass(frozen=True, slots=True)
class BurstState:
    """What the instrument says of the burst of a channel.

    ``cycles`` is infinite for a burst without an end; ``edge`` is empty where the firmware doesn't tell it.
    """

    armed: bool
    triggered_by: str = ""
    gated: bool = False
    cycles: float = math.inf
    edge: str = ""
    phase_radians: float = 0.0
    delay_seconds: float = 0.0


@runtime_checkable
class WaveformGenerator(Protocol):
    """A generator of sines and arbitrary waveforms, which may come in any state.

    Order of calls for each channel: ``configure_sine`` or ``configure_arbitrary``, ``set_burst``, ``switch``; where
    there are several channels, all of them are configured before the first is connected. Every command is followed by
    a look into the error queue. ``close`` may be called at any time, any number of times.

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

    def prepare(self) -> Sequence[str]:
        """Disconnect the outputs, and undo what another user may have left: coupling, polarity, modulation and so on.

        Returns what was changed, for people. A setting that can't be changed is refused by its name; all outputs are
        off then.
        """
        ...

    def nearest_frequency(self, hz: float) -> float:
        """The frequency that the instrument gives when asked for ``hz``."""
        ...

    def configure_sine(self, channel: str, sine: Sine) -> Sequence[str]:
        """Set load, frequency, amplitude, phase and offset, and read them back. The output stays as it is, on or off.

        While it is on only amplitude and offset can change. A frequency that the instrument can't hit exactly is
        refused; see ``nearest_frequency``. Returns what was changed besides, as ``prepare`` does.
        """
        ...

    def configure_arbitrary(self, channel: str, waveform: ArbitraryWaveform) -> Sequence[str]:
        """Upload and select a waveform; the output must be off. Returns what was changed besides."""
        ...

    def set_burst(self, channel: str, burst: Burst | None) -> None:
        """Arm the channel for its trigger, and read that back; None lets it run freely.

        An armed sine starts at its configured phase.
        """
        ...

    def set_reference(self, reference: Reference) -> None:
        """Lock the timebase to the 10 MHz input, or free it."""
        ...

    def switch(self, channel: str, *, on: bool) -> None:
        """Connect or disconnect the output. Before that everything about every configured channel is read back."""
        ...

    def started(self) -> bool | None:
        """Whether the armed channels have got their trigger; None where the instrument can't tell.

        Raises
        ------
        GeneratorStateError
            It still waits.
        """
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
