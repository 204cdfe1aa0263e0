"""Generators by the drivers of PyMeasure: our checks before, theirs in between, our readback after.

What ``pymeasure.instruments.agilent.Agilent33500`` does by itself, and what is done about it here:

- It never looks into the error queue. So each setting is followed by a look.
- A failed readback comes out as a string in place of a number. So every number is converted here.
- Its limits are those of a 50 ohm load whatever the load is. So they are set by the model and the load.
- It can't choose the reference, the edge or phase of a burst, or a burst without an end. So these are refused.
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
from hgx_drivers.waveform_generator._interface import (
    Burst,
    ChannelState,
    GeneratorChannel,
    Reference,
    Sine,
)
from hgx_drivers.waveform_generator._levels import divider
from hgx_drivers.waveform_generator._samples import QuantisedWaveform
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator._visa import VisaLink
from hgx_drivers.waveform_generator.errors import (
    GeneratorDisconnected,
    GeneratorMismatch,
    GeneratorRefused,
    GeneratorStateError,
    GeneratorTimeout,
    GeneratorUnsupported,
    ScpiError,
    UnexpectedAnswer,
)
from hgx_drivers.waveform_generator.keysight import Keysight

__all__ = ["PyMeasureGenerator"]

_WAVEFORMS = {"SIN": "sine", "ARB": "arbitrary"}
#: More entries than any error queue keeps.
_MANY = 100
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
        self._dialect = Keysight()
        self._told = ""
        self._told = self._who()
        maker, name, serial, firmware = ([field.strip() for field in self._told.split(",")] + [""] * 4)[:4]
        model = self._dialect.model(maker, name)
        if model is None:
            raise GeneratorRefused(
                f"{settings.resource} says it is {self._told!r}, which PyMeasure's Agilent33500 doesn't drive.",
                remedy="Name another driver; `keysight`, `siglent` and `auto` find out by themselves.",
            )
        version = importlib.import_module("pymeasure").__version__
        driver = f"firmware {firmware}; {settings.resource}; PyMeasure {version}"
        super().__init__(model, Identity("Keysight", model.name, serial, driver), settings.channels)
        with ExitStack() as stack:
            stack.callback(self.close)
            self.set_reference(settings.reference)
            stack.pop_all()

    def set_burst(self, channel: str, burst: Burst | None) -> None:
        """Arm the channel for its trigger; None lets it run freely.

        PyMeasure sets neither edge nor phase of a burst, and none without an end: these go out as plain commands, by
        its own connection.
        """
        place = self._channel(channel)
        wanted = self._configured(channel)
        if burst is not None and burst.cycles is not None and burst.cycles < 1:
            raise RangeError(f"{channel}: a burst has at least 1 period, not {burst.cycles}.")
        for command in self._dialect.burst(place.number, burst, wanted.phase_radians):
            self._write(place, str(command))

    def set_reference(self, reference: Reference) -> None:
        """Lock the timebase to the 10 MHz input, or free it; read back. PyMeasure has no word for it, so we send ours.

        Raises
        ------
        GeneratorMismatch
            The instrument went on with the other one.
        """
        place = next(iter(self._channels.values()))
        for command in self._dialect.reference(reference):
            self._write(place, str(command))
        with self._talking(place, "the reference"):
            found = self._dialect.read_reference(lambda question: str(self._instrument.ask(question)).strip())
        if found != reference:
            raise GeneratorMismatch(
                "reference", reference, found, remedy="Look at the 10 MHz cable and the level of the reference."
            )

    def state(self, channel: str) -> ChannelState:
        """What the instrument says now."""
        place = self._channel(channel)
        with self._talking(place, "the state") as output:
            radians = str(self._instrument.ask("UNIT:ANGL?")).strip().upper().startswith("RAD")
            shape = str(output.shape).strip().upper()
            try:
                load = float(output.output_load)
                return ChannelState(
                    on=bool(output.output),
                    load_ohms=math.inf if load > 1e37 else load,
                    waveform=_WAVEFORMS.get(shape, shape.lower()),
                    frequency_hz=float(output.frequency),
                    amplitude_volts=float(output.amplitude) / 2,
                    offset_volts=float(output.offset),
                    phase_radians=float(output.phase) * (1.0 if radians else math.pi / 180),
                )
            except (ValueError, TypeError, KeyError) as error:
                raise UnexpectedAnswer(f"an answer can't be read ({error}).", channel=channel) from error

    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""
        self._closed = True
        self._drop()

    def _put_load(self, place: GeneratorChannel) -> None:
        # Amplitudes in dBm or Vrms would turn into something else with the load.
        self._set(place, "amplitude_unit", "VPP")
        self._set(place, "output_load", "INF" if math.isinf(place.load_ohms) else f"{place.load_ohms:g}")

    def _put_sine(self, place: GeneratorChannel, sine: Sine, before: ChannelState) -> None:
        levels = [("amplitude", 2 * sine.amplitude_volts), ("offset", sine.offset_volts)]
        if sine.amplitude_volts > before.amplitude_volts:
            levels.reverse()
        degrees = math.degrees(sine.phase_radians) % 360
        for attribute, value in (("shape", "SIN"), ("frequency", sine.frequency_hz), *levels):
            self._set(place, attribute, value)
        self._write(place, "UNIT:ANGL DEG")
        self._set(place, "phase", degrees)

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

    def _write(self, place: GeneratorChannel, command: str) -> None:
        with self._talking(place, command):
            self._instrument.write(command)
            self._check_queue(place, command)

    def _check_queue(self, place: GeneratorChannel, command: str) -> None:
        """Empty the error queue; inside of ``_talking``."""
        entries: list[tuple[int, str]] = []
        for _ in range(_MANY):
            code, *text = self._instrument.next_error
            try:
                number = int(code)
            except ValueError as error:
                raise UnexpectedAnswer(f"{code!r} is no entry of an error queue.", channel=place.name) from error
            if number == 0:
                break
            entries.append((number, ",".join(str(part) for part in text).strip().strip('"')))
        if entries:
            raise ScpiError(*entries[0], command, channel=place.name, more=len(entries) - 1)

    @contextmanager
    def _talking(self, place: GeneratorChannel, what: str, size: int = 0) -> Iterator[Any]:
        """PyMeasure's channel; what its transport raises leaves the block typed, and the connection is dropped."""
        if self._closed:
            raise GeneratorStateError("the generator is closed.", channel=place.name, remedy="Open the bench again.")
        if self._instrument is None:
            self._instrument = self._open()
        seconds = self._settings.timeout_seconds
        self._instrument.adapter.connection.timeout = 1e3 * (seconds + size / _BYTES_PER_SECOND)
        try:
            output = self._instrument.channels[place.number]
            self._widen(output, place)
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
