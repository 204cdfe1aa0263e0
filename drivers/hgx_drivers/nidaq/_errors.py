"""NI-DAQmx error numbers, sorted into our typed errors. The card's own text is always kept.

Numbers from ``nidaqmx.error_codes`` of version 1.7.
"""

from __future__ import annotations

from typing import Protocol

from hgx_drivers.errors import (
    CardDisconnected,
    CardStateError,
    ChannelError,
    DriverError,
    InputOverflow,
    OutputUnderflow,
    RangeError,
    ReadTimeout,
)

__all__ = ["CardError", "card_text", "driver_error"]

_Kind = tuple[type[DriverError], str, frozenset[int]]

_KINDS: tuple[_Kind, ...] = (
    # The output's buffer, or the memory on the card behind it, ran empty.
    (OutputUnderflow, "Raise the lead or lower the rate.", frozenset({-200290, -200621, -200016, -200018})),
    # Overwritten before read in the buffer, or on the card.
    (
        InputOverflow,
        "Read more often or take a larger input buffer.",
        frozenset({-200279, -200278, -200361, -200141, -200019, -200222}),
    ),
    (
        ReadTimeout,
        "Allow more time than the samples take, and look at the cabling of clock and start trigger.",
        frozenset({-200284, -200474}),
    ),
    (
        CardDisconnected,
        "Disconnect the device: the card's outputs may jump when it comes back. Then look at its cable and power, and "
        "at its name in NI MAX.",
        frozenset({-201003, -200220, -200207, -200045, -50405, -50804, -88705, -88708, -88717, -89130, -201401}),
    ),
    (
        CardStateError,
        "Another program or task uses the card: let it come to its end. Where none does, disconnect the device, then "
        "reset the card in NI MAX; a reset puts the outputs of many cards to 0 V in one step.",
        frozenset({-50103, -200022, -200089, -201273, -201420, -201388, -88709, -88710}),
    ),
    (
        CardStateError,
        "The watchdog has expired and holds the outputs at rest. Find out why the program fell silent; then disconnect "
        "the device and reset the card in NI MAX.",
        frozenset({-200678, -200681, -200712, -201434, -201478, -201433}),
    ),
    (
        ChannelError,
        "Compare the terminals with those that `hgx devices` lists.",
        frozenset({-200170, -200099, -200086, -200498, -200430, -200371, -200620, -200072, -200071}),
    ),
    (
        RangeError,
        "Compare ranges and rate with those that `hgx devices` lists.",
        frozenset(
            {-200077, -200082, -200081, -200332, -200331, -200561, -200760, -200759, -200258, -200321, -200136}
            | {-200609, -200547, -209834, -201208, *range(-200873, -200865)}
        ),
    ),
    (
        DriverError,
        "Look up in NI MAX which routes the device has, and give the clock and trigger lines of the bench accordingly.",
        frozenset(
            {-89120, -89121, -89124, -89125, -89131, -89136, -89137, -89138, -89139, -89140}
            | {-200368, -200369, -200370, -200395, -200396, -200574, -201461, -200735, -200304}
        ),
    ),
)


class CardError(Protocol):
    """What we use of ``nidaqmx.DaqError``."""

    @property
    def error_code(self) -> int:
        """The number."""
        ...


def card_text(error: CardError) -> str:
    """The card's own words in one line, without its boiler plate, with the number."""
    paragraphs = [" ".join(line.split()) for line in str(error).split("\n\n")]
    said = [line for line in paragraphs if line and not line.startswith(("Task Name:", "Status Code:"))]
    return f"{' '.join(said) or 'The card gives no reason.'} (NI {error.error_code})"


def driver_error(error: CardError, where: str = "") -> DriverError:
    """The typed error for one of NI-DAQmx, with the card's text, the channels it is about, and a remedy."""
    text = f"{where}: {card_text(error)}" if where else card_text(error)
    for kind, remedy, codes in _KINDS:
        if error.error_code in codes:
            return kind(text, remedy=remedy)
    return DriverError(text)
