"""Three kinds of bench as sets of values: what ``bench.preset`` fills in where the file says nothing.

Rates, resolutions and ranges are those of widespread cards of each kind; latencies, leads and buffers are what
streaming over their bus needs in practice. They are meant for planning: a real bench measures its own delay.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

__all__ = ["PRESETS", "with_preset"]

_SIXTEEN_BITS: Final = {"bits": 16, "range": [-10.0, 10.0]}

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    # A multifunction card on USB. Transfers come in bursts behind whatever else is on the bus, so a long lead.
    "usb": {
        "rate": 100e3,
        "block": 20e-3,
        "lead": 100e-3,
        "delay": 25e-6,
        "output_buffer": 0.5,
        "input_buffer": 2.0,
        "output_converter": _SIXTEEN_BITS,
        "input_converter": _SIXTEEN_BITS,
    },
    # Cards in the computer, moving data by themselves (bus master): a short lead, a high rate.
    "pcie": {
        "rate": 250e3,
        "block": 5e-3,
        "lead": 10e-3,
        "delay": 9e-6,
        "output_buffer": 0.1,
        "input_buffer": 1.0,
        "output_converter": _SIXTEEN_BITS,
        "input_converter": _SIXTEEN_BITS,
    },
    # Two modules in a chassis: a 16-bit output module of 25 kS/s and a 24-bit delta-sigma input module. The digital
    # filter of such an input delays by 40 sample periods: 1.6 ms at 25 kS/s.
    "cdaq": {
        "rate": 25e3,
        "block": 40e-3,
        "lead": 200e-3,
        "delay": 1.6e-3,
        # A step charges a stray capacitance within one period, 40 us here, so its current lags by half of that.
        "stray_capacitance": [0.2e-12],
        "output_buffer": 1.0,
        "input_buffer": 4.0,
        "output_converter": _SIXTEEN_BITS,
        "input_converter": {"bits": 24, "range": [-10.0, 10.0]},
    },
}


def with_preset(bench: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a bench with those of its preset under them, key by key; its own keys win.

    Values that no preset knows, or that aren't what they should be, are left for others to judge.
    """
    name = bench.get("preset")
    preset = PRESETS.get(name) if isinstance(name, str) else None
    return _under(preset, bench) if preset is not None else dict(bench)


def _under(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = deepcopy(dict(base))
    for key, value in values.items():
        below = merged.get(key)
        merged[key] = _under(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged
