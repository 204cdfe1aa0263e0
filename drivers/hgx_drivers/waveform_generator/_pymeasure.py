"""Generators by the drivers of PyMeasure: our checks before, theirs in between, our readback after.

What ``pymeasure.instruments.agilent.Agilent33500`` does by itself, and what is done about it here:

- It never looks into the error queue. So each setting is followed by a look.
- A failed readback comes out as a string in place of a number. So every number is converted here.
- Its limits are those of a 50 ohm load whatever the load is. So they are set by the model and the load.
- It knows neither polarity nor coupling nor modulation, nor the reference, the edge and phase of a burst, or one
  without an end. So these go out as plain commands, by its own connection.
- A time-out leaves the late answer for the next question. So the connection is dropped, and opened anew for the next
  call.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from hgx_drivers.errors import DriverError, RangeError
from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator._checked import CheckedGenerator
from hgx_drivers.waveform_generator._dialect import Command
from hgx_drivers.waveform_generator._error_queue import QUESTION, ErrorQueue, is_entry
from hgx_drivers.waveform_generator._interface import (
    ChannelState,
    GeneratorChannel,
    Sine,
)
from hgx_drivers.waveform_generator._levels import divider
from hgx_drivers.waveform_generator._samples import QuantisedWaveform
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator._visa import VisaLink
from hgx_drivers.waveform_generator.errors import (
    GeneratorDisconnected,
    GeneratorRefused,
    GeneratorStateError,
    GeneratorTimeout,
    GeneratorUnsupported,
    ScpiError,
    UnexpectedAnswer,
)
from hgx_drivers.waveform_generator.keysight import Keysight

__all__ = ["PyMeasureGenerator"]

#: Points that PyMeasure writes as text; the instrument takes no longer a line.
_MOST_POINTS = 65536
#: A slow instrument takes in this many bytes in a second.
_BYTES_PER_SECOND = 100e3
_NAME = "HGX"


class PyMeasureGenerator(CheckedGenerator):
    """A :class:`WaveformGenerator` around PyMeasure's ``Agilent33500``.

    Raises
    ------
    DriverError
        A package isn't installed.
    GeneratorRefused, GeneratorTimeout
        Nothing is there, or not an instrument of this family.
    ChannelError, RangeError
        Channels that the model doesn't have.
    GeneratorMismatch, ScpiError
        The reference can't be had.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        self._driver = _module("pymeasure.instruments.agilent").Agilent33500
        self._pyvisa = _module("pyvisa")
        self._settings = settings
        self._closed = False
        self._instrument: Any = None
        self._errors = ErrorQueue()
        dialect = Keysight()
        self._told = ""
        self._told = self._who()
        maker, name, serial, firmware = ([field.strip() for field in self._told.split(",")] + [""] * 4)[:4]
        model = dialect.model(maker, name)
        if model is None:
            raise GeneratorRefused(
                f"{settings.resource} says it is {self._told!r}, which PyMeasure's Agilent33500 doesn't drive.",
                remedy="Name another driver; `keysight`, `siglent` and `auto` find out by themselves.",
            )
        version = importlib.import_module("pymeasure").__version__
        driver = f"firmware {firmware}; {settings.resource}; PyMeasure {version}"
        super().__init__(dialect, model, Identity("Keysight", model.name, serial, driver), settings.channels)
        with ExitStack() as stack:
            stack.callback(self.close)
            self.set_reference(settings.reference)
            stack.pop_all()

    def _read_state(self, place: GeneratorChannel) -> ChannelState:
        with self._talking(place, "the state") as output:
            radians = str(self._instrument.ask("UNIT:ANGL?")).strip().upper().startswith("RAD")
            shape = str(output.shape).strip().upper()
            waveform = "sine" if shape == "SIN" else shape.lower()
            if shape == "ARB":
                name = str(output.arb_file).strip().strip('"')
                waveform = "arbitrary" if name == _NAME else f"arbitrary {name}"
            try:
                load = float(output.output_load)
                return ChannelState(
                    on=bool(output.output),
                    load_ohms=math.inf if load > 1e37 else load,
                    waveform=waveform,
                    frequency_hz=float(output.arb_srate if waveform == "arbitrary" else output.frequency),
                    amplitude_volts=float(output.amplitude) / 2,
                    offset_volts=float(output.offset),
                    phase_radians=float(output.phase) * (1.0 if radians else math.pi / 180),
                )
            except (ValueError, TypeError, KeyError) as error:
                raise UnexpectedAnswer(f"an answer can't be read ({error}).", channel=place.name) from error

    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""
        self._closed = True
        self._drop()

    def _put_load(self, place: GeneratorChannel) -> None:
        self._set(place, "output_load", "INF" if math.isinf(place.load_ohms) else f"{place.load_ohms:g}")

    def _put_sine(self, place: GeneratorChannel, sine: Sine, least_volts: float) -> None:
        for attribute, value in (
            ("shape", "SIN"),
            ("frequency", sine.frequency_hz),
            ("amplitude", 2 * least_volts),
            ("offset", sine.offset_volts),
            ("amplitude", 2 * sine.amplitude_volts),
        ):
            self._set(place, attribute, value)
        self._command("UNIT:ANGL DEG", place.name)
        self._set(place, "phase", math.degrees(sine.phase_radians) % 360)

    def _put_levels(self, place: GeneratorChannel, amplitude: float, offset: float, rising: bool) -> None:
        levels = [("amplitude", 2 * amplitude), ("offset", offset)]
        for attribute, value in reversed(levels) if rising else levels:
            self._set(place, attribute, value)

    def _check_upload(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:
        if samples.codes.size > _MOST_POINTS:
            raise GeneratorUnsupported(
                f"PyMeasure uploads at most {_MOST_POINTS} samples, not {samples.codes.size}.",
                channel=place.name,
                remedy="Name the driver `keysight`, which uploads binary blocks.",
            )

    def _put_arbitrary(self, place: GeneratorChannel, samples: QuantisedWaveform) -> None:
        codes = [int(code) for code in samples.codes]
        with self._talking(place, "data_arb", 7 * len(codes)) as output:
            output.data_volatile_clear()
            output.data_arb(_NAME, codes, "DAC")
            self._check_queue(place, "data_arb")
        for attribute, value in (
            ("arb_file", _NAME),
            ("arb_srate", samples.rate_hz),
            ("offset", 0.0),
            ("amplitude", 2 * samples.amplitude_volts),
            ("offset", samples.offset_volts),
            ("shape", "ARB"),
        ):
            self._set(place, attribute, value)

    def _put_output(self, place: GeneratorChannel, on: bool) -> None:
        self._set(place, "output", on)

    def _set(self, place: GeneratorChannel, attribute: str, value: object) -> None:
        with self._talking(place, attribute) as output:
            try:
                setattr(output, attribute, value)
            except ValueError as error:
                raise RangeError(f"{place.name}: PyMeasure refuses {attribute} = {value} ({error}).") from error
            self._check_queue(place, f"{attribute} = {value}")

    def _ask(self, question: str, channel: str) -> str:
        with self._talking(self._place(channel), question):
            return str(self._instrument.ask(question)).strip()

    def _ask_if_known(self, question: str, channel: str) -> str | None:
        """Where the firmware doesn't know a question, what comes first is the entry in the error queue about it."""
        place = self._place(channel)
        if not self._settings.resource.upper().endswith("::SOCKET"):
            try:
                return self._ask(question, channel)
            except GeneratorTimeout:
                return None
        with self._talking(place, question):
            self._instrument.write(question)
            first = str(self._instrument.ask(QUESTION)).strip()
            if not is_entry(first):
                self._errors.drain(str(self._instrument.read()).strip(), self._next_error, channel)
                return first
            self._errors.drain(first, self._next_error, channel)
            return None

    def _command(self, command: Command, channel: str) -> None:
        place = self._place(channel)
        with self._talking(place, str(command)):
            self._instrument.write(str(command))
            self._check_queue(place, str(command))

    def _place(self, channel: str) -> GeneratorChannel:
        """A channel for the connection; what concerns the whole instrument takes any."""
        return self._channels[channel] if channel else next(iter(self._channels.values()))

    def _next_error(self) -> str:
        return str(self._instrument.ask(QUESTION)).strip()

    def _check_queue(self, place: GeneratorChannel, command: str) -> None:
        """Empty the error queue; inside of ``_talking``."""
        entries = self._errors.drain(self._next_error(), self._next_error, place.name)
        if entries:
            raise ScpiError(*entries[0], command, channel=place.name, more=len(entries) - 1)

    @contextmanager
    def _talking(self, place: GeneratorChannel, what: str, size: int = 0) -> Iterator[Any]:
        """PyMeasure's channel; what its transport raises leaves the block typed, and the connection is dropped."""
        if self._closed:
            raise GeneratorStateError("the generator is closed.", channel=place.name, remedy="Open the bench again.")
        if self._instrument is None:
            self._instrument = self._open()
            self._errors.forget()
        seconds = self._settings.timeout_seconds
        self._instrument.adapter.connection.timeout = 1e3 * (seconds + size / _BYTES_PER_SECOND)
        try:
            output = self._instrument.channels[place.number]
            self._widen(output, place)
            self._errors.learn(self._next_error, place.name)
            yield output
        except self._pyvisa.errors.VisaIOError as error:
            self._drop()
            if error.error_code == self._pyvisa.constants.StatusCode.error_timeout:
                raise GeneratorTimeout(
                    f"no answer about {what} in {seconds:g} s from {self._settings.resource}.",
                    channel=place.name,
                    remedy="Allow it more time, or look at the instrument. The next call opens a new connection.",
                    alive=False,
                ) from error
            raise self._gone(place, what, error) from error
        except OSError as error:
            self._drop()
            raise self._gone(place, what, error) from error

    def _gone(self, place: GeneratorChannel, what: str, error: BaseException) -> GeneratorDisconnected:
        return GeneratorDisconnected(
            f"{self._settings.resource} broke off the connection during {what} ({error}).",
            channel=place.name,
            remedy="Disconnect the device: the outputs may still be on. Then look at power and cable, and whether "
            "another program took the instrument.",
        )

    def _widen(self, output: Any, place: GeneratorChannel) -> None:
        """PyMeasure's own limits, by what this model gives into this load."""
        at_load = divider(place.load_ohms)
        most = self._model.maximum_open_volts * at_load
        # The least is checked with a tolerance before; here it must not be in the way.
        output.amplitude_values = (self._model.minimum_open_amplitude * at_load, 2 * most)
        output.offset_values = (-most, most)
        output.frequency_values = (float(self._model.frequency_step_hz), self._model.maximum_hz)

    def _open(self) -> Any:
        """PyMeasure's driver on a resource that has just said who it is."""
        if self._who() != self._told:
            raise GeneratorDisconnected(f"{self._settings.resource} isn't {self._told!r} any more.")
        return self._driver(
            self._settings.resource,
            visa_library=self._settings.backend,
            timeout=1e3 * self._settings.timeout_seconds,
            read_termination="\n",
            write_termination="\n",
            encoding="latin-1",  # a disturbed line must not end in a UnicodeDecodeError
        )

    def _who(self) -> str:
        """Our own link knows what may go wrong when a resource is opened; it is closed before PyMeasure opens its."""
        link = VisaLink(
            self._settings.resource, backend=self._settings.backend, timeout_seconds=self._settings.timeout_seconds
        )
        link.close()
        return link.identity

    def _drop(self) -> None:
        instrument, self._instrument = self._instrument, None
        if instrument is not None:
            with suppress(self._pyvisa.errors.VisaIOError, OSError):
                instrument.adapter.close()


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DriverError(
            f"This generator needs the Python package {name.split('.')[0]}, which isn't installed ({error}).",
            remedy="Run: pip install 'hgx-lab[hardware,pymeasure]'.",
        ) from error
