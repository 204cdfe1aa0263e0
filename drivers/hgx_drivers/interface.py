"""What crosses the seam between the application and an instrument.

A driver knows voltages, samples and errors; it knows nothing of gradients. Arrays are C-contiguous
``float64`` of shape (channel, sample), in volts at the terminals. Outputs and inputs share one sample clock
and one start: output sample n and input sample n happen at the same instant, whatever the delay of the
signal path between them. A card that oversamples its inputs averages them down to the common rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["DaqCard", "Identity", "InputChannel", "OutputChannel", "StatesLevels", "StreamSettings"]

Volts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an instrument is, for the record."""

    maker: str
    model: str
    serial: str
    driver: str = ""


@dataclass(frozen=True, slots=True)
class OutputChannel:
    """One output: the name people use, the terminal, and the converter's range in volts."""

    name: str
    terminal: str
    minimum_volts: float = -10.0
    maximum_volts: float = 10.0


@dataclass(frozen=True, slots=True)
class InputChannel:
    """One input: the name people use, the terminal, and the converter's range in volts."""

    name: str
    terminal: str
    minimum_volts: float = -10.0
    maximum_volts: float = 10.0
    configuration: str = "differential"


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """A continuous stream in both directions, regeneration off."""

    outputs: tuple[OutputChannel, ...]
    inputs: tuple[InputChannel, ...]
    rate_hz: float
    output_buffer_samples: int
    input_buffer_samples: int


@runtime_checkable
class DaqCard(Protocol):
    """A card with analogue outputs and inputs on one sample clock.

    Order of calls: ``configure``, ``write`` (at least one sample), ``start``, then ``write`` and ``read`` in
    turn, ``stop``. After ``stop`` the converters hold their last sample, and ``configure`` may follow again.
    ``close`` may be called at any time, any number of times.
    """

    @property
    def identity(self) -> Identity:
        """Maker, model and serial number."""
        ...

    @property
    def paced(self) -> bool:
        """Whether time passes by itself. False for a simulation whose time passes only while it is read."""
        ...

    @property
    def samples_generated(self) -> int:
        """Samples per channel that have left the converters since ``start``."""
        ...

    def levels(self) -> Volts:
        """Volts at the output terminals now, shape (outputs,); NaN where the card can't know them."""
        ...

    def configure(self, settings: StreamSettings) -> None:
        """Reserve channels, clock and buffers; refuse what the card can't do. Nothing moves."""
        ...

    def write(self, samples: Volts) -> None:
        """Append samples, shape (outputs, n). All or nothing: raises OutputBufferFull without taking any."""
        ...

    def start(self) -> None:
        """Start both directions on the same clock edge."""
        ...

    def read(self, out: Volts, *, timeout_seconds: float) -> None:
        """Fill ``out``, shape (inputs, n), with the next n samples; blocks until they are there.

        Raises
        ------
        ReadTimeout, InputOverflow, OutputUnderflow, CardDisconnected
        """
        ...

    def stop(self) -> None:
        """Stop both directions; the outputs hold."""
        ...

    def close(self) -> None:
        """Release the instrument. Idempotent."""
        ...


@runtime_checkable
class StatesLevels(Protocol):
    """A card that may not know its levels, and takes them from somebody who vouches for them."""

    def state_levels(self, volts: Volts) -> None:
        """Take volts, shape (outputs,), for the configured outputs whose level isn't known; NaN says nothing."""
        ...
