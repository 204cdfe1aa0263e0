"""What a rig of NI devices needs besides channels, rate and buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["SharedClock", "SignalOutputs", "WatchdogSettings"]


@dataclass(frozen=True, slots=True)
class SharedClock:
    """The reference clock that devices without a common sample clock lock to, and the line that starts them.

    In a PXI chassis, or with a RTSI cable registered in NI MAX, the driver finds the way by itself: ``reference``
    is ``PXIe_Clk100``, ``PXI_Clk10`` or a RTSI terminal, ``start`` is the inputs' ``/Dev2/ai/StartTrigger``, and
    nothing is exported. With cables between PFI terminals, name both ends.

    Parameters
    ----------
    reference:
        Terminal of the reference clock; with a cable, its end at the device of the outputs.
    rate_hz:
        Frequency of the reference clock.
    start:
        Terminal whose rising edge starts the outputs; with a cable, its end at the device of the outputs.
    reference_from:
        The cable's other end: terminal on which the device of the inputs gives out its 10 MHz reference. Empty where
        the devices all get the reference from elsewhere.
    start_from:
        The cable's other end: terminal on which the device of the inputs gives out its start trigger.
    """

    reference: str
    rate_hz: float
    start: str
    reference_from: str = ""
    start_from: str = ""


@dataclass(frozen=True, slots=True)
class SignalOutputs:
    """Terminals on which the device of the inputs gives out its start trigger and its 10 MHz; empty for none.

    For other instruments on the bench. Where a shared clock gives the same signal out, that one's terminal holds.
    """

    start_to: str = ""
    reference_to: str = ""


@dataclass(frozen=True, slots=True)
class WatchdogSettings:
    """What the device does by itself when the program falls silent.

    Parameters
    ----------
    timeout_seconds:
        Silence after which the outputs go to rest; longer than a few blocks.
    rest_volts:
        Volts by terminal, such as ``{"Dev1/ao0": 0.0}``; terminals not named go to 0 V. They jump: there is no ramp.
    """

    timeout_seconds: float
    rest_volts: Mapping[str, float]
