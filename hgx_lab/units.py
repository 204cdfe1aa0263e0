"""Quantities as people write them, "70 mV", "100 nA/V", "1e-5 nA^2/Hz", to and from SI numbers.

A unit is a product of symbols with an SI prefix each (f p n u µ m k M G), joined by ``/`` and ``*`` from left
to right, with integer powers (``^2`` or ``²``). Nothing is guessed: "20 mv" and "100 mhz" are refused with what
they could mean, and a voltage where a time is wanted names both. Arithmetic is decimal, so that "70 mV" is
exactly the float 0.07, and :func:`format_quantity` gives back text that reads as the very same float.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation, Overflow
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from hgx_lab.errors import UnitError

__all__ = ["example_quantity", "format_quantity", "in_unit", "parse_quantity", "unit_kind"]

# Exponents of volt, ampere, second, metre, kelvin, radian.
Dimension = tuple[int, int, int, int, int, int]
_PLAIN: Final[Dimension] = (0, 0, 0, 0, 0, 0)

_LONGEST = 100  # characters of a quantity; more is a mistake, and would only cost time
_CONTEXT = Context(prec=60, Emin=-9999, Emax=9999, traps=[InvalidOperation, Overflow])

_PREFIXES = MappingProxyType({"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9})


@dataclass(frozen=True, slots=True)
class _Symbol:
    dimension: Dimension
    factor: Decimal = Decimal(1)
    takes_prefix: bool = True


_SYMBOLS = MappingProxyType(
    {
        "V": _Symbol((1, 0, 0, 0, 0, 0)),
        "A": _Symbol((0, 1, 0, 0, 0, 0)),
        "s": _Symbol((0, 0, 1, 0, 0, 0)),
        "m": _Symbol((0, 0, 0, 1, 0, 0)),
        "K": _Symbol((0, 0, 0, 0, 1, 0)),
        "rad": _Symbol((0, 0, 0, 0, 0, 1)),
        "Hz": _Symbol((0, 0, -1, 0, 0, 0)),
        "F": _Symbol((-1, 1, 1, 0, 0, 0)),
        "Ohm": _Symbol((1, -1, 0, 0, 0, 0)),
        "S": _Symbol((-1, 1, 0, 0, 0, 0)),
        "W": _Symbol((1, 1, 0, 0, 0, 0)),
        "J": _Symbol((1, 1, 1, 0, 0, 0)),
        "eV": _Symbol((1, 1, 1, 0, 0, 0), Decimal("1.602176634e-19")),
        "min": _Symbol((0, 0, 1, 0, 0, 0), Decimal(60), takes_prefix=False),
        "h": _Symbol((0, 0, 1, 0, 0, 0), Decimal(3600), takes_prefix=False),
        "d": _Symbol((0, 0, 1, 0, 0, 0), Decimal(86400), takes_prefix=False),
        "°": _Symbol((0, 0, 0, 0, 0, 1), Decimal(str(math.pi)) / 180, takes_prefix=False),
        "deg": _Symbol((0, 0, 0, 0, 0, 1), Decimal(str(math.pi)) / 180, takes_prefix=False),
        "%": _Symbol(_PLAIN, Decimal("0.01"), takes_prefix=False),
        "1": _Symbol(_PLAIN, takes_prefix=False),
    }
)

# What else people write; refused with the symbol to use.
_OTHER_NAMES = MappingProxyType(
    {
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "usec": "us", "nsec": "ns",
        "mins": "min", "minute": "min", "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
        "day": "d", "days": "d",
        "volt": "V", "volts": "V", "millivolt": "mV", "millivolts": "mV", "amp": "A", "amps": "A",
        "ampere": "A", "hertz": "Hz", "kilohertz": "kHz", "farad": "F", "ohms": "Ohm", "percent": "%",
        "degree": "deg", "degrees": "deg", "S/s": "Hz", "kS/s": "kHz", "MS/s": "MHz",
    }
)  # fmt: skip

_KINDS = MappingProxyType(
    {
        "V": "a voltage", "A": "a current", "s": "a time", "m": "a length", "K": "a temperature",
        "rad": "an angle", "Hz": "a frequency", "V/s": "a slew rate", "A/V": "a conductance",
        "V/A": "a resistance", "A/s": "a drift of current", "F": "a capacitance", "W": "a power",
        "J": "an energy", "V^2": "a squared voltage", "A^2/Hz": "a spectral density of current",
        "V^2/Hz": "a spectral density of voltage", "": "a plain number",
    }
)  # fmt: skip

# Numbers of the size people meet, for the advice in errors.
_EXAMPLES = MappingProxyType(
    {"Hz": 2e3, "V/s": 20.0, "A": 5e-9, "A/V": 1e-7, "A^2/Hz": 1e-23, "F": 1e-12, "A/s": 1e-12}
)

_QUANTITY = re.compile(r"\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>.*?)\s*", re.DOTALL)
_FACTOR = re.compile(r"\s*(?P<symbol>[A-Za-z%°]+|1)\s*(?:\^\s*(?P<power>[+-]?\d))?\s*")
_SPELLINGS = str.maketrans({"µ": "u", "\u03bc": "u", "Ω": "Ohm", "\u2126": "Ohm", "·": "*", "×": "*", "\u2212": "-"})
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@dataclass(frozen=True, slots=True)
class _Unit:
    dimension: Dimension
    scale: Decimal


def parse_quantity(value: object, *, unit: str) -> float:
    """SI number of a quantity.

    Parameters
    ----------
    value:
        Text such as "70 mV", or a plain number, which is taken as SI.
    unit:
        The coherent SI unit of the dimension wanted: "V", "A/V", "A^2/Hz" ..., "" for a plain number (then
        "%" is understood too).

    Raises
    ------
    UnitError
        The text can't be read, is of another dimension, or isn't a finite float.

    Examples
    --------
    >>> parse_quantity("70 mV", unit="V")
    0.07
    """
    wanted = _coherent(unit)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UnitError(f"{_shown(value)} isn't a quantity.", remedy=_example(unit))
    if not isinstance(value, str):
        return _finite(value, value)
    number, unit_text = _split(value, unit)
    if not unit_text:
        return _finite(number, value)
    given = _unit_of(unit_text, value, unit)
    if given.dimension != wanted.dimension:
        raise _wrong_dimension(value, number, unit_text, given, unit)
    try:
        return _finite(_CONTEXT.multiply(number, given.scale), value)
    except (InvalidOperation, Overflow) as error:
        raise UnitError(f"{_shown(value)} is too large for a number.") from error


def format_quantity(value: float, unit: str, *, digits: int | None = None) -> str:
    """Text of an SI number with an engineering prefix, which reads back as the same float.

    Parameters
    ----------
    value:
        The number, in ``unit``.
    unit:
        A coherent SI unit as for :func:`parse_quantity`; the prefix goes to its first symbol.
    digits:
        Round to so many significant digits (for display); all that are needed when None.

    Examples
    --------
    >>> format_quantity(0.02, "V")
    '20 mV'
    """
    _coherent(unit)
    if not math.isfinite(value):
        return f"{value} {unit}".rstrip()
    exact = Decimal(repr(float(value)))
    if digits is not None:
        exact = Context(prec=digits).plus(exact)
    prefix, power = _prefix_for(exact, unit)
    number = _CONTEXT.scaleb(exact, -_PREFIXES[prefix] * power)
    return f"{_plain(number)} {prefix}{unit}".rstrip()


def in_unit(value: float, unit: str) -> float:
    """An SI number in another unit of the same dimension, for axes: ``in_unit(2e-9, "nA")`` is 2.0."""
    if not math.isfinite(value):
        return value
    given = _unit_of(unit, unit, unit)
    return float(_CONTEXT.divide(Decimal(repr(float(value))), given.scale))


def example_quantity(unit: str) -> str:
    """A quantity of the size people meet, for help and for errors: "20 mV"."""
    return format_quantity(_EXAMPLES.get(unit, 0.02), unit)


def unit_kind(unit: str) -> str:
    """What a unit measures, with the unit: "a voltage (V)", "a plain number"."""
    dimension = _unit_of(unit, unit, unit).dimension if unit else _PLAIN
    for symbol, kind in _KINDS.items():
        if (_parse_unit(symbol).dimension if symbol else _PLAIN) == dimension:
            return f"{kind} ({symbol})" if symbol else kind
    return f"a quantity in {unit}"


def _coherent(unit: str) -> _Unit:
    """The unit asked for by the program; SI numbers only make sense in a unit of scale one."""
    found = _parse_unit(unit) if unit else _Unit(_PLAIN, Decimal(1))
    if found.scale != 1:
        raise ValueError(f"{unit!r} isn't a coherent SI unit")
    return found


def _split(text: str, unit: str) -> tuple[Decimal, str]:
    if len(text) > _LONGEST:
        raise UnitError(f"{_shown(text)} is too long for a quantity: {len(text)} characters.", remedy=_example(unit))
    match = _QUANTITY.fullmatch(text.translate(_SPELLINGS))
    if match is None or not text.isprintable() or not match["number"].isascii():
        raise UnitError(f"{_shown(text)} isn't a quantity: a number must come first.", remedy=_example(unit))
    if re.match(r"(?!1\s*/)[,_'.\d]", match["unit"]):
        raise UnitError(
            f"{_shown(text)} isn't a quantity: {match['unit'][0]!r} can't follow {match['number']!r}.",
            remedy="Write the number with a decimal point and without separators.",
        )
    try:
        return _CONTEXT.create_decimal(match["number"]), match["unit"]
    except (InvalidOperation, Overflow) as error:
        raise UnitError(f"{_shown(text)} is too large for a number.") from error


def _finite(number: float | Decimal, value: object) -> float:
    try:
        result = float(number)
    except OverflowError as error:
        raise UnitError(f"{_shown(value)} is too large for a number.") from error
    if not math.isfinite(result):
        raise UnitError(f"{_shown(value)} isn't a finite number.")
    if result == 0 and number != 0:
        raise UnitError(f"{_shown(value)} is too small for a number.", remedy="Write 0 if it's nothing.")
    return result


@lru_cache(maxsize=512)
def _parse_unit(text: str) -> _Unit:
    """Dimension and scale; KeyError with a symbol that isn't known, ValueError for a bad expression."""
    dimension, scale = _PLAIN, Decimal(1)
    for sign, symbol, power in _factors(text):
        entry, exponent = _lookup(symbol)
        p = sign * power
        scale = _CONTEXT.multiply(scale, _CONTEXT.power(_CONTEXT.scaleb(entry.factor, exponent), p))
        a, b, c, d, e, f = (x + p * y for x, y in zip(dimension, entry.dimension, strict=True))
        dimension = (a, b, c, d, e, f)
    return _Unit(dimension, scale)


def _factors(text: str) -> Iterator[tuple[int, str, int]]:
    """(+1 or -1, symbol, power) of each factor."""
    text = text.translate(_SPELLINGS).replace("**", "^")
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(_SUPERSCRIPTS), text)
    sign = 1
    for index, part in enumerate(re.split(r"([/*])", text)):
        if index % 2:
            sign = -1 if part == "/" else 1
            continue
        match = _FACTOR.fullmatch(part)
        if match is None:
            raise ValueError(text)
        yield sign, match["symbol"], int(match["power"] or 1)


def _lookup(symbol: str) -> tuple[_Symbol, int]:
    """The symbol and the exponent of its prefix. Whole symbols come first: "min" isn't a milli-inch."""
    if symbol in _SYMBOLS:
        return _SYMBOLS[symbol], 0
    prefix, rest = symbol[0], symbol[1:]
    if prefix in _PREFIXES and rest in _SYMBOLS and _SYMBOLS[rest].takes_prefix:
        return _SYMBOLS[rest], _PREFIXES[prefix]
    raise KeyError(symbol)


def _unit_of(unit_text: str, value: str, wanted: str) -> _Unit:
    try:
        return _parse_unit(unit_text)
    except KeyError as error:
        unknown = str(error.args[0])
        hint = _did_you_mean(unit_text, unknown, wanted)
        raise UnitError(f"{_shown(value)} has the unknown unit {unknown!r}.", remedy=hint or _example(wanted)) from None
    except ValueError:
        remedy = _did_you_mean(unit_text, "", wanted) or _example(wanted)
        raise UnitError(f"{_shown(value)} has no readable unit.", remedy=remedy) from None


def _wrong_dimension(value: str, number: Decimal, unit_text: str, given: _Unit, wanted: str) -> UnitError:
    message = f"{_shown(value)} is {unit_kind(unit_text)}, but {unit_kind(wanted)} is wanted."
    hint = _did_you_mean(unit_text, unit_text, wanted)
    inverse = tuple(-x for x in given.dimension)
    if not hint and wanted and inverse == _coherent(wanted).dimension and number != 0:
        si = float(_CONTEXT.divide(Decimal(1), _CONTEXT.multiply(number, given.scale)))
        hint = f'Did you mean its inverse, "{format_quantity(si, wanted, digits=12)}"?'
    return UnitError(message, remedy=hint or _example(wanted))


def _did_you_mean(unit_text: str, unknown: str, wanted: str) -> str:
    """Units of the wanted dimension that differ only in case or are the symbol of a name written out."""
    dimension = _coherent(wanted).dimension if wanted != unit_text else None
    meant: list[str] = []
    for name, symbol in _OTHER_NAMES.items():
        if name in (unit_text, unit_text.lower()):
            meant.append(symbol)
        elif name in (unknown, unknown.lower()):
            meant.append(unit_text.replace(unknown, symbol))
    every = [p + s for s, entry in _SYMBOLS.items() for p in (_PREFIXES if entry.takes_prefix else ("",))]
    if unknown:
        meant += [unit_text.replace(unknown, c) for c in every if c.lower() == unknown.lower() and c != unknown]
    fitting = [f'"{c}"' for c in dict.fromkeys(meant) if dimension in (None, _dimension_or_none(c))]
    return f"Did you mean {' or '.join(fitting)}?" if fitting else ""


def _dimension_or_none(unit: str) -> Dimension | None:
    try:
        return _parse_unit(unit).dimension
    except (KeyError, ValueError):
        return None


def _prefix_for(value: Decimal, unit: str) -> tuple[str, int]:
    """Prefix that leaves one to three digits before the point, and the power of the symbol it stands at."""
    first = next(_factors(unit), None) if unit else None
    if first is None or not _SYMBOLS[first[1]].takes_prefix or first[2] < 1 or value == 0:
        return "", 1
    power = first[2]
    size = abs(value)
    if power > 1 and Decimal("0.001") <= size < 1000:
        return "", power
    # Nobody writes kiloseconds.
    prefixes = [p for p, e in _PREFIXES.items() if e <= 0 or unit != "s"]
    fitting = [p for p in prefixes if size >= Decimal(1).scaleb(_PREFIXES[p] * power)]
    return (fitting[-1] if fitting else prefixes[0]), power


def _plain(number: Decimal) -> str:
    number = number.normalize(_CONTEXT)
    exponent = number.adjusted() if number else 0
    return f"{number:f}" if -5 <= exponent < 16 else f"{number:e}"


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else _number_text(value)
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 60 else text[:57] + "..."


def _number_text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 1000:
        return f"an integer of {value.bit_length()} bits"  # str() of a huge integer is refused by Python
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return str(value)
    return f"a {type(value).__name__}"


def _example(unit: str) -> str:
    if not unit:
        return "Write a plain number."
    return f'Write {unit_kind(unit)}, such as "{example_quantity(unit)}", or a plain number in SI.'
