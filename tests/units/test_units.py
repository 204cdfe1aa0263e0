"""Quantities as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgx_lab.errors import UnitError
from hgx_lab.units import example_quantity, format_quantity, in_unit, parse_quantity, unit_kind

READ = [
    ("70 mV", "V", 0.07),
    ("70mV", "V", 0.07),
    ("  70   mV ", "V", 0.07),
    ("-1 V", "V", -1.0),
    ("\u22121 V", "V", -1.0),  # a minus sign, not a hyphen
    (".5 V", "V", 0.5),
    ("+2.5e-3 V", "V", 0.0025),
    ("0.07", "V", 0.07),
    (0.07, "V", 0.07),
    (3, "V", 3.0),
    ("5 kHz", "Hz", 5e3),
    ("5 1/s", "Hz", 5.0),
    ("5 s^-1", "Hz", 5.0),
    ("20 ms", "s", 0.02),
    ("60 us", "s", 60e-6),
    ("60 µs", "s", 60e-6),
    ("60 \u03bcs", "s", 60e-6),
    ("5 min", "s", 300.0),
    ("2 h", "s", 7200.0),
    ("7 d", "s", 604800.0),
    ("0.5 d", "s", 43200.0),
    ("100 nA/V", "A/V", 1e-7),
    ("100 nA / V", "A/V", 1e-7),
    ("100 nS", "A/V", 1e-7),
    ("10 MV/A", "V/A", 1e7),
    ("10 MΩ", "V/A", 1e7),
    ("10 M\u2126", "V/A", 1e7),
    ("1e-5 nA^2/Hz", "A^2/Hz", 1e-23),
    ("1e-5 nA²/Hz", "A^2/Hz", 1e-23),
    ("1e-5 nA**2/Hz", "A^2/Hz", 1e-23),
    ("1e-5 nA^2*s", "A^2/Hz", 1e-23),
    ("5 kV/s", "V/s", 5e3),
    ("6 V/min", "V/s", 0.1),
    ("10 pF", "F", 1e-11),
    ("10 pA*s/V", "F", 1e-11),
    ("5 %", "", 0.05),
    ("77 K", "K", 77.0),
    ("180 °", "rad", math.pi),
    ("180 deg", "rad", math.pi),
]


@pytest.mark.parametrize(("text", "unit", "value"), READ)
def test_reads_what_people_write_exactly(text: object, unit: str, value: float) -> None:
    assert parse_quantity(text, unit=unit) == value


REFUSED = [
    # (value, unit, what the message must name)
    ("20 mV", "s", ["voltage", "(V)", "time", "(s)"]),
    ("20 mV", "", ["voltage", "plain number"]),
    ("5 A", "A/V", ["current", "conductance"]),
    ("20 mv", "V", ["'mv'", '"mV" or "MV"']),
    ("5 khz", "Hz", ["'khz'", 'Did you mean "kHz"?']),
    ("5 KHz", "Hz", ['Did you mean "kHz"?']),
    ("5 mhz", "Hz", ['"mHz" or "MHz"']),
    ("50 HZ", "Hz", ['Did you mean "Hz"?']),
    ("10 MS", "s", ["conductance", '"ms"']),  # a valid unit in the wrong case is of another dimension
    ("100 kS/s", "Hz", ['Did you mean "kHz"?']),
    ("5 minutes", "s", ['Did you mean "min"?']),
    ("7 days", "s", ['Did you mean "d"?']),
    ("7 md", "s", ["'md'"]),
    ("7 d", "V", ["a time"]),
    ("5 Sec", "s", ['Did you mean "s"?']),
    ("10 MV/A", "A/V", ["resistance", "conductance", '"100 nA/V"']),
    ("10 ms", "Hz", ["time", "frequency", '"100 Hz"']),
    ("3 samples", "s", ["'samples'", "20 ms"]),
    ("0,5 V", "V", ["','", "decimal point"]),
    ("1 000 V", "V", ["separators"]),
    ("1_000 V", "V", ["separators"]),
    ("1.2.3 V", "V", ["'.'"]),
    ("mV", "V", ["a number must come first"]),
    ("", "V", ["a number must come first"]),
    ("- 1 V", "V", ["a number must come first"]),
    ("\uff13 V", "V", ["a number must come first"]),  # a full-width three
    ("off", "Hz", ["a number must come first"]),
    ("nan", "V", ["a number must come first"]),
    ("5 V s", "V", ["no readable unit"]),
    ("5 V/", "V", ["no readable unit"]),
    ("5 V^2.5", "V", ["no readable unit"]),
    ("1 h 30 min", "s", ["no readable unit"]),
    ("5 mmin", "s", ["'mmin'"]),
    ("1e999 V", "V", ["isn't a finite number"]),
    ("1e-400 V", "V", ["too small"]),
    ("1e99999999999999999999 V", "V", ["too large"]),
    ("1e9999 MV^9", "V^9", ["too large"]),
    (10**400, "V", ["too large"]),
    (10**9000, "V", ["too large"]),
    (math.nan, "V", ["isn't a finite number"]),
    (math.inf, "V", ["isn't a finite number"]),
    (True, "V", ["true isn't a quantity"]),
    (None, "V", ["null isn't a quantity"]),
    ([1], "V", ["a list isn't a quantity"]),
    ("1" * 500, "V", ["too long"]),
    ("5 V\x00", "V", ["isn't a quantity"]),
]


@pytest.mark.parametrize(("value", "unit", "named"), REFUSED, ids=[f"{i}" for i in range(len(REFUSED))])
def test_refuses_and_says_why(value: object, unit: str, named: list[str]) -> None:
    with pytest.raises(UnitError) as error:
        parse_quantity(value, unit=unit)
    for fragment in named:
        assert fragment in str(error.value)


FORMATTED = [
    (0.02, "V", "20 mV"),
    (-1.0, "V", "-1 V"),
    (0.0, "V", "0 V"),
    (5e3, "V/s", "5 kV/s"),
    (1e-7, "A/V", "100 nA/V"),
    (1e-23, "A^2/Hz", "10 pA^2/Hz"),
    (60e-6, "s", "60 us"),
    (7200.0, "s", "7200 s"),  # nobody writes kiloseconds
    (0.05, "V^2", "0.05 V^2"),
    (0.25, "", "0.25"),
    (1e-30, "V", "1e-15 fV"),
    (math.nan, "V", "nan V"),
]


@pytest.mark.parametrize(("value", "unit", "text"), FORMATTED)
def test_formats_with_an_engineering_prefix(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


def test_formats_with_as_many_digits_as_asked_for() -> None:
    assert format_quantity(1 / 3, "V", digits=3) == "333 mV"
    assert format_quantity(0.9996, "V", digits=3) == "1 V"


finite = st.floats(allow_nan=False, allow_infinity=False)
units = st.sampled_from(["V", "A", "s", "Hz", "V/s", "A/V", "V/A", "A^2/Hz", "F", "A/s", "V^2", "K", "rad", "1/s", ""])


@given(value=finite, unit=units)
def test_what_is_formatted_reads_as_the_same_float(value: float, unit: str) -> None:
    assert parse_quantity(format_quantity(value, unit), unit=unit) == value


@given(value=st.floats(1e-14, 9.9e11), unit=st.sampled_from(["V", "A", "Hz", "V/s", "A/V"]))
def test_formatted_numbers_have_one_to_three_digits_before_the_point(value: float, unit: str) -> None:
    number = float(format_quantity(value, unit).split()[0])
    assert 1 <= number < 1000


@given(text=st.text(max_size=30), unit=units)
def test_any_text_is_read_or_refused(text: str, unit: str) -> None:
    try:
        assert math.isfinite(parse_quantity(text, unit=unit))
    except UnitError as error:
        assert str(error).isprintable()


@given(number=st.decimals(-1000, 1000, places=3), prefix=st.sampled_from([("n", -9), ("m", -3), ("k", 3), ("G", 9)]))
def test_a_prefix_is_a_shift_of_the_decimal_point(number: object, prefix: tuple[str, int]) -> None:
    assert parse_quantity(f"{number} {prefix[0]}V", unit="V") == float(f"{number}e{prefix[1]}")


def test_converts_for_axes() -> None:
    assert in_unit(2e-9, "nA") == 2.0
    assert in_unit(1e-23, "nA^2/Hz") == 1e-5
    assert in_unit(90.0, "min") == 1.5
    assert math.isnan(in_unit(math.nan, "nA"))


def test_names_what_a_unit_measures() -> None:
    assert unit_kind("mV") == "a voltage (V)"
    assert unit_kind("") == "a plain number"
    assert unit_kind("V*s") == "a quantity in V*s"
    assert example_quantity("A/V") == "100 nA/V"


def test_the_program_may_only_ask_for_coherent_units() -> None:
    with pytest.raises(ValueError, match="coherent"):
        parse_quantity("1 V", unit="mV")
    with pytest.raises(ValueError, match="coherent"):
        format_quantity(1.0, "mV")
