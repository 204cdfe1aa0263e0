"""A waveform generator that speaks over VISA, whatever its maker: checks before, readback after."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hgx_drivers.errors import ChannelError, DriverError, RangeError
from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator._dialect import Ask, Command, Dialect
from hgx_drivers.waveform_generator._frequency import sine_frequency
from hgx_drivers.waveform_generator._interface import (
    ArbitraryWaveform,
    Burst,
    ChannelState,
    GeneratorChannel,
    Reference,
    Sine,
)
from hgx_drivers.waveform_generator._levels import Model, check_channel, check_levels
from hgx_drivers.waveform_generator._readback import compare
from hgx_drivers.waveform_generator._samples import quantise
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator._visa import VisaLink
from hgx_drivers.waveform_generator.errors import GeneratorMismatch, GeneratorRefused, GeneratorStateError
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


class ScpiGenerator:
    """A :class:`WaveformGenerator` made of a link and a dialect. As a context it rests and closes at the end."""

    def __init__(
        self,
        link: VisaLink,
        dialect: Dialect,
        model: Model,
        identity: Identity,
        channels: Sequence[GeneratorChannel],
    ) -> None:
        for channel in channels:
            check_channel(channel, model)
        for values, what in (([c.name for c in channels], "name"), ([c.number for c in channels], "number")):
            if len(set(values)) < len(values):
                raise ChannelError(f"Two channels of {model.name} have the same {what}: {values}.")
        self._link = link
        self._dialect = dialect
        self._model = model
        self._identity = identity
        self._channels = {channel.name: channel for channel in channels}
        self._wanted: dict[str, ChannelState] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.rest()
        finally:
            self.close()

    @property
    def identity(self) -> Identity:
        """Maker, model and serial number."""
        return self._identity

    @property
    def channels(self) -> tuple[GeneratorChannel, ...]:
        """The outputs in use."""
        return tuple(self._channels.values())

    @property
    def model(self) -> Model:
        """What the data sheet says."""
        return self._model

    def nearest_frequency(self, hz: float) -> float:
        """The frequency that the instrument gives when asked for ``hz``.

        Raises
        ------
        RangeError
        """
        return sine_frequency(self._model.name, hz, self._model.frequency_step_hz, self._model.maximum_hz)

    def configure_sine(self, channel: str, sine: Sine) -> None:
        """Set load, frequency, amplitude, phase and offset, and read them back. See :class:`WaveformGenerator`."""
        place = self._channel(channel)
        check_levels(place, self._model, sine.amplitude_volts, sine.offset_volts)
        nearest = self.nearest_frequency(sine.frequency_hz)
        if nearest != sine.frequency_hz:
            raise RangeError(
                f"{channel}: {self._model.name} can't give {sine.frequency_hz!r} Hz, whose steps are "
                f"{float(self._model.frequency_step_hz):g} Hz; the nearest is {nearest!r} Hz.",
                remedy="Choose a base period that makes every tone a multiple of the step, or upload one base period "
                "as a waveform.",
            )
        if not math.isfinite(sine.phase_radians):
            raise RangeError(f"{channel}: a phase of {sine.phase_radians} can't be set.")
        self._wanted.pop(channel, None)
        self._send(place, self._dialect.load(place.number, place.load_ohms))
        # After the load: from here on the instrument's numbers are volts at the load.
        before = self.state(channel)
        self._send(place, self._dialect.sine(place.number, sine, before))
        self._keep(place, "sine", sine.frequency_hz, sine.amplitude_volts, sine.offset_volts, sine.phase_radians)

    def configure_arbitrary(self, channel: str, waveform: ArbitraryWaveform) -> None:
        """Upload and select a waveform; the output must be off. See :class:`WaveformGenerator`."""
        place = self._channel(channel)
        samples = quantise(channel, waveform, self._model)
        check_levels(place, self._model, samples.amplitude_volts, samples.offset_volts)
        if self.state(channel).on:
            raise GeneratorStateError(
                "a waveform can't be changed while the output is on.",
                channel=channel,
                remedy="Switch it off first: between the old and the new one the voltage is undefined.",
            )
        self._wanted.pop(channel, None)
        self._send(place, self._dialect.load(place.number, place.load_ohms))
        self._send(place, self._dialect.arbitrary(place.number, samples))
        self._keep(place, "arbitrary", math.nan, samples.amplitude_volts, samples.offset_volts, 0.0)

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

    def switch(self, channel: str, *, on: bool) -> None:
        """Connect or disconnect the output. Load and voltages are compared once more before it is connected."""
        place = self._channel(channel)
        if on:
            # Someone may have turned a knob meanwhile, or the instrument been restarted.
            compare(place, self._configured(channel), self.state(channel), self._model)
        self._send(place, self._dialect.output(place.number, on))
        if self.state(channel).on != on:
            raise GeneratorMismatch(
                "output",
                "on" if on else "off",
                "off" if on else "on",
                channel=channel,
                remedy="Look at the instrument: an overload switches an output off, a locked panel keeps it on.",
            )

    def state(self, channel: str) -> ChannelState:
        """What the instrument says now."""
        place = self._channel(channel)
        return self._dialect.read_state(place.number, self._asker(place))

    def rest(self) -> None:
        """Disconnect every output, whatever fails on the way; the first failure is raised when all were tried."""
        failures: list[DriverError] = []
        for channel in self._channels:
            try:
                self.switch(channel, on=False)
            except DriverError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""
        self._link.close()

    def _channel(self, name: str) -> GeneratorChannel:
        if name not in self._channels:
            raise ChannelError(f"{self._model.name} has no channel {name!r}; there are {', '.join(self._channels)}.")
        return self._channels[name]

    def _configured(self, channel: str) -> ChannelState:
        if channel not in self._wanted:
            raise GeneratorStateError(
                "nothing was configured, so what the output would give isn't known.",
                channel=channel,
                remedy="Configure a sine or a waveform first.",
            )
        return self._wanted[channel]

    def _send(self, place: GeneratorChannel, commands: Sequence[Command]) -> None:
        for command in commands:
            self._link.command(command, channel=place.name)

    def _asker(self, place: GeneratorChannel) -> Ask:
        ask: Callable[..., str] = self._link.ask
        return lambda question: ask(question, channel=place.name)

    def _keep(
        self, place: GeneratorChannel, waveform: str, hz: float, amplitude: float, offset: float, phase: float
    ) -> None:
        """Remember what was asked for, once the instrument says the same."""
        wanted = ChannelState(False, place.load_ohms, waveform, hz, amplitude, offset, phase)
        compare(place, wanted, self.state(place.name), self._model)
        self._wanted[place.name] = wanted
