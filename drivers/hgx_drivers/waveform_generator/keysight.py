"""Keysight (Agilent) 33500 and 33600 series: SCPI.

Commands from the 33500 series' operating and service guide, chapter on SCPI programming.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hgx_drivers.waveform_generator._dialect import Ask, Command, Samples, number
from hgx_drivers.waveform_generator._interface import Burst, ChannelState, Reference, Sine
from hgx_drivers.waveform_generator._levels import Model
from hgx_drivers.waveform_generator.errors import UnexpectedAnswer

__all__ = ["Keysight"]

#: Outputs, bandwidth in Hz, and whether there are arbitrary waveforms.
_MODELS = {
    "33509": (1, 20e6, False),
    "33510": (2, 20e6, False),
    "33511": (1, 20e6, True),
    "33512": (2, 20e6, True),
    "33519": (1, 30e6, False),
    "33520": (2, 30e6, False),
    "33521": (1, 30e6, True),
    "33522": (2, 30e6, True),
    "33611": (1, 80e6, True),
    "33612": (2, 80e6, True),
    "33621": (1, 120e6, True),
    "33622": (2, 120e6, True),
}
_WAVEFORMS = {"SIN": "sine", "ARB": "arbitrary"}
_EDGES = {"rising": "POS", "falling": "NEG"}
_NAME = "HGX"


class Keysight:
    """The dialect of the 33500 and 33600 series."""

    maker = "Keysight"

    def model(self, maker: str, model: str) -> Model | None:
        """The model by its identity; those before 2014 say Agilent."""
        known = _MODELS.get(model[:5])
        if known is None or not maker.lower().startswith(("keysight", "agilent")):
            return None
        channels, bandwidth, arbitrary = known
        points, rate = (4_000_000, 660e6) if model.startswith("336") else (1_000_000, 250e6)
        return Model(model, channels, bandwidth, points if arbitrary else 0, rate)

    def load(self, channel: int, ohms: float) -> Sequence[Command]:
        """``OUTPut:LOAD``: changes what the numbers mean, not the voltage."""
        # Amplitudes in dBm or Vrms would turn into something else with the load.
        unit = f"SOUR{channel}:VOLT:UNIT VPP"
        return (unit, f"OUTP{channel}:LOAD {'INF' if math.isinf(ohms) else number(ohms)}")

    def sine(self, channel: int, sine: Sine, before: ChannelState) -> Sequence[Command]:
        """Function, frequency, amplitude, offset, phase. ``APPLy`` would be one command, but connects the output."""
        source = f"SOUR{channel}"
        levels = [
            f"{source}:VOLT {number(2 * sine.amplitude_volts)}",
            f"{source}:VOLT:OFFS {number(sine.offset_volts)}",
        ]
        if sine.amplitude_volts > before.amplitude_volts:
            levels.reverse()
        return (
            f"{source}:FUNC SIN",
            f"{source}:FREQ {number(sine.frequency_hz)}",
            *levels,
            "UNIT:ANGL DEG",
            f"{source}:PHAS {_degrees(sine.phase_radians)}",
        )

    def arbitrary(self, channel: int, samples: Samples) -> Sequence[Command]:
        """``DATA:ARBitrary:DAC`` with a definite-length block; byte order swapped is little-endian."""
        data = samples.codes.astype("<i2").tobytes()
        size = str(len(data))
        source = f"SOUR{channel}"
        return (
            "FORM:BORD SWAP",
            f"{source}:DATA:VOL:CLE",
            f"{source}:DATA:ARB:DAC {_NAME},#{len(size)}{size}".encode("ascii") + data,
            f"{source}:FUNC:ARB {_NAME}",
            f"{source}:FUNC:ARB:SRAT {number(samples.rate_hz)}",
            f"{source}:VOLT:OFFS 0",
            f"{source}:VOLT {number(2 * samples.amplitude_volts)}",
            f"{source}:VOLT:OFFS {number(samples.offset_volts)}",
            f"{source}:FUNC ARB",
        )

    def burst(self, channel: int, burst: Burst | None, phase_radians: float) -> Sequence[Command]:
        """Off and on again, so that a burst that already runs waits for the next edge."""
        source = f"SOUR{channel}"
        off = f"{source}:BURS:STAT OFF"
        if burst is None:
            return (off,)
        return (
            off,
            f"TRIG{channel}:SOUR EXT",
            f"TRIG{channel}:SLOP {_EDGES[burst.edge]}",
            f"{source}:BURS:MODE TRIG",
            f"{source}:BURS:NCYC {'INF' if burst.cycles is None else burst.cycles}",
            "UNIT:ANGL DEG",
            f"{source}:BURS:PHAS {_degrees(phase_radians)}",
            f"{source}:BURS:STAT ON",
        )

    def reference(self, reference: Reference) -> Sequence[Command]:
        """``ROSCillator:SOURce``; a missing 10 MHz comes as an entry in the error queue."""
        return (f"ROSC:SOUR {'EXT' if reference == 'external' else 'INT'}",)

    def output(self, channel: int, on: bool) -> Sequence[Command]:
        """``OUTPut``."""
        return (f"OUTP{channel} {'ON' if on else 'OFF'}",)

    def read_reference(self, ask: Ask) -> Reference:
        """The selected source."""
        return "external" if ask("ROSC:SOUR?").upper().startswith("EXT") else "internal"

    def read_state(self, channel: int, ask: Ask) -> ChannelState:
        """Several questions; an open circuit is 9.9E+37 ohm."""
        source = f"SOUR{channel}"

        def value(question: str) -> float:
            answer = ask(question)
            try:
                return float(answer)
            except ValueError as error:
                raise UnexpectedAnswer(f"{answer!r} is no number for {question!r}.") from error

        load = value(f"OUTP{channel}:LOAD?")
        waveform = ask(f"{source}:FUNC?").upper()
        radians = ask("UNIT:ANGL?").upper().startswith("RAD")
        return ChannelState(
            on=value(f"OUTP{channel}?") != 0,
            load_ohms=math.inf if load > 1e37 else load,
            waveform=_WAVEFORMS.get(waveform, waveform.lower()),
            frequency_hz=value(f"{source}:FREQ?"),
            amplitude_volts=value(f"{source}:VOLT?") / 2,
            offset_volts=value(f"{source}:VOLT:OFFS?"),
            phase_radians=value(f"{source}:PHAS?") * (1.0 if radians else math.pi / 180),
        )


def _degrees(radians: float) -> str:
    return number(math.degrees(radians) % 360)
