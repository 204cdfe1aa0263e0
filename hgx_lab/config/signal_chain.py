"""The stages between the output converters, the simulated device and the input converter."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from hgx_lab.config.quantities import Farads, Hertz, Pair, PositiveSeconds, Quantity
from hgx_lab.config.section import Section
from hgx_lab.config.values import Flag, PerElectrode, Whole

__all__ = [
    "EXTERNAL_CAPACITOR",
    "Amplifier",
    "Charging",
    "Converter",
    "Drift",
    "ElectrodeTimes",
    "Fluctuator",
    "Hum",
    "Noise",
    "StrayCapacitance",
]

#: Word for the time constants of electrodes with a capacitor to ground, 22 to 37 ms as measured on such devices.
EXTERNAL_CAPACITOR: Final = "external-capacitor"

Density = Annotated[float, Quantity("A^2/Hz", least=0.0, most=1.0)]
Current = Annotated[float, Quantity("A", above=0.0, most=1.0)]
ElectrodeTime = Annotated[float | str, Quantity("s", least=0.0, most=1e3, words=(EXTERNAL_CAPACITOR,))]
ElectrodeTimes = Annotated[tuple[ElectrodeTime, ...], Field(min_length=1, max_length=1024), PerElectrode()]
StrayCapacitance = Annotated[tuple[Farads, ...], Field(min_length=1, max_length=1024), PerElectrode()]


class Amplifier(Section):
    """The current-to-voltage converter."""

    gain: Annotated[float, Quantity("A/V", above=0.0, most=1e3)] = Field(
        default=100e-9, description="Current per volt of read-out (100 nA/V is 10 MV/A)."
    )
    bandwidth: Hertz | None = Field(default=20e3, description="Frequency of its first-order pole; null for none.")
    clip: Annotated[float, Quantity("V", above=0.0, most=1000.0)] | None = Field(
        default=4.0, description="Read-out voltage at which it saturates, on both sides; null for never."
    )
    inverting: Flag = Field(default=False, description="Whether it turns the sign; the run takes it back out.")


class Charging(Section):
    """Slow charging after a jump: a share of every step of the current comes late."""

    fraction: Annotated[float, Quantity("", least=-0.99, most=0.99)] = Field(
        default=0.01, description="The share; negative for an overshoot."
    )
    time: PositiveSeconds = Field(default=30e-3, description="Time constant with which it comes.")


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
        default=0.02, description="Standard deviation with which the frequency wanders; 0 for a fixed one."
    )
    wander_time: PositiveSeconds = Field(default=10.0, description="Time within which it forgets where it was.")


class Fluctuator(Section):
    """A two-level fluctuator: the current jumps between two levels at random times."""

    amplitude: Annotated[float, Quantity("A", least=0.0, most=1.0)] = Field(
        default=0.1e-9, description="Distance of the two levels."
    )
    up: Hertz = Field(default=1.0, description="Jumps up in a second of being down.")
    down: Hertz = Field(default=1.0, description="Jumps down in a second of being up.")


class Noise(Section):
    """Noise of the current; each part is switched off by 0, null or an empty list, and leaves the others unchanged."""

    white: Density = Field(default=3.3e-28, description="One-sided spectral density of white noise.")
    flicker: Density = Field(default=1e-23, description="One-sided spectral density of 1/f noise at 1 kHz.")
    exponent: Annotated[float, Quantity("", least=0.5, most=1.5)] = Field(
        default=1.0, description="Exponent of the 1/f noise."
    )
    lowest: Hertz = Field(default=0.01, description="Frequency below which the 1/f noise is level.")
    flicker_doubles_at: Current | None = Field(
        default=None, description="Device current at which the density of the 1/f noise is doubled; null for no growth."
    )
    fluctuators: tuple[Fluctuator, ...] = Field(default=(), max_length=100, description="Two-level fluctuators.")
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
