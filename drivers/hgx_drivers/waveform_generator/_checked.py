"""What every driver of a generator does alike: checks before anything is sent, readback after.

Nothing is taken for granted about the state in which the instrument is found. Settings are put while outputs are off,
and everything about every configured channel is read back after the last was configured and before one is connected.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from hgx_drivers.errors import ChannelError, DriverError, RangeError
from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator._bringing import bring, check
from hgx_drivers.waveform_generator._dialect import Dialect
from hgx_drivers.waveform_generator._frequency import sine_frequency
from hgx_drivers.waveform_generator._interface import (
    ArbitraryWaveform,
    Burst,
    ChannelState,
    GeneratorChannel,
    Reference,
    Sine,
)
from hgx_drivers.waveform_generator._levels import Model, check_channel, check_levels, check_limits, divider
from hgx_drivers.waveform_generator._readback import compare, compare_burst
from hgx_drivers.waveform_generator._samples import quantise
from hgx_drivers.waveform_generator._setting import Row, Waveform, rows
from hgx_drivers.waveform_generator._talking import ChannelTalk, Talking
from hgx_drivers.waveform_generator._triggers import wait_until_triggered
from hgx_drivers.waveform_generator.errors import GeneratorMismatch, GeneratorStateError

__all__ = ["CheckedGenerator"]


class CheckedGenerator(Talking):
    """The part of a :class:`WaveformGenerator` that keeps voltages within limits; a subclass does the talking.

    As a context it rests and closes at the end.

    Parameters
    ----------
    dialect:
        The words.
    model, identity:
        What the data sheet says, and who the instrument is.
    channels:
        The outputs in use.

    Raises
    ------
    ChannelError, RangeError
        Channels that the model doesn't have, or two that are the same.
    """

    def __init__(
        self, dialect: Dialect, model: Model, identity: Identity, channels: Sequence[GeneratorChannel]
    ) -> None:
        super().__init__(dialect)
        for channel in channels:
            check_channel(channel, model)
        for values, what in (([c.name for c in channels], "name"), ([c.number for c in channels], "number")):
            if len(set(values)) < len(values):
                raise ChannelError(f"Two channels of {model.name} have the same {what}: {values}.")
        self._model = model
        self._identity = identity
        self._channels = {channel.name: channel for channel in channels}
        self._reference: Reference = "internal"
        self._wanted: dict[str, ChannelState] = {}
        self._bursts: dict[str, Burst | None] = {}
        #: Whether everything was read back since the last change.
        self._checked = False
        #: Whether the instrument was seen to wait for its trigger, so that it can tell when it has got it.
        self._seen_waiting = False

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

    def prepare(self) -> tuple[str, ...]:
        """Disconnect the outputs and undo what another user may have left. See :class:`WaveformGenerator`."""
        self.rest()
        changed: dict[str, None] = {}
        for place in self._channels.values():
            changed |= dict.fromkeys(self._bring(place, "sine"))
        return tuple(changed)

    def nearest_frequency(self, hz: float) -> float:
        """The frequency that the instrument gives when asked for ``hz``.

        Raises
        ------
        RangeError
        """
        return sine_frequency(self._model.name, hz, self._model.frequency_step_hz, self._model.maximum_hz)

    def configure_sine(self, channel: str, sine: Sine) -> tuple[str, ...]:
        """Set a sine and read it back. See :class:`WaveformGenerator`."""
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
        before = self.state(channel)
        if before.on:
            self._change_levels(place, sine, before)
            return ()
        self._forget(channel)
        changed = self._bring(place, "sine")
        self._load(place, sine.amplitude_volts, sine.offset_volts)
        self._put_sine(place, sine, self._model.minimum_open_amplitude * divider(place.load_ohms))
        self._keep(place, "sine", sine.frequency_hz, sine.amplitude_volts, sine.offset_volts, sine.phase_radians)
        return changed

    def configure_arbitrary(self, channel: str, waveform: ArbitraryWaveform) -> tuple[str, ...]:
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
        self._forget(channel)
        changed = self._bring(place, "arbitrary")
        self._load(place, samples.amplitude_volts, samples.offset_volts)
        self._put_arbitrary(place, samples)
        self._keep(place, "arbitrary", samples.rate_hz, samples.amplitude_volts, samples.offset_volts, 0.0)
        return changed

    def set_burst(self, channel: str, burst: Burst | None) -> None:
        """Arm the channel for its trigger; None lets it run freely.

        Raises
        ------
        GeneratorMismatch
            It isn't armed as it was told.
        """
        place = self._channel(channel)
        wanted = self._configured(channel)
        if burst is not None and burst.cycles is not None and burst.cycles < 1:
            raise RangeError(f"{channel}: a burst has at least 1 period, not {burst.cycles}.")
        # What can't be armed as it was told isn't to be connected, playing at any time, either.
        self._forget(channel)
        self._put_burst(place, burst, wanted.phase_radians)
        compare_burst(channel, burst, self._read_burst(place), wanted.phase_radians)
        self._wanted[channel], self._bursts[channel] = wanted, burst

    def set_reference(self, reference: Reference) -> None:
        """Lock the timebase to the 10 MHz input, or free it; read back.

        Raises
        ------
        GeneratorMismatch
            The instrument went on with the other one.
        """
        self._checked = False
        bring(self._reference_rows(), ChannelTalk(self, ""), self._dialect.extract, "")
        self._send(self._dialect.reference(reference), "")
        self._reference = reference
        self._check_reference()

    def switch(self, channel: str, *, on: bool) -> None:
        """Connect or disconnect the output; before it is connected every configured channel is read back."""
        place = self._channel(channel)
        if on:
            self._configured(channel)
            # Someone may have turned a knob meanwhile, or the instrument been restarted.
            self._check_all()
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
        self._seen_waiting = on and self._endless() and self._waiting() is True

    def started(self) -> bool | None:
        """Whether the armed channels have got their trigger. See :class:`WaveformGenerator`."""
        if not self._seen_waiting:
            return None
        wait_until_triggered(self._waiting, self._identity)
        return True

    def state(self, channel: str) -> ChannelState:
        """What the instrument says now."""
        return self._read_state(self._channel(channel))

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
    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""

    def _bring(self, place: GeneratorChannel, waveform: Waveform) -> tuple[str, ...]:
        """Bring the settings that change this output to what is wanted."""
        changed = bring(self._rows(place, waveform), ChannelTalk(self, place.name), self._dialect.extract, place.name)
        return tuple(f"{place.name}: {change}" for change in changed)

    def _rows(self, place: GeneratorChannel, waveform: Waveform, *, shared: bool = True) -> list[Row]:
        found = rows(self._dialect.settings, self._model, place.number, waveform)
        return [row for row in found if shared or not row.setting.shared]

    def _reference_rows(self) -> Sequence[Row]:
        return rows(self._dialect.reference_settings, self._model, 1, "sine")

    def _load(self, place: GeneratorChannel, amplitude: float, offset: float) -> None:
        """Say which load the output sees; voltage limits of the instrument's own would keep it, or clip the tone."""
        limits = self._read_limits(place)
        check_limits(place, limits, self.state(place.name).load_ohms, amplitude, offset)
        if limits is None:
            self._put_load(place)

    def _change_levels(self, place: GeneratorChannel, sine: Sine, before: ChannelState) -> None:
        """New amplitude and offset of a sine that plays; anything else would step, or end the burst."""
        wanted = self._configured(place.name)
        same = wanted.waveform == "sine" and (sine.frequency_hz, sine.phase_radians) == (
            wanted.frequency_hz,
            wanted.phase_radians,
        )
        if not same:
            raise GeneratorStateError(
                "only amplitude and offset can be changed while the output is on.",
                channel=place.name,
                remedy="Switch it off first: between the old and the new tone the voltage is undefined.",
            )
        self._wanted.pop(place.name)
        self._put_levels(
            place, sine.amplitude_volts, sine.offset_volts, rising=sine.amplitude_volts > before.amplitude_volts
        )
        self._keep(place, "sine", sine.frequency_hz, sine.amplitude_volts, sine.offset_volts, sine.phase_radians)

    def _check_all(self) -> None:
        """Read back every configured channel: one that was configured later may have changed it."""
        places = [self._channels[name] for name in self._wanted]
        if not self._checked:
            self._check_reference()
        for number, place in enumerate(places):
            wanted = self._wanted[place.name]
            if not self._checked:
                waveform: Waveform = "arbitrary" if wanted.waveform == "arbitrary" else "sine"
                talk = ChannelTalk(self, place.name)
                burst = self._bursts.get(place.name)
                compare_burst(place.name, burst, self._read_burst(place), wanted.phase_radians)
                found = [r for r in self._rows(place, waveform, shared=number == 0) if r.setting.name != "burst"]
                check(found, talk, self._dialect.extract, place.name)
            compare(place, wanted, self.state(place.name), self._model)
        self._checked = True

    def _check_reference(self) -> None:
        check(self._reference_rows(), ChannelTalk(self, ""), self._dialect.extract, "")
        found = self._dialect.read_reference(lambda question: self._ask(question, ""))
        if found != self._reference:
            raise GeneratorMismatch(
                "reference", self._reference, found, remedy="Look at the 10 MHz cable and the level of the reference."
            )

    def _endless(self) -> bool:
        """Whether every armed channel plays on once it has been triggered: others wait again."""
        armed = [burst for burst in self._bursts.values() if burst is not None]
        return bool(armed) and all(burst.cycles is None for burst in armed)

    def _waiting(self) -> bool | None:
        return self._dialect.read_waiting(lambda question: self._ask(question, ""))

    def _forget(self, channel: str) -> None:
        self._wanted.pop(channel, None)
        self._bursts.pop(channel, None)
        self._checked = False

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
