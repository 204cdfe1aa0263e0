"""Siglent SDG1000X, SDG2000X and SDG6000X series: a language of key-value pairs, one command a subject.

Commands from the SDG series' programming guide, PG02-E05C. What is marked as reported was measured by others on an
SDG2042X with firmware 2.01.01.23R7.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hgx_drivers.waveform_generator._answers import quantity, word_after, words
from hgx_drivers.waveform_generator._dialect import Ask, Command, Samples, number
from hgx_drivers.waveform_generator._interface import Burst, BurstState, ChannelState, Reference, Sine
from hgx_drivers.waveform_generator._levels import Model
from hgx_drivers.waveform_generator._siglent_settings import SIGLENT_SETTINGS
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
_EDGES = {"rising": "RISE", "falling": "FALL"}
_NAME = "hgx"


class Siglent:
    """The dialect of the SDG X series."""

    maker = "Siglent"
    settings = SIGLENT_SETTINGS
    reference_settings = ()

    def model(self, maker: str, model: str) -> Model | None:
        """The model by its identity."""
        known = _MODELS.get(model.upper())
        if known is None or not maker.lower().startswith("siglent"):
            return None
        bandwidth, points, rate = known
        # Frequencies come back with ten digits (reported).
        return Model(model.upper(), 2, bandwidth, points, rate, frequency_digits=10, loads_ohms=(50.0, 100e3))

    def extract(self, answer: str, key: str) -> str | None:
        """The word after the key."""
        return word_after(answer, key)

    def load(self, channel: int, ohms: float) -> Sequence[Command]:
        """``OUTP LOAD``: changes what the numbers mean, not the voltage."""
        return (f"C{channel}:OUTP LOAD,{'HZ' if math.isinf(ohms) else number(ohms)}",)

    def sine(self, channel: int, sine: Sine, least_volts: float) -> Sequence[Command]:
        """``BSWV``: what doesn't fit the rest is clipped without a word (reported), so the amplitude is raised last."""
        subject = f"C{channel}:BSWV"
        return (
            f"{subject} WVTP,SINE",
            f"{subject} FRQ,{number(sine.frequency_hz)}",
            f"{subject} AMP,{number(2 * least_volts)}",
            f"{subject} OFST,{number(sine.offset_volts)}",
            f"{subject} AMP,{number(2 * sine.amplitude_volts)}",
            f"{subject} PHSE,{_degrees(sine.phase_radians)}",
        )

    def levels(self, channel: int, amplitude_volts: float, offset_volts: float, rising: bool) -> Sequence[Command]:
        """``BSWV`` without a waveform: naming one, even the same, ends a burst (reported)."""
        subject = f"C{channel}:BSWV"
        commands = (f"{subject} AMP,{number(2 * amplitude_volts)}", f"{subject} OFST,{number(offset_volts)}")
        return commands[::-1] if rising else commands

    def arbitrary(self, channel: int, samples: Samples) -> Sequence[Command]:
        """``WVDT`` with the length in bytes in front of the data, which have no header of their own."""
        data = samples.codes.astype("<i2").tobytes()
        levels = f"AMP,{number(2 * samples.amplitude_volts)},OFST,{number(samples.offset_volts)}"
        return (
            f"C{channel}:WVDT WVNM,{_NAME},LENGTH,{len(data)}B,WAVEDATA,".encode("ascii") + data,
            f"C{channel}:ARWV NAME,{_NAME}",
            f"C{channel}:SRATE MODE,TARB,VALUE,{number(samples.rate_hz)}",
            f"C{channel}:BSWV WVTP,ARB",
            f"C{channel}:BSWV OFST,0",
            f"C{channel}:BSWV {levels}",
        )

    def burst(self, channel: int, burst: Burst | None, phase_radians: float) -> Sequence[Command]:
        """Off and on again, so that a burst that already runs waits for the next edge."""
        subject = f"C{channel}:BTWV"
        off = f"{subject} STATE,OFF"
        if burst is None:
            return (off,)
        # The guide wants the state on before anything else is set; a gated burst takes no count and no delay
        # (reported), and an endless one no internal trigger.
        return (
            off,
            f"{subject} STATE,ON",
            f"{subject} GATE_NCYC,NCYC",
            f"{subject} TRSR,EXT",
            f"{subject} TIME,{'INF' if burst.cycles is None else burst.cycles}",
            f"{subject} DLAY,0",
            f"{subject} EDGE,{_EDGES[burst.edge]}",
            f"{subject} STPS,{_degrees(phase_radians)}",
        )

    def reference(self, reference: Reference) -> Sequence[Command]:
        """``ROSC``."""
        return (f"ROSC {'EXT' if reference == 'external' else 'INT'}",)

    def output(self, channel: int, on: bool) -> Sequence[Command]:
        """``OUTP``."""
        return (f"C{channel}:OUTP {'ON' if on else 'OFF'}",)

    def read_reference(self, ask: Ask) -> Reference:
        """The selected source: ``ROSC EXT`` or ``ROSC INT,10MOUT,ON``."""
        return "external" if word_after(ask("ROSC?"), "") == "EXT" else "internal"

    def read_limits(self, channel: int, ask: Ask) -> tuple[float, float] | None:
        """There is nothing to ask for: ``MAX_OUTPUT_AMP`` isn't in any answer (reported)."""
        del channel, ask

    def read_burst(self, channel: int, ask: Ask) -> BurstState:
        """``BTWV?``; which keys it has depends on the mode, and some firmware doesn't tell the edge (reported)."""
        answer = ask(f"C{channel}:BTWV?")
        state = word_after(answer, "STATE")
        if state not in ("ON", "OFF"):
            raise UnexpectedAnswer(f"{answer!r} isn't the state of a burst.")
        if state == "OFF":
            return BurstState(False)
        by, cycles = word_after(answer, "TRSR") or "", word_after(answer, "TIME") or "INF"
        edge = word_after(answer, "EDGE")
        return BurstState(
            armed=True,
            triggered_by="external" if by == "EXT" else by.lower(),
            gated=word_after(answer, "GATE_NCYC") == "GATE",
            cycles=math.inf if cycles == "INF" else quantity(cycles),
            edge="" if edge is None else "rising" if edge == "RISE" else "falling",
            phase_radians=math.radians(quantity(word_after(answer, "STPS") or "0")),
            delay_seconds=quantity(word_after(answer, "DLAY") or "0"),
        )

    def read_waiting(self, ask: Ask) -> bool | None:
        """The guide has no word for it."""
        del ask

    def read_state(self, channel: int, ask: Ask) -> ChannelState:
        """``OUTP?``, ``BSWV?`` and, of samples, ``ARWV?`` and ``SRATE?``; ``HZ`` as a load is an open circuit."""
        output, wave = ask(f"C{channel}:OUTP?"), ask(f"C{channel}:BSWV?")
        on, load, shape = words(output)[0], word_after(output, "LOAD"), word_after(wave, "WVTP")
        if on not in ("ON", "OFF") or load is None or shape is None:
            raise UnexpectedAnswer(f"{output!r} and {wave!r} aren't the state of an output.")
        rate, waveform = word_after(wave, "FRQ"), "sine" if shape == "SINE" else shape.lower()
        if shape == "ARB":
            name = word_after(ask(f"C{channel}:ARWV?"), "NAME") or ""
            waveform = "arbitrary" if name.strip('"') == _NAME.upper() else f"arbitrary {name}"
        if waveform == "arbitrary":
            # Without a rate it is resampled: mode DDS.
            rate = word_after(ask(f"C{channel}:SRATE?"), "VALUE")
        return ChannelState(
            on=on == "ON",
            load_ohms=math.inf if load == "HZ" else quantity(load),
            waveform=waveform,
            frequency_hz=0.0 if rate is None else quantity(rate),
            # What a waveform doesn't have is 0.
            amplitude_volts=quantity(word_after(wave, "AMP") or "0") / 2,
            offset_volts=quantity(word_after(wave, "OFST") or "0"),
            phase_radians=math.radians(quantity(word_after(wave, "PHSE") or "0")),
        )


def _degrees(radians: float) -> str:
    return number(math.degrees(radians) % 360)
