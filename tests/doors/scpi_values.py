"""Numbers and headers of SCPI, as the standard has them."""

from __future__ import annotations

import re

__all__ = ["OPEN", "UNDEFINED", "header_pattern", "value"]

_MULTIPLIERS = {"": 1.0, "N": 1e-9, "U": 1e-6, "M": 1e-3, "K": 1e3, "MA": 1e6, "G": 1e9}
_UNITS = ("VPP", "HZ", "OHM", "DEG", "RAD", "V", "S")
_VALUE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([A-Z]*)\s*", re.I)
UNDEFINED = (-113, "Undefined header")
OPEN = 9.9e37


def value(text: str) -> float:
    """``20 MVPP`` is 0.02, ``1.5 KHZ`` 1500; M is milli, but mega in MHZ and MOHM (IEEE 488.2, SCPI-1999)."""
    if text.strip().upper() in ("INF", "INFINITY"):
        return OPEN
    match = _VALUE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    suffix = match[2].upper()
    unit = next((u for u in _UNITS if suffix.endswith(u)), "")
    prefix = suffix.removesuffix(unit) if unit else suffix
    factor = 1e6 if prefix == "M" and unit in ("HZ", "OHM") else _MULTIPLIERS[prefix]
    return float(match[1]) * factor


def header_pattern(pattern: str) -> re.Pattern[str]:
    """``[SOURce#:]VOLTage:OFFSet`` as a regular expression: short or long, optional in brackets, # a number."""
    out = ""
    for token in re.findall(r"[A-Z]+[a-z]*|[\[\]:#*]", pattern):
        if token == "#":
            out += r"(\d*)"
        elif token in "[]":
            out += "(?:" if token == "[" else ")?"
        elif token in ":*":
            out += re.escape(token)
        else:
            short = "".join(c for c in token if c.isupper())
            out += f"(?:{token.upper()}|{short})"
    return re.compile(":?" + out, re.I)
