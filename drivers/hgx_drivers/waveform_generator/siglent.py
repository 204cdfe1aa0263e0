"""Siglent SDG1000X, SDG2000X and SDG6000X series: a language of key-value pairs, one command a subject.

Commands from the SDG series' programming guide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from hgx_drivers.waveform_generator._dialect import Ask, Command, Samples, number
from hgx_drivers.waveform_generator._interface import Burst, ChannelState, Reference, Sine
from hgx_drivers.waveform_generator._levels import Model
from hgx_drivers.waveform_generator.errors import UnexpectedAnswer

__all__ = ["Siglent"]

#: Bandwidth in Hz, points and samples per second of arbitrary waveforms played sample by sample.
_MODELS = {
    "SDG1032X": (30e6, 0, 0.0),
    "SDG1062X": (60e6, 0, 0.0),
    "SDG2042X": (40e6, 8_000_000, 75e6),
    "SDG2082X": (80e6, 8_000_000, 75e6),
    "SDG2122X": (120e6, 8_000_000, 75e6),
    "SDG6022X": (200e6, 20_000_000, 300e6),
    "SDG6032X": (350e6, 20_000_000, 300e6),
    "SDG6052X": (500e6, 20_000_000, 300e6),
}
_WAVEFORMS = {"SINE": "sine", "ARB": "arbitrary"}
_EDGES = {"rising": "RISE", "falling": "FALL"}
_NAME = "hgx"
_NUMBER = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?")


class Siglent:
    """The dialect of the SDG X series."""

    maker = "Siglent"

    def model(self, maker: str, model: str) -> Model | None:
        """The model by its identity."""
        known = _MODELS.get(model.upper())
        if known is None or not maker.lower().startswith("siglent"):
            return None
        bandwidth, points, rate = known
        return Model(model.upper(), 2, bandwidth, points, rate, loads_ohms=(50.0, 100e3))

    def load(self, channel: int, ohms: float) -> Sequence[Command]:
        """``OUTP LOAD``: changes what the numbers mean, not the voltage."""
        return (f"C{channel}:OUTP LOAD,{'HZ' if math.isinf(ohms) else number(ohms)}",)

    def sine(self, channel: int, sine: Sine, before: ChannelState) -> Sequence[Command]:
        """``BSWV`` sets all at once, so there is no step in between."""
        return (
            f"C{channel}:BSWV WVTP,SINE,FRQ,{number(sine.frequency_hz)},AMP,{number(2 * sine.amplitude_volts)},"
            f"OFST,{number(sine.offset_volts)},PHSE,{_degrees(sine.phase_radians)}",
        )

    def arbitrary(self, channel: int, samples: Samples) -> Sequence[Command]:
        """``WVDT`` with the length in bytes in front of the data, which have no header of their own."""
        data = samples.codes.astype("<i2").tobytes()
        levels = f"AMP,{number(2 * samples.amplitude_volts)},OFST,{number(samples.offset_volts)}"
        return (
            f"C{channel}:WVDT WVNM,{_NAME},LENGTH,{len(data)}B,WAVEDATA,".encode("ascii") + data,
            f"C{channel}:ARWV NAME,{_NAME}",
            f"C{channel}:SRATE MODE,TARB,VALUE,{number(samples.rate_hz)}",
            f"C{channel}:BSWV WVTP,ARB,{levels}",
        )

    def burst(self, channel: int, burst: Burst | None, phase_radians: float) -> Sequence[Command]:
        """Off and on again, so that a burst that already runs waits for the next edge."""
        off = f"C{channel}:BTWV STATE,OFF"
        if burst is None:
            return (off,)
        # The guide wants the state on before anything else is set.
        return (
            off,
            f"C{channel}:BTWV STATE,ON",
            f"C{channel}:BTWV GATE_NCYC,NCYC,TRSR,EXT,EDGE,{_EDGES[burst.edge]},"
            f"TIME,{'INF' if burst.cycles is None else burst.cycles},STPS,{_degrees(phase_radians)}",
        )

    def reference(self, reference: Reference) -> Sequence[Command]:
        """``ROSC``."""
        return (f"ROSC {'EXT' if reference == 'external' else 'INT'}",)

    def output(self, channel: int, on: bool) -> Sequence[Command]:
        """``OUTP``."""
        return (f"C{channel}:OUTP {'ON' if on else 'OFF'}",)

    def read_reference(self, ask: Ask) -> Reference:
        """The selected source: ``ROSC EXT`` or ``ROSC INT,10MOUT,ON``."""
        return "external" if "EXT" in ask("ROSC?").upper() else "internal"

    def read_state(self, channel: int, ask: Ask) -> ChannelState:
        """Two questions: ``BSWV?`` and ``OUTP?``. Key-value pairs with units; ``HZ`` as a load is an open circuit."""
        output = ask(f"C{channel}:OUTP?").split(" ", 1)[-1].split(",")
        pairs = dict(zip(output[1::2], output[2::2], strict=False))
        wave = ask(f"C{channel}:BSWV?").split(" ", 1)[-1].split(",")
        values = dict(zip(wave[::2], wave[1::2], strict=False))
        if output[0] not in ("ON", "OFF") or "LOAD" not in pairs or "WVTP" not in values:
            raise UnexpectedAnswer(f"{','.join(output)!r} and {','.join(wave)!r} aren't the state of an output.")
        return ChannelState(
            on=output[0] == "ON",
            load_ohms=math.inf if pairs["LOAD"].upper() == "HZ" else _value(pairs, "LOAD"),
            waveform=_WAVEFORMS.get(values["WVTP"], values["WVTP"].lower()),
            frequency_hz=_value(values, "FRQ"),
            amplitude_volts=_value(values, "AMP") / 2,
            offset_volts=_value(values, "OFST"),
            phase_radians=math.radians(_value(values, "PHSE")),
        )


def _value(pairs: dict[str, str], key: str) -> float:
    """A number with a unit behind it: ``1000HZ``, ``-0.5V``. What a waveform doesn't have is 0."""
    if key not in pairs:
        return 0.0
    match = _NUMBER.match(pairs[key])
    if match is None:
        raise UnexpectedAnswer(f"{pairs[key]!r} is no number for {key}.")
    return float(match[0])


def _degrees(radians: float) -> str:
    return number(math.degrees(radians) % 360)
