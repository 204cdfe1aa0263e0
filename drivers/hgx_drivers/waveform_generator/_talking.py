"""How a driver says things: in the words of a dialect, over a connection of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from hgx_drivers.waveform_generator._dialect import Command, Dialect
from hgx_drivers.waveform_generator._interface import Burst, BurstState, ChannelState, GeneratorChannel, Sine
from hgx_drivers.waveform_generator._samples import QuantisedWaveform
from hgx_drivers.waveform_generator.errors import ScpiError

__all__ = ["ChannelTalk", "Talking"]


class Talking(ABC):
    """Puts and reads by a dialect; a subclass carries questions and commands, and may put things by other means."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        #: Whether the firmware knows a question that it may not know: told once, since it costs time.
        self._known: dict[str, bool] = {}

    @abstractmethod
    def _ask(self, question: str, channel: str) -> str:
        """The answer to a question; ``channel`` is for errors."""

    @abstractmethod
    def _ask_if_known(self, question: str, channel: str) -> str | None:
        """The answer; None where the firmware doesn't know the question."""

    @abstractmethod
    def _command(self, command: Command, channel: str) -> None:
        """Send a command and empty the error queue; what it held is a :class:`ScpiError`."""

    def _send(self, commands: Sequence[Command], channel: str) -> None:
        for command in commands:
            self._command(command, channel)

    def _put_load(self, place: GeneratorChannel) -> None:
        """Say which load the output sees, so that its numbers are volts there."""
        self._send(self._dialect.load(place.number, place.load_ohms), place.name)

    def _put_sine(self, place: GeneratorChannel, sine: Sine, least_volts: float) -> None:
        """Send a sine; the output is off."""
        self._send(self._dialect.sine(place.number, sine, least_volts), place.name)

    def _put_levels(self, place: GeneratorChannel, amplitude: float, offset: float, rising: bool) -> None:
        """Send amplitude and offset alone, in an order in which their sum never exceeds both states."""
        self._send(self._dialect.levels(place.number, amplitude, offset, rising), place.name)

    def _put_arbitrary(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:
        """Upload samples and select them."""
        self._send(self._dialect.arbitrary(place.number, samples), place.name)

    def _put_burst(self, place: GeneratorChannel, burst: Burst | None, phase_radians: float) -> None:
        """Arm for the trigger, or let it run freely."""
        self._send(self._dialect.burst(place.number, burst, phase_radians), place.name)

    def _put_output(self, place: GeneratorChannel, on: bool) -> None:
        """Connect or disconnect."""
        self._send(self._dialect.output(place.number, on), place.name)

    def _read_state(self, place: GeneratorChannel) -> ChannelState:
        return self._dialect.read_state(place.number, lambda question: self._ask(question, place.name))

    def _read_burst(self, place: GeneratorChannel) -> BurstState:
        return self._dialect.read_burst(place.number, lambda question: self._ask(question, place.name))

    def _read_limits(self, place: GeneratorChannel) -> tuple[float, float] | None:
        return self._dialect.read_limits(place.number, lambda question: self._ask(question, place.name))

    def _check_upload(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:  # noqa: B027 - most have no such limit
        """Refuse samples that this way of talking can't carry, before anything is sent."""


@dataclass(frozen=True, slots=True)
class ChannelTalk:
    """What :func:`bring` needs, about one channel. An entry of the error queue is kept rather than raised."""

    talking: Talking
    channel: str

    def ask(self, question: str) -> str:
        """The answer."""
        return self.talking._ask(question, self.channel)

    def ask_if_known(self, question: str) -> str | None:
        """The answer; None where the firmware doesn't know the question."""
        known = self.talking._known
        if known.get(question, False):
            return self.ask(question)
        answer = None if question in known else self.talking._ask_if_known(question, self.channel)
        known[question] = answer is not None
        return answer

    def put(self, command: str) -> str:
        """Send a command; what the error queue said, empty if nothing."""
        try:
            self.talking._command(command, self.channel)
        except ScpiError as error:
            return f"{error.code}, {error.text!r}"
        return ""
