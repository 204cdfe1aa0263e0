"""What every driver of a generator does alike: checks before anything is sent, readback after."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from hgx_drivers.errors import ChannelError, DriverError, RangeError
from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator._frequency import sine_frequency
from hgx_drivers.waveform_generator._interface import ArbitraryWaveform, ChannelState, GeneratorChannel, Sine
from hgx_drivers.waveform_generator._levels import Model, check_channel, check_levels
from hgx_drivers.waveform_generator._readback import compare
from hgx_drivers.waveform_generator._samples import QuantisedWaveform, quantise
from hgx_drivers.waveform_generator.errors import GeneratorMismatch, GeneratorStateError

__all__ = ["CheckedGenerator"]


class CheckedGenerator(ABC):
    """The part of a :class:`WaveformGenerator` that keeps voltages within limits; a subclass does the talking.

    As a context it rests and closes at the end.

    Parameters
    ----------
    model, identity:
        What the data sheet says, and who the instrument is.
    channels:
        The outputs in use.

    Raises
    ------
    ChannelError, RangeError
        Channels that the model doesn't have, or two that are the same.
    """

    def __init__(self, model: Model, identity: Identity, channels: Sequence[GeneratorChannel]) -> None:
        for channel in channels:
            check_channel(channel, model)
        for values, what in (([c.name for c in channels], "name"), ([c.number for c in channels], "number")):
            if len(set(values)) < len(values):
                raise ChannelError(f"Two channels of {model.name} have the same {what}: {values}.")
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
        self._put_load(place)
        # After the load: from here on the instrument's numbers are volts at the load.
        before = self.state(channel)
        self._put_sine(place, sine, before)
        self._keep(place, "sine", sine.frequency_hz, sine.amplitude_volts, sine.offset_volts, sine.phase_radians)

    def configure_arbitrary(self, channel: str, waveform: ArbitraryWaveform) -> None:
        """Upload and select a waveform; the output must be off. See :class:`WaveformGenerator`."""
        place = self._channel(channel)
        samples = quantise(channel, waveform, self._model)
        self._check_upload(place, samples)
        check_levels(place, self._model, samples.amplitude_volts, samples.offset_volts)
        if self.state(channel).on:
            raise GeneratorStateError(
                "a waveform can't be changed while the output is on.",
                channel=channel,
                remedy="Lower the amplitude, then switch the output off: between two waveforms the voltage is "
                "undefined.",
            )
        self._wanted.pop(channel, None)
        self._put_load(place)
        self._put_arbitrary(place, samples)
        self._keep(place, "arbitrary", math.nan, samples.amplitude_volts, samples.offset_volts, 0.0)

    def switch(self, channel: str, *, on: bool) -> None:
        """Connect or disconnect the output. Load and voltages are compared once more before it is connected."""
        place = self._channel(channel)
        if on:
            # Someone may have turned a knob meanwhile, or the instrument been restarted.
            compare(place, self._configured(channel), self.state(channel), self._model)
        self._put_output(place, on)
        if self.state(channel).on != on:
            raise GeneratorMismatch(
                "output",
                "on" if on else "off",
                "off" if on else "on",
                channel=channel,
                remedy="Disconnect the device before you touch the instrument. An overload switches an output off, a "
                "locked panel keeps it on.",
            )

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

    @abstractmethod
    def state(self, channel: str) -> ChannelState:
        """What the instrument says now."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""

    @abstractmethod
    def _put_load(self, place: GeneratorChannel) -> None:
        """Say which load the output sees, so that its numbers are volts there."""

    @abstractmethod
    def _put_sine(self, place: GeneratorChannel, sine: Sine, before: ChannelState) -> None:
        """Send a sine, in an order in which the sum of amplitude and offset never exceeds both states."""

    @abstractmethod
    def _put_arbitrary(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:
        """Upload samples and select them."""

    @abstractmethod
    def _put_output(self, place: GeneratorChannel, on: bool) -> None:
        """Connect or disconnect."""

    def _check_upload(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:  # noqa: B027 - most have no such limit
        """Refuse samples that this way of talking can't carry, before anything is sent."""

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

    def _keep(
        self, place: GeneratorChannel, waveform: str, hz: float, amplitude: float, offset: float, phase: float
    ) -> None:
        """Remember what was asked for, once the instrument says the same."""
        wanted = ChannelState(False, place.load_ohms, waveform, hz, amplitude, offset, phase)
        compare(place, wanted, self.state(place.name), self._model)
        self._wanted[place.name] = wanted
