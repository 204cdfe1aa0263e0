"""What a wire from an output to an input says of the bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding, fault
from hgx_lab.config import RunFile
from hgx_lab.errors import ConfigurationError, HgxError
from hgx_lab.experiments import LoopBackReading, RunInterrupted, measure_loop_back
from hgx_lab.units import format_quantity

__all__ = ["LoopBack", "check_loop_back", "parse_loop_back"]

_TOPIC: Final = "loop-back"
#: Part of the amplitude that may be missing: gain errors of uncalibrated converters stay far below.
_TOLERANCE: Final = 0.02
#: Below this part, what comes back is crosstalk.
_CROSSTALK: Final = 0.1


@dataclass(frozen=True, slots=True)
class LoopBack:
    """A wire from the output of an electrode to an input terminal."""

    electrode: str
    terminal: str


def parse_loop_back(text: str) -> LoopBack:
    """Read ``ELECTRODE=TERMINAL``.

    Raises
    ------
    ConfigurationError
    """
    electrode, equals, terminal = (part.strip() for part in text.partition("="))
    if not (electrode and equals and terminal):
        raise ConfigurationError(
            f"{text!r} names no wire.", remedy="Write the electrode and the input, as in --loop-back gate=Dev1/ai0."
        )
    return LoopBack(electrode, terminal)


def check_loop_back(run: RunFile, wire: LoopBack, outputs_at: Mapping[str, float] | None = None) -> Iterator[Finding]:
    """Send a small signal through the wire and compare amplitude, sign and delay."""
    try:
        reading = measure_loop_back(run, wire.electrode, wire.terminal, outputs_at=outputs_at)
    except RunInterrupted:
        raise
    except (HgxError, DriverError) as error:
        yield fault(_TOPIC, error)
        return
    yield from _judged(reading, run.bench.lead)


def _judged(reading: LoopBackReading, lead_seconds: float) -> Iterator[Finding]:
    wire = f"{reading.electrode} to {reading.terminal}"
    sent = format_quantity(reading.sent, "V", digits=4)
    heard = format_quantity(reading.heard, "V", digits=4)
    at = format_quantity(reading.frequency_hz, "Hz", digits=4)
    text = f"{wire}: {heard} of {sent} came back at {at}"
    error = abs(reading.heard / reading.sent - 1)
    if reading.heard < _CROSSTALK * reading.sent:
        yield Finding(
            "fault", _TOPIC, text, "Look at the wire, with no device connected, and at both terminals' names."
        )
        return
    if not error <= _TOLERANCE + 3 * reading.heard_std / reading.sent:  # nor is it well without an error bar
        remedy = "Look for a load or divider on the output, and at input's configuration (differential, rse, nrse)."
        yield Finding("fault", _TOPIC, text, remedy)
    else:
        yield Finding("ok", _TOPIC, text)
    if reading.sign < 0:
        yield Finding(
            "fault",
            _TOPIC,
            "the sign is turned round",
            "Swap the two wires of the differential input, with no device connected.",
        )
    else:
        yield Finding("ok", _TOPIC, "the sign is right")
    seconds = reading.delay_samples / reading.rate_hz
    delay = f"{reading.delay_samples:.2f} samples ({format_quantity(seconds, 's', digits=3)}) from output to input"
    if reading.delay_samples > -0.5 and seconds < lead_seconds:
        yield Finding("ok", _TOPIC, delay)
    else:
        yield Finding("warning", _TOPIC, delay, "Look at the clock route: both directions should start together.")
