"""The typed errors of waveform generators. Each names the channel where there is one, and the remedy."""

from __future__ import annotations

from hgx_drivers.errors import DriverError

__all__ = [
    "GeneratorDisconnected",
    "GeneratorError",
    "GeneratorMismatch",
    "GeneratorRefused",
    "GeneratorStateError",
    "GeneratorTimeout",
    "GeneratorUnsupported",
    "ScpiError",
    "UnexpectedAnswer",
]


class GeneratorError(DriverError):
    """Base of the errors of waveform generators.

    ``channel`` is the name of the channel that the failed call was about; empty for the whole instrument.
    """

    def __init__(self, message: str, *, channel: str = "", remedy: str = "") -> None:
        super().__init__(f"{channel}: {message}" if channel else message, remedy=remedy)
        self.channel = channel


class GeneratorRefused(GeneratorError):
    """Nothing answers at the address, or what answers isn't a generator we know."""


class GeneratorTimeout(GeneratorError):
    """The instrument is there but didn't answer this question in time. Its late answer reaches nobody.

    ``alive`` says whether it answered the question for its identity afterwards.
    """

    def __init__(self, message: str, *, channel: str = "", remedy: str = "", alive: bool = True) -> None:
        super().__init__(message, channel=channel, remedy=remedy)
        self.alive = alive


class GeneratorDisconnected(GeneratorError):
    """The connection is gone: the peer closed it, or the network did."""


class ScpiError(GeneratorError):
    """The instrument's error queue held something after a command.

    ``code`` and ``text`` are the first entry's; ``command`` is what was sent.
    """

    def __init__(self, code: int, text: str, command: str, *, channel: str = "", more: int = 0) -> None:
        others = f" (and {more} more)" if more else ""
        super().__init__(
            f"the generator answers {command!r} with error {code}, {text!r}{others}.",
            channel=channel,
            remedy=_remedy(code),
        )
        self.code = code
        self.text = text
        self.command = command


class GeneratorMismatch(GeneratorError):
    """The instrument says something else than it was told: load, amplitude, offset, frequency or reference.

    ``quantity``, ``wanted`` and ``found`` say what.
    """

    def __init__(self, quantity: str, wanted: object, found: object, *, channel: str = "", remedy: str = "") -> None:
        super().__init__(f"the {quantity} should be {wanted}, but the generator says {found}.", channel=channel)
        self.remedy = remedy
        self.quantity = quantity
        self.wanted = wanted
        self.found = found


class GeneratorStateError(GeneratorError):
    """A call doesn't fit the state of the generator (output on before it was configured, use after close ...)."""


class GeneratorUnsupported(GeneratorError):
    """The driver that was named can't do this, whatever the instrument can; nothing was sent."""


class UnexpectedAnswer(GeneratorError):
    """An answer that can't be read as what was asked for."""


def _remedy(code: int) -> str:
    """What helps. Numbers of SCPI-1999 volume 2, chapter 21; 580 is Keysight's."""
    if code == 580:
        return "Connect a 10 MHz reference of sufficient level to the reference input, or use the internal one."
    if -199 <= code <= -100:
        return "This firmware or option doesn't know the command: update it, or look up the model's options."
    if code in (-221, -222):
        return "Compare frequency, amplitude, offset and load with the model's limits."
    return "Look the number up in the instrument's programming guide."
