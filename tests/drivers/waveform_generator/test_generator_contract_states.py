"""What every family must do with an instrument in a state that somebody else left; judged at the connector."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from hgx_drivers.waveform_generator import (
    Burst,
    GeneratorChannel,
    GeneratorError,
    GeneratorMismatch,
    GeneratorSettings,
    GeneratorStateError,
    Sine,
    WaveformGenerator,
    open_by_driver,
)
from hgx_drivers.waveform_generator._keysight_settings import KEYSIGHT_SETTINGS
from hgx_drivers.waveform_generator._setting import Setting, rows
from hgx_drivers.waveform_generator._siglent_settings import SIGLENT_SETTINGS
from hgx_drivers.waveform_generator.keysight import Keysight
from hgx_drivers.waveform_generator.siglent import Siglent
from tests.doors.scpi_instrument import ErrorStyle, Output, ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage, SiglentLanguage
from tests.doors.scpi_states import KEYSIGHT_LEFT, SIGLENT_LEFT, Left, draw_state, habits_of, leave

pytest.importorskip("pymeasure")
pytest.importorskip("pyvisa_py")

FAMILIES = {
    "keysight": KeysightLanguage,
    "siglent": SiglentLanguage,
    "pymeasure:Agilent33500": KeysightLanguage,
}
TONES = {"a": Sine(1234.567891, 0.07, 0.0, 0.02), "b": Sine(12345.678912, 0.2, -math.pi / 3, -0.1)}
LOAD = {"a": math.inf, "b": 50.0}
LIMIT = 0.4
#: When the card starts, s.
START = 0.25


_opened: list[WaveformGenerator] = []


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()
    gc.collect()  # an unclosed socket warns now, and a warning is an error


@contextmanager
def on_the_bench(family: str) -> Iterator[ScpiInstrument]:
    with ScpiInstrument(FAMILIES[family]()) as instrument:
        yield instrument


@pytest.fixture(params=list(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def instrument(family: str) -> Iterator[ScpiInstrument]:
    with on_the_bench(family) as instrument:
        yield instrument


def opened(instrument: ScpiInstrument, family: str, names: str = "ab", *, seconds: float = 5.0) -> WaveformGenerator:
    channels = {
        "a": GeneratorChannel("a", 1, -LIMIT, LIMIT, LOAD["a"]),
        "b": GeneratorChannel("b", 2, -LIMIT, LIMIT, LOAD["b"]),
    }
    used = tuple(channels[name] for name in names)
    generator = open_by_driver(family, GeneratorSettings(instrument.resource, used, timeout_seconds=seconds))
    _opened.append(generator)
    return generator


def play(generator: WaveformGenerator, tones: dict[str, Sine] = TONES) -> list[str]:
    """As a run does it: all configured, then all armed, then all connected. What was changed."""
    changed = list(generator.prepare())
    for name, sine in tones.items():
        changed += generator.configure_sine(name, sine)
    for name in tones:
        generator.set_burst(name, Burst())
    for name in tones:
        generator.switch(name, on=True)
    return changed


def wanted_volts(name: str, seconds: np.ndarray) -> np.ndarray:
    tone = TONES[name]
    since = np.maximum(seconds - START, 0.0)
    wave = np.sin(2 * np.pi * tone.frequency_hz * since + tone.phase_radians)
    return tone.offset_volts + tone.amplitude_volts * wave


def assert_plays(instrument: ScpiInstrument) -> None:
    """The volts at real loads, before and after the card's start."""
    instrument.trigger(START)
    seconds = np.linspace(START - 0.01, START + 0.05, 20_001)
    for number, name in enumerate("ab", start=1):
        volts = instrument.volts(number, seconds, LOAD[name])
        # A Siglent starts 0.7 µs late at best.
        tone = TONES[name]
        late = 2 * np.pi * tone.frequency_hz * 0.7e-6 * tone.amplitude_volts
        np.testing.assert_allclose(volts, wanted_volts(name, seconds), atol=late + 1e-4)


def assert_refused(error: GeneratorError, instrument: ScpiInstrument) -> None:
    assert error.remedy
    if isinstance(error, GeneratorMismatch):
        assert error.quantity in str(error)
        assert "output stays off" in error.remedy


@pytest.mark.parametrize("seed", range(15))
def test_a_state_drawn_at_random_is_set_right_or_refused_with_the_outputs_off(
    family: str, instrument: ScpiInstrument, seed: int
) -> None:
    rng = np.random.default_rng([seed, 0x5EED])
    habits_of(instrument, rng)
    draw_state(instrument, rng)
    generator = opened(instrument, family)
    highest = 0.0

    def watch() -> None:
        nonlocal highest
        for number, name in enumerate("ab", start=1):
            volts = instrument.volts(number, np.linspace(0.0, 0.02, 400), LOAD[name])
            highest = max(highest, float(np.abs(volts).max()))

    generator.rest()
    instrument.watch = watch
    try:
        play(generator)
    except GeneratorError as refused:
        assert_refused(refused, instrument)
        # Only what somebody wanted as a protection isn't set here.
        assert "voltage limits" in str(refused)
        generator.rest()
        assert not any(output.on for output in instrument.outputs)
    else:
        assert_plays(instrument)
    assert highest <= LIMIT + 1e-9


@pytest.mark.parametrize(
    ("family", "left"),
    [
        (family, one)
        for family in FAMILIES
        for one in (SIGLENT_LEFT if family == "siglent" else KEYSIGHT_LEFT)
        if one.name != "voltage limits"
    ],
    ids=lambda x: x.name if isinstance(x, Left) else x,
)
def test_everything_that_somebody_may_leave_is_undone(family: str, left: Left) -> None:
    with on_the_bench(family) as instrument:
        leave(instrument, [left], np.random.default_rng(1))
        generator = opened(instrument, family)
        play(generator)
        assert_plays(instrument)


def test_what_was_changed_is_told_and_an_instrument_in_order_isnt_touched(
    family: str, instrument: ScpiInstrument
) -> None:
    generator = opened(instrument, family)
    assert play(generator) == []
    generator.rest()
    invert = "C2:OUTP PLRT,INVT" if family == "siglent" else "OUTP2:POL INV"
    instrument.send(invert)
    assert [c for c in play(generator) if "polarity" in c] == [
        f"b: polarity was {'INVT' if family == 'siglent' else 'INV'}"
    ]
    assert_plays(instrument)


def settings_of(family: str) -> Sequence[Setting]:
    return SIGLENT_SETTINGS if family == "siglent" else KEYSIGHT_SETTINGS


def spoiled(instrument: ScpiInstrument, family: str, setting: Setting) -> bool:
    """Leave a setting otherwise than wanted, by whatever is drawn; False if nothing here does that."""
    dialect = Siglent() if family == "siglent" else Keysight()
    for one in SIGLENT_LEFT if family == "siglent" else KEYSIGHT_LEFT:
        leave(instrument, [one], np.random.default_rng(7))
        question = setting.question.format(n=1).encode()
        (answer,) = instrument.language.obey(instrument, question) or [""]
        found = dialect.extract(answer, setting.key)
        if found is not None and not setting.fits(found):
            return True
        instrument.outputs[:] = [Output(), Output()]
        instrument.language.begin(instrument)
    return False


@pytest.mark.parametrize(
    ("family", "setting"),
    [(family, s) for family in FAMILIES for s in settings_of(family) if s.waveform != "arbitrary"],
    ids=lambda x: x.name if isinstance(x, Setting) else x,
)
def test_a_setting_that_cannot_be_changed_is_refused_by_its_name(family: str, setting: Setting) -> None:
    """For every row of the tables: so none of them is there for show."""
    with on_the_bench(family) as instrument:
        if not spoiled(instrument, family, setting):
            # Nobody leaves these otherwise here.
            assert setting.name in ("trigger level", "separator of digits")
            return
        stuck = [setting.command.format(n=n).upper() for n in (1, 2)]
        either = ("sweep", "frequency mode") if setting.name in ("sweep", "frequency mode") else (setting.name,)
        if len(either) == 2:
            # Each of these undoes the other.
            stuck += [f"SOUR{n}:{words}" for n in (1, 2) for words in ("SWE:STAT OFF", "FREQ:MODE CW")]
        instrument.stuck = tuple(stuck)
        generator = opened(instrument, family)
        with pytest.raises(GeneratorMismatch) as caught:
            play(generator)
        assert caught.value.quantity.startswith(either)
        assert len(either) == 2 or setting.where in caught.value.remedy
        generator.rest()
        assert not any(output.on for output in instrument.outputs)


def test_voltage_limits_in_the_way_are_refused_and_left_as_they_are() -> None:
    with on_the_bench("keysight") as instrument:
        instrument.send("OUTP1:LOAD 50", "SOUR1:VOLT:LIM:HIGH 1", "SOUR1:VOLT:LIM:LOW -1", "SOUR1:VOLT:LIM:STAT ON")
        generator = opened(instrument, "keysight", "a")
        with pytest.raises(GeneratorMismatch, match=r"voltage limits.*-1 V to 1 V into 50 ohm") as caught:
            generator.configure_sine("a", TONES["a"])
        assert "Disconnect the device, then switch them off" in caught.value.remedy
        instrument.send(
            "SOUR1:VOLT:LIM:STAT OFF", "OUTP1:LOAD INF", "SOUR1:VOLT:LIM:HIGH 0.05", "SOUR1:VOLT:LIM:STAT ON"
        )
        with pytest.raises(GeneratorMismatch, match=r"hold 0\.02 V ± 0\.07 V into an open circuit"):
            generator.configure_sine("a", TONES["a"])
        instrument.send("SOUR1:VOLT:LIM:HIGH 1")
        generator.configure_sine("a", TONES["a"])
        assert instrument.outputs[0].words["limits"] == "1"


def test_a_channel_that_was_configured_later_and_changed_another_is_found(
    family: str, instrument: ScpiInstrument
) -> None:
    """Coupled between the two configurations, by somebody at the front panel."""
    generator = opened(instrument, family)
    generator.configure_sine("a", TONES["a"])
    couple = ("COUP FCOUP,ON",) if family == "siglent" else ("SOUR1:FREQ:COUP ON",)
    instrument.stuck = ("COUP FCOUP,OFF", "SOUR1:FREQ:COUP:STAT OFF", "SOUR2:FREQ:COUP:STAT OFF")
    instrument.send(*couple)
    with pytest.raises(GeneratorMismatch, match="frequency coupling"):
        generator.configure_sine("b", TONES["b"])
    instrument.stuck = ()
    generator.configure_sine("b", TONES["b"])
    # What it did to the other one has stayed, and is found before anything is connected.
    instrument.outputs[0].hz = TONES["b"].frequency_hz
    with pytest.raises(GeneratorMismatch, match="a: the frequency should be"):
        generator.switch("b", on=True)
    assert not any(output.on for output in instrument.outputs)


@pytest.mark.parametrize("knob", ["polarity", "combined", "burst", "delay", "tracking"])
def test_a_knob_turned_after_all_was_armed_keeps_the_outputs_off(
    family: str, instrument: ScpiInstrument, knob: str
) -> None:
    generator = opened(instrument, family)
    for name, sine in TONES.items():
        generator.configure_sine(name, sine)
        generator.set_burst(name, Burst())
    turned = {
        "polarity": ("OUTP2:POL INV", "C2:OUTP PLRT,INVT"),
        "combined": ("SOUR2:COMB:FEED CH1", "C2:CMBN ON"),
        "burst": ("SOUR2:BURS:STAT OFF", "C2:BTWV STATE,OFF"),
        "delay": ("TRIG2:DEL 1E-3", "C2:BTWV DLAY,0.001"),
        "tracking": ("SOUR2:TRAC INV", "COUP TRACE,ON"),
    }[knob]
    instrument.send(turned[family == "siglent"])
    with pytest.raises(GeneratorMismatch):
        generator.switch("a", on=True)
    assert not any(output.on for output in instrument.outputs)


def test_while_it_plays_only_levels_change_and_the_burst_goes_on(family: str, instrument: ScpiInstrument) -> None:
    generator = opened(instrument, family)
    play(generator)
    instrument.trigger(START)
    seconds = np.linspace(START, START + 0.01, 1000)
    before = instrument.volts(1, seconds)
    tone = TONES["a"]
    generator.configure_sine("a", Sine(tone.frequency_hz, tone.amplitude_volts / 2, 0.0, tone.offset_volts / 2))
    np.testing.assert_allclose(instrument.volts(1, seconds), before / 2, atol=1e-4)
    for other in (Sine(2000.0, 0.07, 0.0, 0.02), Sine(tone.frequency_hz, 0.07, 1.0, 0.02)):
        with pytest.raises(GeneratorStateError, match="only amplitude and offset"):
            generator.configure_sine("a", other)
    generator.rest()


def test_an_output_that_somebody_else_has_on_is_not_configured(family: str, instrument: ScpiInstrument) -> None:
    generator = opened(instrument, family)
    instrument.outputs[0].on = True
    with pytest.raises(GeneratorStateError, match="nothing was configured"):
        generator.configure_sine("a", TONES["a"])
    generator.rest()
    generator.configure_sine("a", TONES["a"])


@pytest.mark.parametrize("style", ["minus", "constant", "mute"])
def test_the_answers_of_real_error_queues_are_accepted(
    family: str, instrument: ScpiInstrument, style: ErrorStyle
) -> None:
    if style == "mute" and family != "siglent":
        pytest.skip("only Siglent's guide has no question for errors")
    instrument.error_style = style
    generator = opened(instrument, family, "a", seconds=0.5 if style == "mute" else 5.0)
    play(generator, {"a": TONES["a"]})
    instrument.trigger(START)
    # Where the queue can't tell, the readback does.
    generator.rest()
    instrument.stuck = ("C1:BSWV FRQ", "SOUR1:FREQ 2")
    with pytest.raises(GeneratorMismatch, match="frequency"):
        generator.configure_sine("a", Sine(2000.0, 0.07))


@pytest.mark.parametrize("how", ["told", "silent"])
def test_a_trigger_that_does_not_come_is_found_where_the_instrument_can_tell(
    family: str, instrument: ScpiInstrument, how: str
) -> None:
    instrument.tells_triggers = how == "told"
    generator = opened(instrument, family)
    play(generator)
    instrument.trigger_connected = False
    instrument.trigger(START)
    if family == "siglent" or how == "silent":
        assert generator.started() is None
    else:
        with pytest.raises(GeneratorStateError, match="still waits for its trigger") as caught:
            generator.started()
        assert "cable" in caught.value.remedy
        instrument.trigger_connected = True
        instrument.trigger(START)
        assert generator.started() is True
    generator.rest()


def test_the_tables_cite_where_each_setting_is_described() -> None:
    for table in (KEYSIGHT_SETTINGS, SIGLENT_SETTINGS):
        for setting in table:
            assert setting.where.startswith(("Guide", "PG02", "reported"))
            assert setting.wanted == tuple(word.upper() for word in setting.wanted)
    for left in (*KEYSIGHT_LEFT, *SIGLENT_LEFT):
        assert left.where.startswith(("Guide", "PG02", "reported"))


def test_rows_are_those_of_the_model() -> None:
    two, one = Keysight().model("Keysight", "33622A"), Keysight().model("Keysight", "33611A")
    small, large = Siglent().model("Siglent", "SDG1032X"), Siglent().model("Siglent", "SDG2042X")
    assert two and one and small and large
    tracking = [row.title for row in rows(KEYSIGHT_SETTINGS, two, 2, "sine") if row.setting.name == "tracking"]
    assert tracking == ["tracking of output 1", "tracking of output 2"]
    assert not any(row.setting.name == "tracking" for row in rows(KEYSIGHT_SETTINGS, one, 1, "sine"))
    names = {row.setting.name for row in rows(SIGLENT_SETTINGS, small, 1, "sine")}
    assert {"sampling mode", "multi-device synchronisation"} - names == {
        "sampling mode",
        "multi-device synchronisation",
    }
    assert "sampling mode" in {row.setting.name for row in rows(SIGLENT_SETTINGS, large, 1, "sine")}
    assert "sampling mode" not in {row.setting.name for row in rows(SIGLENT_SETTINGS, large, 1, "arbitrary")}
