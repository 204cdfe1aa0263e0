"""An output of the socket instrument, and what leaves its connector.

Voltages are those of the source itself (open circuit): what the hardware really makes, whatever the display says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["SOURCE_OHMS", "Output", "Playing", "at_connector", "shown"]

SOURCE_OHMS = 50.0
Floats = NDArray[np.float64]


def shown(load: float) -> float:
    """What the display makes of one volt of the source."""
    return 1.0 if load > 1e37 else load / (load + SOURCE_OHMS)


@dataclass
class Output:
    """One connector. ``words`` and ``burst`` are the rest of its settings, as its maker calls them."""

    on: bool = False
    load: float = 50.0
    source_amplitude: float = 0.1
    source_offset: float = 0.0
    hz: float = 1000.0
    degrees: float = 0.0
    waveform: str = "SIN"
    codes: bytes = b""
    arb: str = ""
    sample_rate: float = 40e3
    burst: dict[str, str] = field(default_factory=dict[str, str])
    words: dict[str, str] = field(default_factory=dict[str, str])
    #: Time of the trigger that it took, s, and how many it has had.
    triggered: float | None = None
    triggers: int = 0

    @property
    def shown(self) -> float:
        return shown(self.load)

    def peak_and_offset(self, load: float) -> tuple[float, float]:
        """Volts at a real resistor of the plain waveform; a disconnected output gives none."""
        at_load = shown(load) * self.on
        return self.source_amplitude * at_load, self.source_offset * at_load

    def copy_signal(self, other: Output) -> None:
        """Take over everything that another output plays, but not whether it is connected."""
        for name in ("load", "source_amplitude", "source_offset", "hz", "degrees", "waveform", "codes", "arb",
                     "sample_rate"):  # fmt: skip
            setattr(self, name, getattr(other, name))
        self.burst, self.words = dict(other.burst), dict(other.words)


@dataclass
class Playing:
    """What an output does, whoever made it.

    ``start`` is free: it runs since ever; armed: from its trigger on; internal: bursts of ``cycles`` every
    ``period``; never: it waits for something that won't come.
    """

    start: Literal["free", "armed", "internal", "never"] = "free"
    delay: float = 0.0
    cycles: float = math.inf
    period: float = 0.01
    radians: float = 0.0
    sign: float = 1.0
    offset_sign: float = 1.0
    modulation: str = ""
    sweep: bool = False
    harmonics: bool = False
    noise: bool = False
    #: Whether it is connected only while the trigger input is high.
    gated: bool = False
    #: Whether the other output's signal is added.
    fed: bool = False


class Speaker(Protocol):
    """What the language of an instrument knows of an output."""

    def playing(self, instrument: Instrument, number: int) -> Playing: ...


class Instrument(Protocol):
    outputs: list[Output]

    @property
    def language(self) -> Speaker: ...


#: How long the card's start keeps the trigger input high, s.
PULSE_SECONDS = 1e-6


def at_connector(instrument: Instrument, number: int, seconds: Floats, load: float) -> Floats:
    """Volts at a real resistor on output ``number`` (from 0) at these times."""
    output = instrument.outputs[number]
    if not output.on:
        return np.zeros_like(seconds)
    playing = instrument.language.playing(instrument, number)
    volts = _source(output, playing, seconds)
    if playing.fed:
        other = 1 - number
        volts = volts + _source(instrument.outputs[other], instrument.language.playing(instrument, other), seconds)
    if playing.gated:
        high = np.zeros(seconds.shape, dtype=bool)
        if output.triggered is not None:
            high = (seconds >= output.triggered) & (seconds < output.triggered + PULSE_SECONDS)
        volts = np.where(high, volts, 0.0)
    return volts * shown(load)


def _source(output: Output, playing: Playing, seconds: Floats) -> Floats:
    """Open-circuit volts of an output alone."""
    if output.waveform == "DC":
        return np.full(seconds.shape, playing.offset_sign * output.source_offset)
    since, plays = _since_start(output, playing, seconds)
    hz, wave = output.hz, np.zeros_like(seconds)
    turns = hz * since + playing.radians / (2 * math.pi)
    if playing.sweep:
        # From a tenth of the frequency to twice it, in a second.
        low, high, cycle = 0.1 * hz, 2 * hz, since % 1.0
        turns = low * cycle + (high - low) * cycle**2 / 2
    match playing.modulation:
        case "FM":
            turns = turns + 0.1 * hz / (2 * math.pi * 10.0) * np.sin(2 * np.pi * 10.0 * since)
        case "PM":
            turns = turns + 0.25 * np.sin(2 * np.pi * 10.0 * since)
        case "FSK":
            turns = np.where((since * 10.0) % 1.0 < 0.5, turns, 100.0 * since)
        case "BPSK" | "PSK":
            turns = turns + 0.5 * ((since * 10.0) % 1.0 < 0.5)
        case _:
            pass
    wave = _shape(output, playing, turns, since)
    match playing.modulation:
        case "AM":
            wave = wave * (1 + np.sin(2 * np.pi * 100.0 * since)) / 2
        case "DSBAM":
            wave = wave * np.sin(2 * np.pi * 100.0 * since)
        case "ASK":
            wave = wave * ((since * 100.0) % 1.0 < 0.5)
        case "SUM":
            wave = wave + 0.1 * np.sin(2 * np.pi * 100.0 * since)
        case _:
            pass
    if playing.harmonics:
        wave = wave + 0.5 * np.sin(2 * np.pi * 2 * turns)
    if playing.noise:
        wave = wave + 0.3 * np.random.default_rng(1).uniform(-1, 1, seconds.shape)
    idle = math.sin(playing.radians) if output.waveform != "ARB" else 0.0
    wave = np.where(plays, wave, idle)
    return playing.offset_sign * output.source_offset + playing.sign * output.source_amplitude * wave


def _since_start(output: Output, playing: Playing, seconds: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Time since the waveform began, and whether it plays."""
    length = playing.cycles / output.hz
    match playing.start:
        case "free":
            # Nobody knows since when: any phase.
            return seconds + 0.123 / output.hz, np.ones(seconds.shape, dtype=bool)
        case "armed":
            if output.triggered is None:
                return np.zeros_like(seconds), np.zeros(seconds.shape, dtype=bool)
            since = seconds - output.triggered - playing.delay
            return since, (since >= -1e-12) & (since < length)
        case "internal":
            since = seconds % playing.period
            return since, since < length
        case _:
            return np.zeros_like(seconds), np.zeros(seconds.shape, dtype=bool)


def _shape(output: Output, playing: Playing, turns: Floats, since: Floats) -> Floats:
    phase = turns % 1.0
    match output.waveform:
        case "SIN":
            return np.sin(2 * np.pi * turns)
        case "SQU" | "PULS" | "PRBS":
            return np.where(phase < 0.5, 1.0, -1.0)
        case "RAMP" | "TRI":
            return 2 * phase - 1
        case "NOIS":
            return np.random.default_rng(2).uniform(-1, 1, turns.shape)
        case _:
            codes = np.frombuffer(output.codes, "<i2") / 32767 if output.codes else np.array([0.0, 1.0, -1.0])
            return codes[np.floor(np.maximum(since, 0.0) * output.sample_rate).astype(int) % codes.size]
