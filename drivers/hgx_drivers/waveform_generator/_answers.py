"""What is in an answer: numbers with units, and lists of words as Siglent's instruments give them.

Headers come with and without a space, in either case, or not at all; and the manual's own examples have a comma too
many here and there (``C2:SWWVSTATE,ON``, ``C1:HARM ,HARMSTATE,ON``).
"""

from __future__ import annotations

import re

from hgx_drivers.waveform_generator.errors import UnexpectedAnswer

__all__ = ["quantity", "word_after", "words"]

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([A-Z°%/]*)\s*", re.I)
_PREFIXES = {"": 1.0, "N": 1e-9, "U": 1e-6, "M": 1e-3, "K": 1e3, "G": 1e9}
#: Longer units first, so that the M of MVPP is found.
_UNITS = ("VRMS", "OHMS", "VPP", "DBM", "OHM", "SA/S", "HZ", "DEG", "V", "S", "%", "°")
#: Of these an instrument has millions rather than thousandths.
_LARGE = ("HZ", "OHM", "OHMS", "SA/S")
_HEADER = re.compile(
    r"\s*(?:C\d:[A-Z_]+?(?=[\s,]|STATE|HARMSTATE)"
    r"|(?:OUTP|BSWV|BTWV|SWWV|MDWV|HARM|CMBN|NOISE_ADD|COUP|SRATE|ARWV|NBFM|MODE|CASCADE|ROSC)(?=\s))[\s,]*",
    re.I,
)


def quantity(text: str) -> float:
    """``1000HZ`` is 1000, ``1KHZ`` too, ``500MVPP`` 0.5; M is mega of hertz and ohms.

    Raises
    ------
    UnexpectedAnswer
        It is no number, or its unit isn't known.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise UnexpectedAnswer(f"{text!r} is no number.")
    suffix = match[2].upper()
    unit = next((u for u in _UNITS if suffix.endswith(u)), "")
    prefix = suffix.removesuffix(unit) if unit else suffix
    if prefix not in _PREFIXES:
        raise UnexpectedAnswer(f"the unit of {text!r} isn't known.")
    return float(match[1]) * (1e6 if prefix == "M" and unit in _LARGE else _PREFIXES[prefix])


def words(answer: str) -> list[str]:
    """The words of an answer in capitals, without its header."""
    header = _HEADER.match(answer)
    body = answer[header.end() :] if header else answer
    return [word.strip().upper() for word in body.split(",")]


def word_after(answer: str, key: str) -> str | None:
    """The word behind a key, or, without a key, the first; None where it isn't there.

    What comes after ``CARR`` describes a carrier, whose keys are the same.
    """
    found = words(answer)
    if not key:
        return found[0] or None
    if "CARR" in found:
        found = found[: found.index("CARR")]
    for place, word in enumerate(found[:-1]):
        if word == key:
            return found[place + 1]
    return None
