"""``bench``: what is on the table, or its simulation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.devices import Device, SmoothDevice
from hgx_lab.config.quantities import Farads, Hertz, Pair, PositiveSeconds, Quantity, Seconds
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.values import Flag, PerElectrode, Whole

__all__ = [
    "Amplifier",
    "Bench",
    "Converter",
    "Drift",
    "Fault",
    "Hum",
    "Noise",
    "SimulatedBench",
]

Density = Annotated[float, Quantity("A^2/Hz", least=0.0, most=1.0)]


class Amplifier(Section):
    """The current-to-voltage converter."""

    gain: Annotated[float, Quantity("A/V", above=0.0, most=1e3)] = Field(
        default=100e-9, description="Current per volt of read-out (100 nA/V is 10 MV/A)."
    )
    bandwidth: Hertz | None = Field(default=20e3, description="Frequency of its first-order pole; null for none.")
    clip: Annotated[float, Quantity("V", above=0.0, most=1000.0)] = Field(
        default=4.0, description="Read-out voltage at which it saturates, on both sides."
    )
    inverting: Flag = Field(default=False, description="Whether it turns the sign; the run takes it back out.")


class Hum(Section):
    """Interference of the mains."""

    frequency: Hertz = Field(default=50.0, description="Frequency of the mains.")
    amplitudes: tuple[Annotated[float, Quantity("A", least=0.0, most=1.0)], ...] = Field(
        default=(50e-12, 20e-12, 20e-12),
        min_length=1,
        max_length=20,
        description="Peak current of the first, second ... harmonic.",
    )
    wander: Annotated[float, Quantity("Hz", least=0.0, most=10.0)] = Field(
        default=0.02, description="How far the frequency wanders to either side."
    )


class Noise(Section):
    """Noise of the current; each part is switched off by 0 or null."""

    white: Density = Field(default=3.3e-28, description="One-sided spectral density of white noise.")
    flicker: Density = Field(default=1e-23, description="One-sided spectral density of 1/f noise at 1 kHz.")
    exponent: Annotated[float, Quantity("", above=0.0, most=2.0)] = Field(
        default=1.0, description="Exponent of the 1/f noise."
    )
    lowest: Hertz = Field(default=0.01, description="Frequency below which the 1/f noise is level.")
    hum: Hum | None = Field(default=None, description="Interference of the mains; null for none.")


class Drift(Section):
    """Slow change of the current."""

    rate: Annotated[float, Quantity("A/s", least=-1.0, most=1.0)] = Field(
        default=0.0, description="Drift of the current."
    )


class Converter(Section):
    """Resolution and range of a converter."""

    bits: Annotated[int, Whole(1, 32)] | None = Field(default=16, description="Resolution; null for no quantisation.")
    range: Pair = Field(default=(-10.0, 10.0), description="Lowest and highest voltage.")


class Fault(Section):
    """A failure of the card at a scripted time, to try what a run does then."""

    kind: Literal["underflow", "overflow", "disconnect", "nan", "stall"] = Field(
        description="What fails: the buffers, the connection, a sample, or the flow of data."
    )
    at: Seconds = Field(description="Time after the start of the stream.")


class SimulatedBench(Section):
    """A simulated card, amplifier and device with noise, delay, limits and failures."""

    kind: Literal["simulated"] = Field(default="simulated", description="A simulated bench.")
    clock: Literal["fast", "real-time"] = Field(
        default="fast", description="As fast as the machine goes, or one second in one second."
    )
    rate: Annotated[float, Quantity("Hz", least=1.0, most=1e8)] = Field(
        default=100e3, description="Samples per second of outputs and inputs."
    )
    block: PositiveSeconds = Field(default=5e-3, description="Length of the blocks in which the input is read.")
    lead: PositiveSeconds = Field(default=10e-3, description="How far ahead the outputs are written.")
    delay: Annotated[float, Quantity("s", least=0.0, most=1.0)] = Field(
        default=60e-6, description="Delay from output to input; a run measures it and doesn't look here."
    )
    output_buffer: PositiveSeconds = Field(default=0.1, description="Length of the output buffer of the card.")
    input_buffer: PositiveSeconds = Field(default=1.0, description="Length of the input buffer of the card.")
    device: Device = Field(default=SmoothDevice(), description="The device under test.")
    amplifier: Amplifier = Field(default=Amplifier(), description="The current-to-voltage converter.")
    noise: Noise | None = Field(default=Noise(), description="Noise of the current; null for none.")
    drift: Drift | None = Field(default=None, description="Slow change of the current; null for none.")
    stray_capacitance: Annotated[tuple[Farads, ...], Field(min_length=1, max_length=1024), PerElectrode()] = Field(
        default=(1e-12,), description="Capacitance to the output: one for all electrodes, or a list."
    )
    output_converter: Converter = Field(default=Converter(), description="The digital-to-analogue converters.")
    input_converter: Converter = Field(default=Converter(), description="The analogue-to-digital converters.")
    faults: tuple[Fault, ...] = Field(default=(), max_length=100, description="Failures at scripted times.")


Bench = Annotated[SimulatedBench, OneOf()]
