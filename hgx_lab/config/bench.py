"""``bench``: what is on the table, or its simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hgx_lab.config.devices import Device, SmoothDevice
from hgx_lab.config.generators import Generator
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
from hgx_lab.config.values import Text, Whole
from hgx_lab.config.wiring import WiringFault

__all__ = [
    "Amplifier",
    "Bench",
    "CardBench",
    "Charging",
    "Converter",
    "Drift",
    "Fault",
    "Fluctuator",
    "Generator",
    "Hum",
    "NiBench",
    "NiInput",
    "NiSharedClock",
    "Noise",
    "SimulatedBench",
    "WiringFault",
    "keys_of_preset",
]


class Fault(Section):
    """A failure of the card at a scripted time, to try what a run does then."""

    kind: Literal["underflow", "overflow", "disconnect", "nan", "stall"] = Field(
        description="What fails: the buffers, the connection, a sample, or the flow of data."
    )
    at: Seconds = Field(description="Time after the start of the stream.")


class CardBench(Section):
    """What every bench with a DAQ card and a current-to-voltage converter has."""

    rate: Annotated[float, Quantity("Hz", least=1.0, most=1e8)] = Field(
        default=100e3, description="Samples per second of outputs and inputs."
    )
    block: Annotated[float, Quantity("s", above=0.0, most=10.0)] = Field(
        default=5e-3, description="Length of the blocks in which the input is read."
    )
    lead: Annotated[float, Quantity("s", above=0.0, most=60.0)] = Field(
        default=50e-3, description="How far ahead the outputs are written; so much is still played after a stop."
    )
    output_buffer: PositiveSeconds = Field(default=0.1, description="Length of the output buffer of the card.")
    input_buffer: PositiveSeconds = Field(default=1.0, description="Length of the input buffer of the card.")
    amplifier: Amplifier = Field(default=Amplifier(), description="The current-to-voltage converter.")
    output_converter: Converter = Field(default=Converter(), description="The digital-to-analogue converters.")
    input_converter: Converter = Field(default=Converter(), description="The analogue-to-digital converters.")


class SimulatedBench(CardBench):
    """A simulated card, amplifier and device with noise, delay, limits and failures."""

    kind: Literal["simulated"] = Field(default="simulated", description="A simulated bench.")
    preset: Literal["usb", "pcie", "cdaq"] | None = Field(
        default=None,
        description="Rate, latencies, buffers and converters of a typical bench; keys of the file win; null for none.",
    )
    clock: Literal["fast", "real-time"] = Field(
        default="fast", description="As fast as the machine goes, or one second in one second."
    )
    delay: Annotated[float, Quantity("s", least=0.0, most=1.0)] = Field(
        default=60e-6, description="Delay from output to input; a run measures it and doesn't look here."
    )
    gain_error: Annotated[float, Quantity("", least=-0.5, most=0.5)] = Field(
        default=0.0, description="Share by which the amplifier gives more volts than its gain says; hidden from runs."
    )
    offset: Annotated[float, Quantity("V", least=-10.0, most=10.0)] = Field(
        default=0.0, description="Read-out voltage of the amplifier without a current; hidden from runs."
    )
    device: Device = Field(default=SmoothDevice(), description="The device under test.")
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
    faults: tuple[Fault, ...] = Field(default=(), max_length=100, description="Failures at scripted times.")
    wiring: tuple[WiringFault, ...] = Field(default=(), max_length=100, description="What is wrong with the wires.")

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, values: Any) -> Any:
        return with_preset(values) if isinstance(values, Mapping) else values


class NiInput(Section):
    """The input that reads the current."""

    terminal: Annotated[str, Text(longest=100)] = Field(default="ai0", description="Terminal, as ai0 or Dev1/ai0.")
    configuration: Literal["differential", "rse", "nrse", "pseudodifferential"] = Field(
        default="differential", description="How it is wired."
    )


class NiSharedClock(Section):
    """For devices without a common sample clock: the reference they lock to and the line that starts the outputs."""

    reference: Annotated[str, Text(longest=100)] = Field(description="Terminal of the reference clock.")
    rate: Annotated[float, Quantity("Hz", above=0.0, most=1e9)] = Field(
        default=10e6, description="Frequency of the reference clock."
    )
    start: Annotated[str, Text(longest=100)] = Field(description="Terminal whose rising edge starts the outputs.")
    reference_from: Annotated[str, Text(longest=100)] = Field(
        default="", description="Terminal on which the device of the inputs gives out its reference; empty for none."
    )
    start_from: Annotated[str, Text(longest=100)] = Field(
        default="", description="Terminal on which the device of the inputs gives out its start; empty for none."
    )


class NiBench(CardBench):
    """An NI-DAQmx card, modules of a chassis, or devices that share a clock."""

    kind: Literal["nidaq"] = Field(description="A card through NI-DAQmx.")
    device: Annotated[str, Text(longest=100)] = Field(
        default="", description="Device of terminals that name none, as Dev1; empty where each names its own."
    )
    remote: Annotated[str, Text(r"[^\s:]+:[0-9]+", "host:port")] | None = Field(
        default=None, description="NI gRPC device server as host:port; null for this machine."
    )
    outputs: dict[Annotated[str, Text(longest=32)], Annotated[str, Text(longest=100)]] = Field(
        default={}, description="Terminal of each electrode; electrodes not named take ao0, ao1 ... in their order."
    )
    input: NiInput = Field(default=NiInput(), description="The input that reads the current.")
    oversampling: Annotated[int, Whole(1, 1000)] = Field(
        default=1, description="Conversions of the input for one output sample; the driver averages them."
    )
    outputs_known_at_volts: Annotated[float, Quantity("V", least=-100.0, most=100.0)] | None = Field(
        default=None,
        description="No proof any more: --outputs-at states for one start where outputs stand that can't be measured.",
    )
    watchdog: PositiveSeconds | None = Field(
        default=None, description="Silence after which the card itself puts the outputs to rest; null for none."
    )
    shared_clock: NiSharedClock | None = Field(
        default=None, description="How devices without a common sample clock are locked; null for none."
    )
    start_out: Annotated[str, Text(longest=100)] = Field(
        default="", description="Terminal on which the start is given out, as /Dev1/PFI0; a generator waits for it."
    )
    reference_out: Annotated[str, Text(longest=100)] = Field(
        default="", description="Terminal on which the card's 10 MHz are given out, as /Dev1/PFI1; empty for none."
    )
    generators: tuple[Generator, ...] = Field(
        default=(), max_length=16, description="Waveform generators that give tones instead of the card."
    )

    def gives_tone_of(self, electrode: str) -> bool:
        """Whether a generator gives the tone of the electrode of this name."""
        return any(electrode in generator.channels for generator in self.generators)


Bench = Annotated[SimulatedBench | NiBench, OneOf()]


def keys_of_preset(bench: SimulatedBench) -> tuple[str, ...]:
    """The keys that any preset sets and that are in ``bench`` as its own preset, or the defaults, would leave them."""
    untouched = SimulatedBench(preset=bench.preset)
    known = dict.fromkeys(key for preset in PRESETS.values() for key in preset)
    return tuple(key for key in known if getattr(bench, key) == getattr(untouched, key))
