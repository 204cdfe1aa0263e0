"""PyMeasure's driver behind our Protocol, over pyvisa-py and a real socket; volts are judged at the connector."""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from hgx_drivers.errors import ChannelError, DriverError, RangeError
from hgx_drivers.waveform_generator import (
    ArbitraryWaveform,
    Burst,
    GeneratorChannel,
    GeneratorDisconnected,
    GeneratorMismatch,
    GeneratorRefused,
    GeneratorSettings,
    GeneratorStateError,
    GeneratorTimeout,
    GeneratorUnsupported,
    PyMeasureGenerator,
    ScpiError,
    ScpiGenerator,
    Sine,
    UnexpectedAnswer,
    WaveformGenerator,
    open_by_driver,
)
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage, SiglentLanguage

pytest.importorskip("pymeasure")
pytest.importorskip("pyvisa_py")

OPEN = math.inf
A = GeneratorChannel("tone A", 1, -1.0, 1.0)
B = GeneratorChannel("tone B", 2, -1.0, 1.0)
DRIVER = "pymeasure:Agilent33500"


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    yield
    gc.collect()  # an unclosed socket warns now, and a warning is an error


@pytest.fixture
def instrument() -> Iterator[ScpiInstrument]:
    with ScpiInstrument(KeysightLanguage()) as instrument:
        yield instrument


def opened(instrument: ScpiInstrument, *channels: GeneratorChannel, seconds: float = 5.0) -> PyMeasureGenerator:
    settings = GeneratorSettings(instrument.resource, channels or (A, B), timeout_seconds=seconds)
    generator = open_by_driver(DRIVER, settings)
    assert isinstance(generator, PyMeasureGenerator)
    return generator


@pytest.fixture
def generator(instrument: ScpiInstrument) -> Iterator[PyMeasureGenerator]:
    generator = opened(instrument)
    yield generator
    generator.close()


def test_it_is_a_waveform_generator(generator: PyMeasureGenerator) -> None:
    assert isinstance(generator, WaveformGenerator)
    assert (generator.identity.model, generator.identity.serial) == ("33522A", "MY50000891")
    assert "PyMeasure 0." in generator.identity.driver
    assert generator.channels == (A, B)


@pytest.mark.parametrize("load", [OPEN, 50.0, 75.0])
def test_the_load_sees_the_volts_that_were_asked_for(instrument: ScpiInstrument, load: float) -> None:
    with opened(instrument, GeneratorChannel("tone A", 1, -1.0, 1.0, load_ohms=load)) as generator:
        generator.configure_sine("tone A", Sine(1234.5, 0.07, phase_radians=math.pi / 3, offset_volts=-0.2))
        generator.set_burst("tone A", None)
        assert not instrument.outputs[0].on
        generator.switch("tone A", on=True)
        output = instrument.outputs[0]
        assert output.peak_and_offset(load) == pytest.approx((0.07, -0.2), rel=1e-4)
        assert output.hz == 1234.5
        assert output.degrees == pytest.approx(60.0, abs=1e-5)
        assert generator.state("tone A").load_ohms == load
    assert not output.on


@pytest.mark.parametrize(("amplitude", "offset"), [(9.0, 0.5), (2e-3, 0.0), (1.0, -8.0)])
def test_the_limits_are_the_instruments_and_not_those_of_50_ohm(
    instrument: ScpiInstrument, amplitude: float, offset: float
) -> None:
    with opened(instrument, GeneratorChannel("tone A", 1, -10.0, 10.0)) as generator:
        generator.configure_sine("tone A", Sine(1000.0, amplitude, offset_volts=offset))
        generator.switch("tone A", on=True)
        assert instrument.outputs[0].peak_and_offset(OPEN) == pytest.approx((amplitude, offset), abs=1e-6)


@pytest.mark.parametrize(
    "sine",
    [Sine(1000.0, 0.6, offset_volts=0.5), Sine(1000.0, 0.6, offset_volts=-0.5), Sine(1000.0, 1.01), Sine(1000.0, 1e-4),
     Sine(1000.0, math.nan), Sine(1000.0, 0.1, offset_volts=math.inf), Sine(1e9, 0.1), Sine(0.0, 0.1),
     Sine(1000.0, 0.1, phase_radians=math.nan), Sine(1000.00000037, 0.1)],
)  # fmt: skip
def test_what_isnt_allowed_is_refused_before_anything_is_sent(
    generator: PyMeasureGenerator, instrument: ScpiInstrument, sine: Sine
) -> None:
    heard = len(instrument.heard)
    with pytest.raises(RangeError):
        generator.configure_sine("tone A", sine)
    assert len(instrument.heard) == heard


def test_every_step_stays_within_the_limits(generator: PyMeasureGenerator, instrument: ScpiInstrument) -> None:
    """From a large offset to a large amplitude and back, while the output is on."""
    peaks: list[float] = []
    obey = instrument.language.obey

    def watch(box: ScpiInstrument, message: bytes) -> list[str]:
        answers = obey(box, message)
        amplitude, offset = box.outputs[0].peak_and_offset(OPEN)
        peaks.append(abs(offset) + amplitude)
        return answers

    generator.configure_sine("tone A", Sine(1000.0, 0.05, offset_volts=0.9))
    generator.switch("tone A", on=True)
    instrument.language.obey = watch  # type: ignore[method-assign]
    generator.configure_sine("tone A", Sine(1000.0, 0.95))
    generator.configure_sine("tone A", Sine(1000.0, 0.05, offset_volts=0.9))
    assert max(peaks) <= 1.0 + 1e-6


def test_a_load_that_the_instrument_doesnt_take_is_found(
    generator: PyMeasureGenerator, instrument: ScpiInstrument
) -> None:
    instrument.fail("LOAD INF", "deny")
    with pytest.raises(GeneratorMismatch, match="2 times the voltage"):
        generator.configure_sine("tone A", Sine(1000.0, 0.07))
    with pytest.raises(GeneratorStateError, match="tone A"):
        generator.switch("tone A", on=True)
    assert not instrument.outputs[0].on


def test_a_knob_turned_meanwhile_keeps_the_output_off(
    generator: PyMeasureGenerator, instrument: ScpiInstrument
) -> None:
    generator.configure_sine("tone A", Sine(1000.0, 0.07))
    instrument.outputs[0].source_amplitude = 0.2
    with pytest.raises(GeneratorMismatch, match="amplitude"):
        generator.switch("tone A", on=True)
    assert not instrument.outputs[0].on


def test_the_error_queue_is_read_after_each_setting(generator: PyMeasureGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("FREQ 1", "error")
    with pytest.raises(ScpiError, match=r"-222, 'Data out of range'.*1 more") as caught:
        generator.configure_sine("tone A", Sine(1000.0, 0.07))
    assert (caught.value.code, caught.value.channel) == (-222, "tone A")
    assert not instrument.errors


def test_samples_come_out_as_they_were_given(generator: PyMeasureGenerator, instrument: ScpiInstrument) -> None:
    volts = 0.3 * np.sin(2 * np.pi * np.arange(100) / 100) + 0.1
    generator.configure_arbitrary("tone B", ArbitraryWaveform(volts, 100e3))
    generator.switch("tone B", on=True)
    output = instrument.outputs[1]
    amplitude, offset = output.peak_and_offset(OPEN)
    played = np.frombuffer(output.codes, dtype="<i2") / 32767 * amplitude + offset
    assert np.max(np.abs(played - volts)) < 1e-4
    assert output.sample_rate == 100e3
    with pytest.raises(GeneratorStateError, match="on"):
        generator.configure_arbitrary("tone B", ArbitraryWaveform(volts, 100e3))


def test_more_samples_than_pymeasure_can_send_are_refused(generator: PyMeasureGenerator) -> None:
    with pytest.raises(GeneratorUnsupported, match="65536"):
        generator.configure_arbitrary("tone A", ArbitraryWaveform(np.arange(70_000.0) / 70_000, 1e6))


def test_a_burst_waits_for_the_trigger_at_the_phase_of_the_sine(
    generator: PyMeasureGenerator, instrument: ScpiInstrument
) -> None:
    with pytest.raises(GeneratorStateError):
        generator.set_burst("tone A", Burst())
    generator.configure_sine("tone A", Sine(1000.0, 0.07, phase_radians=-math.pi / 2))
    generator.set_burst("tone A", Burst(edge="falling"))
    endless = {"state": "ON", "mode": "TRIG", "cycles": "INF", "source": "EXT", "slope": "NEG", "phase": "270"}
    assert endless.items() <= instrument.outputs[0].burst.items()
    with pytest.raises(RangeError, match="at least 1 period"):
        generator.set_burst("tone A", Burst(cycles=0))
    generator.set_burst("tone A", None)
    assert instrument.outputs[0].burst["state"] == "OFF"


def test_the_external_reference_is_locked_to_or_missed(instrument: ScpiInstrument) -> None:
    settings = GeneratorSettings(instrument.resource, (A,), reference="external", timeout_seconds=5.0)
    generator = open_by_driver(DRIVER, settings)
    generator.close()
    assert instrument.reference == "EXT"
    instrument.reference_connected = False
    with pytest.raises((GeneratorMismatch, ScpiError)):
        open_by_driver(DRIVER, settings)


@pytest.fixture
def impatient(instrument: ScpiInstrument) -> Iterator[PyMeasureGenerator]:
    """For tests in which an answer doesn't come."""
    generator = opened(instrument, seconds=0.5)
    yield generator
    generator.close()


def test_an_answer_that_comes_late_reaches_nobody(impatient: PyMeasureGenerator, instrument: ScpiInstrument) -> None:
    generator = impatient
    generator.configure_sine("tone A", Sine(1000.0, 0.07))
    instrument.fail("VOLT:OFFS?", "late")
    with pytest.raises(GeneratorTimeout, match=r"tone A.*0\.5 s"):
        generator.state("tone A")
    state = generator.state("tone A")
    assert (state.frequency_hz, state.offset_volts) == (1000.0, 0.0)
    assert state.amplitude_volts == pytest.approx(0.07)


@pytest.mark.parametrize("how", ["drop", "vanish"])
def test_a_peer_that_is_gone(impatient: PyMeasureGenerator, instrument: ScpiInstrument, how: str) -> None:
    generator = impatient
    instrument.fail("FREQ?", how)  # type: ignore[arg-type]
    with pytest.raises((GeneratorDisconnected, GeneratorTimeout)):
        generator.state("tone A")
    if how == "vanish":
        with pytest.raises(GeneratorRefused, match="can't be opened"):
            generator.state("tone A")
    else:
        assert generator.state("tone A").on is False


def test_an_answer_that_is_no_number(generator: PyMeasureGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("FREQ?", "garbage")
    with pytest.raises(UnexpectedAnswer, match="tone A"):
        generator.state("tone A")


def test_rest_tries_every_output(generator: PyMeasureGenerator, instrument: ScpiInstrument) -> None:
    for name in ("tone A", "tone B"):
        generator.configure_sine(name, Sine(1000.0, 0.07))
        generator.switch(name, on=True)
    instrument.fail("OUTP1", "error")
    with pytest.raises(ScpiError):
        generator.rest()
    assert [output.on for output in instrument.outputs] == [True, False]


def test_after_close_nothing_goes_out(generator: PyMeasureGenerator) -> None:
    generator.close()
    generator.close()
    with pytest.raises(GeneratorStateError, match="closed"):
        generator.state("tone A")


def test_channels_that_arent_there(instrument: ScpiInstrument, generator: PyMeasureGenerator) -> None:
    with pytest.raises(ChannelError, match="tone A, tone B"):
        generator.state("tone C")
    generator.close()  # the instrument talks to one program at a time
    with pytest.raises(ChannelError, match="1 to 2"):
        opened(instrument, GeneratorChannel("far", 3, -1.0, 1.0))
    with pytest.raises(ChannelError, match="same"):
        opened(instrument, A, A)


def test_drivers_by_name(instrument: ScpiInstrument) -> None:
    settings = GeneratorSettings(instrument.resource, (A,))
    for name in ("auto", "keysight"):
        generator = open_by_driver(name, settings)
        assert isinstance(generator, ScpiGenerator)
        generator.close()
    with pytest.raises(GeneratorRefused, match="33522A"):
        open_by_driver("siglent", settings)
    with pytest.raises(DriverError, match="'tektronix'") as caught:
        open_by_driver("tektronix", settings)
    assert DRIVER in caught.value.remedy
    with ScpiInstrument(SiglentLanguage()) as other, pytest.raises(GeneratorRefused, match="SDG2042X"):
        opened(other)


def test_without_the_package(instrument: ScpiInstrument, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymeasure.instruments.agilent", None)
    with pytest.raises(DriverError, match="pymeasure, which isn't installed") as caught:
        opened(instrument)
    assert "pip install" in caught.value.remedy
