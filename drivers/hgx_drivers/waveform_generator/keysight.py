"""Keysight (Agilent) 33500 and 33600 series: SCPI.

Commands from the 33500 series' operating and service guide, chapter on SCPI programming.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hgx_drivers.waveform_generator._dialect import Ask, Command, Samples, number
from hgx_drivers.waveform_generator._interface import Burst, BurstState, ChannelState, Reference, Sine
from hgx_drivers.waveform_generator._keysight_settings import KEYSIGHT_REFERENCE, KEYSIGHT_SETTINGS
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
_EDGES = {"rising": "POS", "falling": "NEG"}
_NAME = "HGX"
#: An open circuit, an endless burst.
_INFINITE = 1e37
#: Of the operation condition register: an output waits for its trigger (reported).
_WAITING = 1 << 5


class Keysight:
    """The dialect of the 33500 and 33600 series."""

    maker = "Keysight"
    settings = KEYSIGHT_SETTINGS
    reference_settings = KEYSIGHT_REFERENCE

    def model(self, maker: str, model: str) -> Model | None:
        """The model by its identity; those before 2014 say Agilent."""
        known = _MODELS.get(model[:5])
        if known is None or not maker.lower().startswith(("keysight", "agilent")):
            return None
        channels, bandwidth, arbitrary = known
        points, rate = (4_000_000, 660e6) if model.startswith("336") else (1_000_000, 250e6)
        return Model(model, channels, bandwidth, points if arbitrary else 0, rate)

    def extract(self, answer: str, key: str) -> str | None:
        """One question has one answer."""
        del key
        return answer.strip() or None

    def load(self, channel: int, ohms: float) -> Sequence[Command]:
        """``OUTPut:LOAD``: changes what the numbers mean, not the voltage."""
        return (f"OUTP{channel}:LOAD {'INF' if math.isinf(ohms) else number(ohms)}",)

    def sine(self, channel: int, sine: Sine, least_volts: float) -> Sequence[Command]:
        """Function, frequency, amplitude, offset, phase. ``APPLy`` would be one command, but connects the output."""
        source = f"SOUR{channel}"
        return (
            f"{source}:FUNC SIN",
            f"{source}:FREQ {number(sine.frequency_hz)}",
            f"{source}:VOLT {number(2 * least_volts)}",
            f"{source}:VOLT:OFFS {number(sine.offset_volts)}",
            f"{source}:VOLT {number(2 * sine.amplitude_volts)}",
            "UNIT:ANGL DEG",
            f"{source}:PHAS {_degrees(sine.phase_radians)}",
        )

    def levels(self, channel: int, amplitude_volts: float, offset_volts: float, rising: bool) -> Sequence[Command]:
        """``VOLTage`` and its offset: frequency and function would be refused while a burst goes on."""
        source = f"SOUR{channel}"
        commands = (f"{source}:VOLT {number(2 * amplitude_volts)}", f"{source}:VOLT:OFFS {number(offset_volts)}")
        return commands[::-1] if rising else commands

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
            f"TRIG{channel}:DEL 0",
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

    def read_limits(self, channel: int, ask: Ask) -> tuple[float, float] | None:
        """``VOLTage:LIMit``, V at the load that the instrument knows of."""
        limit = f"SOUR{channel}:VOLT:LIM"
        if ask(f"{limit}:STAT?").strip().upper() in ("0", "OFF"):
            return None
        return _value(ask, f"{limit}:LOW?"), _value(ask, f"{limit}:HIGH?")

    def read_burst(self, channel: int, ask: Ask) -> BurstState:
        """Burst and trigger."""
        source, trigger = f"SOUR{channel}:BURS", f"TRIG{channel}"
        if _value(ask, f"{source}:STAT?") == 0:
            return BurstState(False)
        cycles = _value(ask, f"{source}:NCYC?")
        by, edge = ask(f"{trigger}:SOUR?").upper(), ask(f"{trigger}:SLOP?").upper()
        return BurstState(
            armed=True,
            triggered_by="external" if by.startswith("EXT") else by.lower(),
            gated=ask(f"{source}:MODE?").upper().startswith("GAT"),
            cycles=math.inf if cycles > _INFINITE else cycles,
            edge="rising" if edge.startswith("POS") else "falling",
            phase_radians=_value(ask, f"{source}:PHAS?") * _angle_unit(ask),
            delay_seconds=_value(ask, f"{trigger}:DEL?"),
        )

    def read_waiting(self, ask: Ask) -> bool | None:
        """``STATus:OPERation:CONDition``."""
        return bool(int(_value(ask, "STAT:OPER:COND?")) & _WAITING)

    def read_state(self, channel: int, ask: Ask) -> ChannelState:
        """Several questions; an open circuit is 9.9E+37 ohm."""
        source = f"SOUR{channel}"
        load = _value(ask, f"OUTP{channel}:LOAD?")
        waveform = _waveform(ask, source)
        rate = f"{source}:FUNC:ARB:SRAT?" if waveform == "arbitrary" else f"{source}:FREQ?"
        return ChannelState(
            on=_value(ask, f"OUTP{channel}?") != 0,
            load_ohms=math.inf if load > _INFINITE else load,
            waveform=waveform,
            frequency_hz=_value(ask, rate),
            amplitude_volts=_value(ask, f"{source}:VOLT?") / 2,
            offset_volts=_value(ask, f"{source}:VOLT:OFFS?"),
            phase_radians=_value(ask, f"{source}:PHAS?") * _angle_unit(ask),
        )


def _waveform(ask: Ask, source: str) -> str:
    """``sine``, ``arbitrary`` for the samples that we have uploaded, or the instrument's own word."""
    shape = ask(f"{source}:FUNC?").strip().upper()
    if shape == "ARB":
        name = ask(f"{source}:FUNC:ARB?").strip().strip('"')
        return "arbitrary" if name.upper() == _NAME else f"arbitrary {name}"
    return "sine" if shape == "SIN" else shape.lower()


def _value(ask: Ask, question: str) -> float:
    answer = ask(question)
    try:
        return float({"ON": "1", "OFF": "0"}.get(answer.strip().upper(), answer))
    except ValueError as error:
        raise UnexpectedAnswer(f"{answer!r} is no number for {question!r}.") from error


def _angle_unit(ask: Ask) -> float:
    return 1.0 if ask("UNIT:ANGL?").upper().startswith("RAD") else math.pi / 180


def _degrees(radians: float) -> str:
    return number(math.degrees(radians) % 360)
