"""The socket instrument itself speaks SCPI as the standard has it, or the tests of the driver prove little."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hgx_drivers.waveform_generator import ScpiError
from hgx_drivers.waveform_generator._visa import VisaLink
from tests.doors.scpi_instrument import ScpiInstrument, message_end
from tests.doors.scpi_languages import KeysightLanguage, value


@pytest.fixture
def instrument() -> Iterator[ScpiInstrument]:
    with ScpiInstrument(KeysightLanguage()) as instrument:
        yield instrument


@pytest.fixture
def link(instrument: ScpiInstrument) -> Iterator[VisaLink]:
    link = VisaLink(instrument.resource)
    yield link
    link.close()


@pytest.mark.parametrize(
    ("text", "number"),
    [("20 MVPP", 0.02), ("1.5 KHZ", 1500.0), ("1 MHZ", 1e6), ("50", 50.0), ("-3e-3V", -0.003), (".5 VPP", 0.5),
     ("10 KOHM", 1e4), ("1 MOHM", 1e6), ("5 US", 5e-6), ("INF", 9.9e37)],
)  # fmt: skip
def test_units(text: str, number: float) -> None:
    assert value(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "command",
    ["FREQ 1.5 KHZ", ":SOURce1:FREQuency:CW 1500", "sour:freq 1.5E3HZ", "*CLS;:SOUR1:VOLT 20 MVPP;FREQ 1.5KHZ"],
)
def test_short_and_long_forms_and_lists(link: VisaLink, instrument: ScpiInstrument, command: str) -> None:
    link.command(command)
    assert instrument.outputs[0].hz == 1500.0


def test_a_list_of_questions_gives_one_line(link: VisaLink) -> None:
    assert link.ask("SOUR1:FUNC?;FREQ?;:OUTP1?") == "SIN;+1.000000000000000E+03;0"


def test_a_change_of_load_changes_the_display_and_not_the_voltage(link: VisaLink, instrument: ScpiInstrument) -> None:
    link.command("VOLT 0.2")
    before = instrument.outputs[0].source_amplitude
    link.command("OUTP1:LOAD INF")
    assert float(link.ask("VOLT?")) == pytest.approx(0.4)
    assert instrument.outputs[0].source_amplitude == before == pytest.approx(0.2)


@pytest.mark.parametrize("command", ["NONSENSE 1", "SOUR3:FREQ 1", "FREQUE 100", "FREQ hello", "VOLT 30"])
def test_what_it_doesnt_know_is_an_error(link: VisaLink, command: str) -> None:
    with pytest.raises(ScpiError):
        link.command(command)


@pytest.mark.parametrize(
    ("buffer", "end"),
    [(b"A\nB", 1), (b"A", None), (b"X #13\n\n\n\nB", 8), (b"X #13\n\n", None), (b"X #2", None),
     (b"W LENGTH,2B,WAVEDATA,\n\n\n", 23), (b"A\nX #13\n", 1)],
)  # fmt: skip
def test_a_newline_in_a_block_ends_nothing(buffer: bytes, end: int | None) -> None:
    assert message_end(buffer) == end
