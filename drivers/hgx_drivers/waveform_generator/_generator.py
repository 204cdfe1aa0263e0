"""A waveform generator that speaks over VISA, whatever its maker: checks before, readback after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from hgx_drivers.errors import RangeError
from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator._checked import CheckedGenerator
from hgx_drivers.waveform_generator._dialect import Ask, Command, Dialect
from hgx_drivers.waveform_generator._interface import (
    Burst,
    ChannelState,
    GeneratorChannel,
    Reference,
    Sine,
)
from hgx_drivers.waveform_generator._levels import Model
from hgx_drivers.waveform_generator._samples import QuantisedWaveform
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator._visa import VisaLink
from hgx_drivers.waveform_generator.errors import GeneratorMismatch, GeneratorRefused
from hgx_drivers.waveform_generator.keysight import Keysight
from hgx_drivers.waveform_generator.siglent import Siglent

__all__ = ["ScpiGenerator", "open_generator"]


def open_generator(settings: GeneratorSettings, dialects: Sequence[Dialect] = (Keysight(), Siglent())) -> ScpiGenerator:
    """Open a generator; its maker and model are found by its identity. Its outputs stay as they are.

    Raises
    ------
    DriverError
        pyvisa isn't installed.
    GeneratorRefused, GeneratorTimeout
        Nothing is there, or nothing that we know.
    ChannelError, RangeError
        Channels that the model doesn't have.
    GeneratorMismatch, ScpiError
        The reference can't be had.
    """
    with ExitStack() as stack:
        link = VisaLink(settings.resource, backend=settings.backend, timeout_seconds=settings.timeout_seconds)
        stack.callback(link.close)
        dialect, model, identity = _identify(link, dialects)
        generator = ScpiGenerator(link, dialect, model, identity, settings.channels)
        generator.set_reference(settings.reference)
        stack.pop_all()
    return generator


def _identify(link: VisaLink, dialects: Sequence[Dialect]) -> tuple[Dialect, Model, Identity]:
    maker, name, serial, firmware = ([field.strip() for field in link.identity.split(",")] + [""] * 4)[:4]
    for dialect in dialects:
        model = dialect.model(maker, name)
        if model is not None:
            driver = f"firmware {firmware}; {link.resource_name}"
            return dialect, model, Identity(dialect.maker, model.name, serial, driver)
    raise GeneratorRefused(
        f"{link.resource_name} says it is {link.identity!r}, which isn't a generator that is known here.",
        remedy="Known are Keysight 33500 and 33600 and Siglent SDG1000X, SDG2000X and SDG6000X.",
    )


class ScpiGenerator(CheckedGenerator):
    """A :class:`WaveformGenerator` made of a link and a dialect."""

    def __init__(
        self,
        link: VisaLink,
        dialect: Dialect,
        model: Model,
        identity: Identity,
        channels: Sequence[GeneratorChannel],
    ) -> None:
        super().__init__(model, identity, channels)
        self._link = link
        self._dialect = dialect

    def set_burst(self, channel: str, burst: Burst | None) -> None:
        """Arm the channel for its trigger; None lets it run freely."""
        place = self._channel(channel)
        wanted = self._configured(channel)
        if burst is not None and burst.cycles is not None and burst.cycles < 1:
            raise RangeError(f"{channel}: a burst has at least 1 period, not {burst.cycles}.")
        self._send(place, self._dialect.burst(place.number, burst, wanted.phase_radians))

    def set_reference(self, reference: Reference) -> None:
        """Lock the timebase to the 10 MHz input, or free it; read back.

        Raises
        ------
        GeneratorMismatch
            The instrument went on with the other one.
        """
        for command in self._dialect.reference(reference):
            self._link.command(command)
        found = self._dialect.read_reference(self._link.ask)
        if found != reference:
            raise GeneratorMismatch(
                "reference", reference, found, remedy="Look at the 10 MHz cable and the level of the reference."
            )

    def state(self, channel: str) -> ChannelState:
        """What the instrument says now."""
        place = self._channel(channel)
        return self._dialect.read_state(place.number, self._asker(place))

    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""
        self._link.close()

    def _put_load(self, place: GeneratorChannel) -> None:
        self._send(place, self._dialect.load(place.number, place.load_ohms))

    def _put_sine(self, place: GeneratorChannel, sine: Sine, before: ChannelState) -> None:
        self._send(place, self._dialect.sine(place.number, sine, before))

    def _put_arbitrary(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:
        self._send(place, self._dialect.arbitrary(place.number, samples))

    def _put_output(self, place: GeneratorChannel, on: bool) -> None:
        self._send(place, self._dialect.output(place.number, on))

    def _send(self, place: GeneratorChannel, commands: Sequence[Command]) -> None:
        for command in commands:
            self._link.command(command, channel=place.name)

    def _asker(self, place: GeneratorChannel) -> Ask:
        ask: Callable[..., str] = self._link.ask
        return lambda question: ask(question, channel=place.name)
