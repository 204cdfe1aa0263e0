"""NI-DAQmx cards through the ``nidaqmx`` package, on this machine or behind NI's gRPC device server.

``nidaqmx`` is imported when a card is opened, not before: a bench without NI hardware needs none of it.
"""

from hgx_drivers.nidaq._devices import NiDevice, discover
from hgx_drivers.nidaq._inspection import NiInspection, inspect_stream
from hgx_drivers.nidaq._inventory import NiEntry, NiInventory, take_inventory
from hgx_drivers.nidaq._sessions import close_sessions
from hgx_drivers.nidaq._settings import SharedClock, SignalOutputs, WatchdogSettings
from hgx_drivers.nidaq.card import NiDaqCard

__all__ = [
    "NiDaqCard",
    "NiDevice",
    "NiEntry",
    "NiInspection",
    "NiInventory",
    "SharedClock",
    "SignalOutputs",
    "WatchdogSettings",
    "close_sessions",
    "discover",
    "inspect_stream",
    "take_inventory",
]
