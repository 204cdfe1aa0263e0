"""What every maker's generator must do, over pyvisa and a real socket; volts are judged at the connector."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import ChannelError, InvalidSamples, RangeError
from hgx_drivers.waveform_generator import (
    ArbitraryWaveform,
    Burst,
    GeneratorChannel,
    GeneratorError,
    GeneratorMismatch,
    GeneratorSettings,
    GeneratorStateError,
    ScpiError,
    ScpiGenerator,
    Sine,
    WaveformGenerator,
    open_generator,
)
from tests.doors.scpi_instrument import Language, ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage, SiglentLanguage

OPEN = math.inf
A = GeneratorChannel("tone A", 1, -1.0, 1.0)
B = GeneratorChannel("tone B", 2, -1.0, 1.0)


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    yield
    gc.collect()  # an unclosed socket warns now, and a warning is an error


@pytest.fixture(params=[KeysightLanguage, SiglentLanguage])
def instrument(request: pytest.FixtureRequest) -> Iterator[ScpiInstrument]:
    make: Callable[[], Language] = request.param
    with ScpiInstrument(make()) as instrument:
        yield instrument


def settings(instrument: ScpiInstrument, *channels: GeneratorChannel, **more: Any) -> GeneratorSettings:
    return GeneratorSettings(instrument.resource, channels, timeout_seconds=5.0, **more)


@pytest.fixture
def generator(instrument: ScpiInstrument) -> Iterator[ScpiGenerator]:
    generator = open_generator(settings(instrument, A, B))
    yield generator
    generator.close()


def load_command(instrument: ScpiInstrument) -> str:
    return "LOAD," if "SDG" in instrument.identity else "LOAD INF"


def test_it_is_a_waveform_generator(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    assert isinstance(generator, WaveformGenerator)
    assert generator.identity.maker.split()[0] in ("Keysight", "Siglent")
    assert generator.identity.serial == instrument.identity.split(",")[2]
    assert generator.channels == (A, B)
    assert not any(output.on for output in instrument.outputs)


@pytest.mark.parametrize("load", [OPEN, 50.0, 75.0])
def test_the_load_sees_the_volts_that_were_asked_for(instrument: ScpiInstrument, load: float) -> None:
    channel = GeneratorChannel("tone A", 1, -1.0, 1.0, load_ohms=load)
    with open_generator(settings(instrument, channel)) as generator:
        generator.configure_sine("tone A", Sine(1234.5, 0.07, phase_radians=math.pi / 3, offset_volts=-0.2))
        generator.switch("tone A", on=True)
        output = instrument.outputs[0]
        assert output.peak_and_offset(load) == pytest.approx((0.07, -0.2), rel=1e-6)
        assert output.hz == 1234.5
        assert output.degrees == pytest.approx(60.0)
        state = generator.state("tone A")
        assert (state.on, state.load_ohms, state.waveform) == (True, load, "sine")
    assert not output.on


def test_a_setting_for_50_ohm_would_be_twice_as_much_at_a_summing_input(instrument: ScpiInstrument) -> None:
    """The trap itself: what ``load_ohms=50`` does at an input of high impedance."""
    channel = GeneratorChannel("tone A", 1, -1.0, 1.0, load_ohms=50.0)
    with open_generator(settings(instrument, channel)) as generator:
        generator.configure_sine("tone A", Sine(1000.0, 0.07))
        generator.switch("tone A", on=True)
        assert instrument.outputs[0].peak_and_offset(OPEN)[0] == pytest.approx(0.14)


def test_a_load_that_the_instrument_doesnt_take_is_found(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail(load_command(instrument), "deny")
    with pytest.raises(GeneratorMismatch, match="2 times the voltage") as caught:
        generator.configure_sine("tone A", Sine(1000.0, 0.07))
    assert (caught.value.quantity, caught.value.channel) == ("load", "tone A")
    with pytest.raises(GeneratorStateError, match="tone A"):
        generator.switch("tone A", on=True)
    assert not instrument.outputs[0].on


@pytest.mark.parametrize(("wanted", "found"), [(50.0, 9.9e37), (OPEN, 50.0), (75.0, 50.0)])
def test_any_other_load_keeps_the_output_off(instrument: ScpiInstrument, wanted: float, found: float) -> None:
    """An open circuit on the display for a 50 ohm load too, where the load would see half the voltage."""
    generator = open_generator(settings(instrument, GeneratorChannel("tone A", 1, -1.0, 1.0, load_ohms=wanted)))
    generator.configure_sine("tone A", Sine(1000.0, 0.07))
    instrument.outputs[0].load = found
    with pytest.raises(GeneratorMismatch, match="the load should be"):
        generator.switch("tone A", on=True)
    generator.close()


@pytest.mark.parametrize(
    ("what", "value", "quantity"),
    [("load", 50.0, "load"), ("source_amplitude", 0.2, "amplitude"), ("source_offset", 0.5, "offset"),
     ("hz", 999.0, "frequency"), ("degrees", 5.0, "phase"), ("waveform", "ARB", "waveform")],
)  # fmt: skip
def test_a_knob_turned_meanwhile_keeps_the_output_off(
    generator: ScpiGenerator, instrument: ScpiInstrument, what: str, value: object, quantity: str
) -> None:
    generator.configure_sine("tone A", Sine(1000.0, 0.07))
    setattr(instrument.outputs[0], what, value)
    with pytest.raises(GeneratorMismatch) as caught:
        generator.switch("tone A", on=True)
    assert caught.value.quantity == quantity
    assert not instrument.outputs[0].on


@pytest.mark.parametrize(
    "sine",
    [Sine(1000.0, 0.6, offset_volts=0.5), Sine(1000.0, 0.6, offset_volts=-0.5), Sine(1000.0, 1.01), Sine(1000.0, 1e-4),
     Sine(1000.0, math.nan), Sine(1000.0, 0.1, offset_volts=math.inf), Sine(1000.0, -0.1), Sine(1e9, 0.1),
     Sine(0.0, 0.1), Sine(math.nan, 0.1), Sine(1000.0, 0.1, phase_radians=math.nan), Sine(1000.00000037, 0.1)],
)  # fmt: skip
def test_what_isnt_allowed_is_refused_before_anything_is_sent(
    generator: ScpiGenerator, instrument: ScpiInstrument, sine: Sine
) -> None:
    heard = len(instrument.heard)
    with pytest.raises(RangeError, match=r"tone A|sines of"):
        generator.configure_sine("tone A", sine)
    with pytest.raises(ChannelError, match="tone A, tone B"):
        generator.configure_sine("tone C", Sine(1000.0, 0.1))
    assert len(instrument.heard) == heard


def test_the_instruments_own_range_depends_on_the_load(instrument: ScpiInstrument) -> None:
    channel = GeneratorChannel("a", 1, -20.0, 20.0, load_ohms=50.0)
    generator = open_generator(settings(instrument, channel))
    with generator, pytest.raises(RangeError, match="at most ±5 V into 50 ohm"):
        generator.configure_sine("a", Sine(1000.0, 4.0, offset_volts=1.5))


@pytest.mark.parametrize(
    "channels",
    [(GeneratorChannel("c", 3, -1, 1),), (A, GeneratorChannel("tone A", 2, -1, 1)),
     (A, GeneratorChannel("c", 1, -1, 1)), (GeneratorChannel("c", 1, 1, -1),),
     (GeneratorChannel("c", 1, -math.inf, 1),), (GeneratorChannel("c", 1, -1, 1, 1e6),)],
)  # fmt: skip
def test_channels_that_cant_be_are_refused_and_the_link_is_closed(
    instrument: ScpiInstrument, channels: tuple[GeneratorChannel, ...]
) -> None:
    with pytest.raises((ChannelError, RangeError)):
        open_generator(settings(instrument, *channels))


def test_a_waveform_arrives_with_its_newline_bytes(
    generator: ScpiGenerator, instrument: ScpiInstrument, rng: np.random.Generator
) -> None:
    volts = rng.uniform(-0.3, 0.5, size=5000)
    generator.configure_arbitrary("tone B", ArbitraryWaveform(volts, 100e3))
    generator.switch("tone B", on=True)
    output = instrument.outputs[1]
    assert output.codes.count(b"\n") > 20
    assert output.sample_rate == 100e3
    amplitude, offset = output.peak_and_offset(OPEN)
    played = offset + amplitude * np.frombuffer(output.codes, "<i2") / 32767
    np.testing.assert_allclose(played, volts, atol=amplitude / 65000)
    assert generator.state("tone B").waveform == "arbitrary"
    with pytest.raises(GeneratorStateError, match="while the output is on"):
        generator.configure_arbitrary("tone B", ArbitraryWaveform(volts, 100e3))


@pytest.mark.parametrize(
    ("volts", "rate", "error"),
    [(np.linspace(0, 1.1, 100), 1e5, RangeError), (np.full(100, 0.1), 1e5, RangeError), (np.zeros(3), 1e5, RangeError),
     (np.linspace(0, 1, 100), 1e12, RangeError), (np.linspace(0, 1, 100), 0.0, RangeError),
     (np.linspace(0, 1, 100), 1e5 / 3, RangeError),
     (np.full(100, np.nan), 1e5, InvalidSamples), (np.zeros((2, 100)), 1e5, InvalidSamples)],
)  # fmt: skip
def test_a_waveform_that_cant_be_is_refused_before_anything_is_sent(
    generator: ScpiGenerator, instrument: ScpiInstrument, volts: np.ndarray, rate: float, error: type[Exception]
) -> None:
    heard = len(instrument.heard)
    with pytest.raises(error, match="tone A"):
        generator.configure_arbitrary("tone A", ArbitraryWaveform(volts, rate))
    assert len(instrument.heard) == heard


def test_a_base_period_plays_a_tone_whose_frequency_no_sine_of_the_generator_has(
    generator: ScpiGenerator, instrument: ScpiInstrument
) -> None:
    samples, bins, rate = 65_536, 7, 100e3
    turns = np.arange(samples) * bins % samples / samples
    with pytest.raises(RangeError, match="base period"):
        generator.configure_sine("tone A", Sine(bins * rate / samples, 0.07))
    generator.configure_arbitrary("tone A", ArbitraryWaveform(0.07 * np.sin(2 * np.pi * turns), rate))
    if "SDG" in instrument.identity:
        # Played sample by sample there is no burst, and the instrument doesn't say so but when it is asked.
        with pytest.raises(GeneratorMismatch, match=r"the burst should be armed.*off") as caught:
            generator.set_burst("tone A", Burst())
        assert "TrueArb" in caught.value.remedy
        with pytest.raises(GeneratorStateError, match="nothing was configured"):
            generator.switch("tone A", on=True)
        generator.configure_arbitrary("tone A", ArbitraryWaveform(0.07 * np.sin(2 * np.pi * turns), rate))
    else:
        generator.set_burst("tone A", Burst())
    generator.switch("tone A", on=True)
    output = instrument.outputs[0]
    spectrum = np.abs(np.fft.rfft(np.frombuffer(output.codes, "<i2") / 32767.0)) * 2 / samples
    assert spectrum[bins] * output.peak_and_offset(OPEN)[0] == pytest.approx(0.07, rel=1e-4)
    assert output.sample_rate == rate


def test_a_burst_waits_for_the_trigger_at_the_phase_of_the_sine(
    generator: ScpiGenerator, instrument: ScpiInstrument
) -> None:
    with pytest.raises(GeneratorStateError):
        generator.set_burst("tone A", Burst())
    generator.configure_sine("tone A", Sine(1000.0, 0.07, phase_radians=-math.pi / 2))
    generator.set_burst("tone A", Burst(edge="falling"))
    burst = instrument.outputs[0].burst
    endless = {"state": "ON", "mode": "TRIG", "cycles": "INF", "source": "EXT", "slope": "NEG", "phase": "270"}
    siglent = {"STATE": "ON", "GATE_NCYC": "NCYC", "TIME": "INF", "TRSR": "EXT", "EDGE": "FALL", "STPS": "270"}
    assert endless.items() <= burst.items() or siglent.items() <= burst.items()
    with pytest.raises(RangeError, match="at least 1 period"):
        generator.set_burst("tone A", Burst(cycles=0))
    generator.set_burst("tone A", Burst(cycles=12))
    assert "12" in (burst.get("cycles"), burst.get("TIME"))
    generator.set_burst("tone A", None)
    assert "OFF" in (burst.get("state"), burst.get("STATE"))


def test_the_external_reference_is_locked_to_or_missed(instrument: ScpiInstrument) -> None:
    external = settings(instrument, A, reference="external")
    with open_generator(external):
        assert instrument.reference == "EXT"
    instrument.reference_connected = False
    with pytest.raises((ScpiError, GeneratorMismatch)) as caught:
        open_generator(external)
    assert "10 MHz" in caught.value.remedy


def test_an_entry_in_the_error_queue_names_channel_number_and_command(
    generator: ScpiGenerator, instrument: ScpiInstrument
) -> None:
    generator.configure_sine("tone B", Sine(1000.0, 0.07))
    instrument.fail(load_command(instrument), "error")
    with pytest.raises(ScpiError, match=r"tone B.*-222.*and 1 more") as caught:
        generator.configure_sine("tone B", Sine(2000.0, 0.07))
    assert (caught.value.code, caught.value.text, caught.value.channel) == (-222, "Data out of range", "tone B")
    assert "LOAD" in caught.value.command
    assert not instrument.errors
    generator.configure_sine("tone B", Sine(2000.0, 0.07))


def test_rest_reaches_every_output_whatever_fails(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    for channel in ("tone A", "tone B"):
        generator.configure_sine(channel, Sine(1000.0, 0.07))
        generator.switch(channel, on=True)
    instrument.fail(":OUTP OFF" if "SDG" in instrument.identity else "OUTP1 OFF", "deny")
    with pytest.raises(GeneratorMismatch, match=r"tone A: the output should be off"):
        generator.rest()
    assert [output.on for output in instrument.outputs] == [True, False]
    generator.rest()
    assert not instrument.outputs[0].on


def test_the_context_rests_and_closes_after_an_error(instrument: ScpiInstrument) -> None:
    def fail_with_the_output_on() -> None:
        with open_generator(settings(instrument, A)) as generator:
            generator.configure_sine("tone A", Sine(1000.0, 0.07))
            generator.switch("tone A", on=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_with_the_output_on()
    assert not instrument.outputs[0].on


def test_a_closed_generator_says_so(generator: ScpiGenerator) -> None:
    generator.close()
    generator.close()
    with pytest.raises(GeneratorStateError, match="closed"):
        generator.state("tone A")


def test_a_live_tone_never_exceeds_its_old_and_new_level_on_the_way(
    generator: ScpiGenerator, instrument: ScpiInstrument
) -> None:
    steps = [Sine(1000.0, 0.7, offset_volts=0.2), Sine(1000.0, 0.1, offset_volts=0.85), Sine(1000.0, 0.5)]
    levels: list[float] = []
    obey = instrument.language.obey

    def watch(door: ScpiInstrument, message: bytes) -> list[str]:
        answers = obey(door, message)
        amplitude, offset = door.outputs[0].peak_and_offset(OPEN)
        levels.append(amplitude + abs(offset))
        return answers

    generator.configure_sine("tone A", steps[0])
    generator.switch("tone A", on=True)
    instrument.language.obey = watch  # type: ignore[method-assign]
    generator.configure_sine("tone A", steps[1])
    generator.configure_sine("tone A", steps[2])
    assert max(levels) <= 0.95 + 1e-9


def test_a_channel_that_was_never_configured_stays_off(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    with pytest.raises(GeneratorError, match="nothing was configured"):
        generator.switch("tone A", on=True)
    assert not instrument.outputs[0].on
