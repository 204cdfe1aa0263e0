"""``bench``: what is on the table, or its simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hgx_lab.config.devices import Device, SmoothDevice
from hgx_lab.config.presets import PRESETS, with_preset
from hgx_lab.config.quantities import PositiveSeconds, Quantity, Seconds
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.signal_chain import (
    Amplifier,
    Charging,
    Converter,
    Drift,
    ElectrodeTimes,
    Fluctuator,
    Hum,
    Noise,
    StrayCapacitance,
)

__all__ = [
    "Amplifier",
    "Bench",
    "Charging",
    "Converter",
    "Drift",
    "Fault",
    "Fluctuator",
    "Hum",
    "Noise",
    "SimulatedBench",
    "keys_of_preset",
]


class Fault(Section):
    """A failure of the card at a scripted time, to try what a run does then."""

    kind: Literal["underflow", "overflow", "disconnect", "nan", "stall"] = Field(
        description="What fails: the buffers, the connection, a sample, or the flow of data."
    )
    at: Seconds = Field(description="Time after the start of the stream.")


class SimulatedBench(Section):
    """A simulated card, amplifier and device with noise, delay, limits and failures."""

    kind: Literal["simulated"] = Field(default="simulated", description="A simulated bench.")
    preset: Literal["usb", "pcie", "cdaq"] | None = Field(
        default=None,
        description="Rate, latencies, buffers and converters of a typical bench; keys of the file win; null for none.",
    )
    clock: Literal["fast", "real-time"] = Field(
        default="fast", description="As fast as the machine goes, or one second in one second."
    )
    rate: Annotated[float, Quantity("Hz", least=1.0, most=1e8)] = Field(
        default=100e3, description="Samples per second of outputs and inputs."
    )
    block: PositiveSeconds = Field(default=5e-3, description="Length of the blocks in which the input is read.")
    lead: PositiveSeconds = Field(default=50e-3, description="How far ahead the outputs are written.")
    delay: Annotated[float, Quantity("s", least=0.0, most=1.0)] = Field(
        default=60e-6, description="Delay from output to input; a run measures it and doesn't look here."
    )
    output_buffer: PositiveSeconds = Field(default=0.1, description="Length of the output buffer of the card.")
    input_buffer: PositiveSeconds = Field(default=1.0, description="Length of the input buffer of the card.")
    device: Device = Field(default=SmoothDevice(), description="The device under test.")
    amplifier: Amplifier = Field(default=Amplifier(), description="The current-to-voltage converter.")
    noise: Noise | None = Field(default=Noise(), description="Noise of the current; null for none.")
    drift: Drift | None = Field(default=None, description="Slow change of the current; null for none.")
    electrode_time: ElectrodeTimes = Field(
        default=(0.0,),
        description="RC of the electrodes: one for all electrodes, or a list; external-capacitor for 22 ms to 37 ms.",
    )
    charging: Charging | None = Field(default=None, description="Slow charging after jumps; null for none.")
    stray_capacitance: StrayCapacitance = Field(
        default=(1e-12,), description="Capacitance to the output: one for all electrodes, or a list."
    )
    output_converter: Converter = Field(default=Converter(), description="The digital-to-analogue converters.")
    input_converter: Converter = Field(default=Converter(), description="The analogue-to-digital converters.")
    faults: tuple[Fault, ...] = Field(default=(), max_length=100, description="Failures at scripted times.")

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, values: Any) -> Any:
        return with_preset(values) if isinstance(values, Mapping) else values


Bench = Annotated[SimulatedBench, OneOf()]


def keys_of_preset(bench: SimulatedBench) -> tuple[str, ...]:
    """The keys that any preset sets and that are in ``bench`` as its own preset, or the defaults, would leave them."""
    untouched = SimulatedBench(preset=bench.preset)
    known = dict.fromkeys(key for preset in PRESETS.values() for key in preset)
    return tuple(key for key in known if getattr(bench, key) == getattr(untouched, key))
