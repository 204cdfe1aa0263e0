"""The typed errors of instruments: what happened, the numbers, and the remedy."""

from __future__ import annotations

__all__ = [
    "CardDisconnected",
    "CardStateError",
    "ChannelError",
    "DeviceFileError",
    "DriverError",
    "InputOverflow",
    "InvalidSamples",
    "OutputBufferFull",
    "OutputUnderflow",
    "RangeError",
    "ReadTimeout",
]


class DriverError(Exception):
    """Base of all instrument errors.

    Parameters
    ----------
    message:
        What happened, with the numbers and the channel.
    remedy:
        What the user can do about it; empty when there is nothing to do.
    """

    #: Exit code of the command line when this error ends a run.
    exit_code = 4

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


class CardStateError(DriverError):
    """A call doesn't fit the state of the card (read before start, write after close ...)."""


class ChannelError(DriverError):
    """A channel doesn't exist or is asked for twice."""


class RangeError(DriverError):
    """A rate, range or buffer size that the instrument can't do."""


class InvalidSamples(DriverError):
    """Samples of the wrong shape or type, or that aren't finite numbers."""


class DeviceFileError(DriverError):
    """A file that should describe a simulated device doesn't, or asks for code to be run."""

    exit_code = 2


class OutputBufferFull(DriverError):
    """More samples were written than the output buffer has room for; none of them was taken.

    ``free_samples`` is the room there was, in samples per channel.
    """

    def __init__(self, message: str, *, free_samples: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.free_samples = free_samples


class OutputUnderflow(DriverError):
    """The output buffer ran empty: the converters hold the last sample (NI -200290).

    ``sample`` is the index, since ``start``, of the first sample that was missing.
    """

    def __init__(self, message: str, *, sample: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.sample = sample


class InputOverflow(DriverError):
    """Input samples were overwritten before they were read (NI -200279).

    ``sample`` is the index, since ``start``, of the first sample that found no room.
    """

    def __init__(self, message: str, *, sample: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.sample = sample


class ReadTimeout(DriverError):
    """The samples asked for didn't arrive in time (NI -200284); those that did aren't lost.

    ``arrived`` is how many were there, per channel, when the time was up; the next read returns them.
    """

    def __init__(self, message: str, *, arrived: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.arrived = arrived


class CardDisconnected(DriverError):
    """The instrument doesn't answer any more."""
