"""What differs between makers: how a wish is said, and how the instrument says its state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.waveform_generator._interface import Burst, BurstState, ChannelState, Reference, Sine
from hgx_drivers.waveform_generator._levels import Model
from hgx_drivers.waveform_generator._setting import Setting

__all__ = ["Ask", "Command", "Dialect", "Samples", "number"]

#: A command; bytes where it ends in a binary block.
Command = str | bytes
Ask = Callable[[str], str]


class Samples(Protocol):
    """A waveform as the converter takes it: code +-32767 is offset +- amplitude."""

    @property
    def codes(self) -> NDArray[np.int16]:
        """Shape (n,), little-endian."""
        ...

    @property
    def rate_hz(self) -> float:
        """Samples per second."""
        ...

    @property
    def amplitude_volts(self) -> float:
        """Half the distance between highest and lowest sample."""
        ...

    @property
    def offset_volts(self) -> float:
        """Middle between highest and lowest sample."""
        ...


class Dialect(Protocol):
    """One maker's language. Channels are numbers from 1; volts are at the configured load; nothing here talks."""

    @property
    def maker(self) -> str:
        """For the record."""
        ...

    def model(self, maker: str, model: str) -> Model | None:
        """The model by the first two fields of its identity; None if it isn't of this family."""
        ...

    @property
    def settings(self) -> Sequence[Setting]:
        """What else changes the output, in the order in which it is to be set."""
        ...

    @property
    def reference_settings(self) -> Sequence[Setting]:
        """What is to be set before the timebase is chosen."""
        ...

    def extract(self, answer: str, key: str) -> str | None:
        """What an answer says of a setting; None where it says nothing."""
        ...

    def load(self, channel: int, ohms: float) -> Sequence[Command]:
        """Tell the instrument what is connected."""
        ...

    def sine(self, channel: int, sine: Sine, least_volts: float) -> Sequence[Command]:
        """Set a sine while the output is off.

        By way of the least amplitude: offset and amplitude limit each other.
        """
        ...

    def levels(self, channel: int, amplitude_volts: float, offset_volts: float, rising: bool) -> Sequence[Command]:
        """Change amplitude and offset, and nothing else, of an output that plays.

        ``rising`` says that the amplitude grows: then the offset goes first, so that their sum never exceeds both the
        old and the new one.
        """
        ...

    def arbitrary(self, channel: int, samples: Samples) -> Sequence[Command]:
        """Upload samples and select them."""
        ...

    def burst(self, channel: int, burst: Burst | None, phase_radians: float) -> Sequence[Command]:
        """Arm for the trigger input, or run freely."""
        ...

    def reference(self, reference: Reference) -> Sequence[Command]:
        """Choose the timebase."""
        ...

    def output(self, channel: int, on: bool) -> Sequence[Command]:
        """Connect or disconnect."""
        ...

    def read_reference(self, ask: Ask) -> Reference:
        """The timebase in use."""
        ...

    def read_limits(self, channel: int, ask: Ask) -> tuple[float, float] | None:
        """Voltage limits of the instrument's own, V; None where there are none, or can't be asked for."""
        ...

    def read_burst(self, channel: int, ask: Ask) -> BurstState:
        """Whether and how the channel waits for a trigger."""
        ...

    def read_waiting(self, ask: Ask) -> bool | None:
        """Whether an output waits for its trigger now; None where the instrument doesn't tell."""
        ...

    def read_state(self, channel: int, ask: Ask) -> ChannelState:
        """Ask for everything about a channel.

        Raises
        ------
        UnexpectedAnswer
        """
        ...


def number(value: float) -> str:
    """A number with all digits that count, without an exponent where that is possible."""
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
