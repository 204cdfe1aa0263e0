"""The devices a fake NI-DAQmx knows: data sheets as tables of driver properties."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["NiModel", "cdaq", "nine_slots", "pxi_output", "usb_6008", "x_series"]

RSE, NRSE, DIFF = 1, 2, 4
AI_RANGES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class NiModel:
    """One device; rates in samples/s, ranges as the +- values in volts."""

    name: str
    model: str
    serial: int
    outputs: int = 0
    inputs: int = 0
    output_ranges: tuple[float, ...] = (10.0,)
    input_ranges: tuple[float, ...] = AI_RANGES
    output_rate: float = 0.0
    input_rate: float = 0.0
    total_input_rate: float = 0.0
    simultaneous: bool = False
    hardware_timed: bool = True
    chassis: str = ""
    timebase: float = 100e6
    configurations: int = RSE | NRSE | DIFF
    reads_back: bool = False
    watchdog: bool = False
    terminals: tuple[str, ...] = field(default=())

    @property
    def output_names(self) -> list[str]:
        return [f"{self.name}/ao{i}" for i in range(self.outputs)]

    @property
    def input_names(self) -> list[str]:
        return [f"{self.name}/ai{i}" for i in range(self.inputs)]

    @property
    def timing(self) -> str:
        return self.chassis or self.name

    def attributes(self) -> dict[int, object]:
        """Property number -> value; what isn't here the device doesn't support."""
        there: dict[int, object] = {
            0x631: self.model,
            0x632: self.serial,
            0x22CA: False,
            0x231E: ", ".join(self.input_names),
            0x231F: ", ".join(self.output_names),
            0x2A40: ", ".join(self.terminals),
        }
        if self.chassis:
            there[0x29B7] = self.chassis
        if self.outputs:
            there |= {0x299B: _pairs(self.output_ranges), 0x2996: self.hardware_timed, 0x2997: self.output_rate}
        if self.inputs:
            there |= {
                0x2990: _pairs(self.input_ranges),
                0x298C: self.input_rate,
                0x298D: self.total_input_rate,
                0x298F: self.simultaneous,
            }
        return there


def _pairs(ranges: tuple[float, ...]) -> list[float]:
    return [edge for volts in ranges for edge in (-volts, volts)]


def _terminals(timing: str) -> tuple[str, ...]:
    signals = ["ai/SampleClock", "ai/StartTrigger", "ao/SampleClock", "ao/StartTrigger", *(f"PFI{i}" for i in range(8))]
    return tuple(f"/{timing}/{signal}" for signal in signals)


def x_series(name: str = "Dev1", model: str = "PCIe-6363") -> NiModel:
    """A multifunction card: multiplexed inputs, internal channels that read its outputs back."""
    return NiModel(
        name,
        model,
        0x01A2B3C4,
        outputs=4,
        inputs=32,
        output_ranges=(5.0, 10.0),
        output_rate=2.86e6,
        input_rate=2e6,
        total_input_rate=1e6,
        reads_back=True,
        terminals=_terminals(name),
    )


def pxi_output(name: str = "PXI1Slot3") -> NiModel:
    """A card with nothing but outputs."""
    return NiModel(name, "PXIe-6739", 0x0BADCAFE, outputs=64, output_rate=1e6, terminals=_terminals(name))


def usb_6008(name: str = "Dev9") -> NiModel:
    """Outputs without a clock."""
    return NiModel(
        name,
        "USB-6008",
        0x42,
        outputs=2,
        inputs=8,
        output_rate=150.0,
        input_rate=1e4,
        total_input_rate=1e4,
        hardware_timed=False,
        terminals=(f"/{name}/PFI0",),
    )


def cdaq(name: str = "cDAQ1") -> list[NiModel]:
    """A chassis with a 16-channel output module, a simultaneous input module and a watchdog."""
    chassis = NiModel(name, "cDAQ-9185", 0x0C0FFEE0, terminals=_terminals(name), timebase=80e6)
    outputs = NiModel(
        f"{name}Mod1", "NI 9264", 0x11, outputs=16, output_rate=25e3, chassis=name, timebase=80e6, watchdog=True
    )
    more = NiModel(
        f"{name}Mod2", "NI 9263", 0x12, outputs=4, output_rate=100e3, chassis=name, timebase=80e6, watchdog=True
    )
    inputs = NiModel(
        f"{name}Mod3",
        "NI 9215",
        0x13,
        inputs=4,
        input_ranges=(10.0,),
        input_rate=100e3,
        total_input_rate=100e3,
        simultaneous=True,
        chassis=name,
        timebase=80e6,
        configurations=DIFF,
    )
    return [chassis, outputs, more, inputs]


def nine_slots() -> list[NiModel]:
    """A PXI chassis: outputs on one card, inputs on the other."""
    return [pxi_output("PXI1Slot3"), x_series("PXI1Slot2", "PXIe-6363")]
