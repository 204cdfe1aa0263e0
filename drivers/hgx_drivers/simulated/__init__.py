"""A bench without hardware, with the physics, imperfections and failures of a real one."""

from hgx_drivers.simulated._converter import Converter
from hgx_drivers.simulated.card import SimulatedCard
from hgx_drivers.simulated.chain import ChainSettings, Creep, Plant
from hgx_drivers.simulated.clock import Clock, FastClock, RealTimeClock, ScriptedClock
from hgx_drivers.simulated.faults import Disconnect, Fault, NanSamples, Overflow, Stall, Underflow
from hgx_drivers.simulated.noise import Flicker, Hum, Telegraph, White
from hgx_drivers.simulated.wiring import DeadInput, DeadOutput, OpenElectrode, ShortedPair, SwappedPair, WiringFault

__all__ = [
    "ChainSettings",
    "Clock",
    "Converter",
    "Creep",
    "DeadInput",
    "DeadOutput",
    "Disconnect",
    "FastClock",
    "Fault",
    "Flicker",
    "Hum",
    "NanSamples",
    "OpenElectrode",
    "Overflow",
    "Plant",
    "RealTimeClock",
    "ScriptedClock",
    "ShortedPair",
    "SimulatedCard",
    "Stall",
    "SwappedPair",
    "Telegraph",
    "Underflow",
    "White",
    "WiringFault",
]
