"""A bench without hardware, with the physics, imperfections and failures of a real one."""

from hgx_drivers.simulated._converter import Converter
from hgx_drivers.simulated.card import SimulatedCard
from hgx_drivers.simulated.chain import ChainSettings, Creep, Plant
from hgx_drivers.simulated.clock import Clock, FastClock, RealTimeClock, ScriptedClock
from hgx_drivers.simulated.faults import Disconnect, Fault, NanSamples, Overflow, Stall, Underflow
from hgx_drivers.simulated.noise import Flicker, Hum, Telegraph, White

__all__ = [
    "ChainSettings",
    "Clock",
    "Converter",
    "Creep",
    "Disconnect",
    "FastClock",
    "Fault",
    "Flicker",
    "Hum",
    "NanSamples",
    "Overflow",
    "Plant",
    "RealTimeClock",
    "ScriptedClock",
    "SimulatedCard",
    "Stall",
    "Telegraph",
    "Underflow",
    "White",
]
