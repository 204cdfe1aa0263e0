"""Everything that the driver lists: cards, modules and chassis, what each can do, and whether it has a watchdog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hgx_drivers.errors import CardDisconnected, DriverError
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._devices import NiDevice, describe, device_names, driver_version

__all__ = ["NiEntry", "NiInventory", "take_inventory"]

#: The driver's answers of a device without a watchdog.
_NO_WATCHDOG = frozenset({-200662, -200197, -200452, -201407})
#: Of the watchdog that is made to see whether there is one; it is never started.
_WATCHDOG_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class NiEntry:
    """A device with its place. ``watchdog`` is None where the driver doesn't say, with the reason in ``unknown``."""

    device: NiDevice
    kind: Literal["card", "module", "chassis"]
    watchdog: bool | None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class NiInventory:
    """The version of NI-DAQmx, and all it lists; ``remote`` is the server's ``host:port``, None for this machine."""

    driver_version: str
    remote: str | None
    entries: tuple[NiEntry, ...]


def take_inventory(remote: str | None = None, *, deadline_seconds: float = 10.0) -> NiInventory:
    """List everything, here or at a gRPC device server ``host:port``. No output moves.

    Raises
    ------
    DriverError
        Package or driver aren't installed.
    CardDisconnected
        The server doesn't answer.
    """
    connection = Connection(remote, deadline_seconds=deadline_seconds)
    try:
        version = driver_version(connection)
        devices = [describe(connection, name) for name in device_names(connection)]
        chassis = {device.timing for device in devices if device.timing != device.name}
        entries = tuple(_entry(connection, device, chassis) for device in devices)
    finally:
        connection.close()
    return NiInventory(version, remote, entries)


def _entry(connection: Connection, device: NiDevice, chassis: set[str]) -> NiEntry:
    if device.name in chassis:
        return NiEntry(device, "chassis", None)
    kind = "module" if device.timing != device.name else "card"
    if not device.outputs:
        return NiEntry(device, kind, False)
    try:
        return NiEntry(device, kind, _has_watchdog(connection, device.name))
    except CardDisconnected:
        raise
    except DriverError as error:
        return NiEntry(device, kind, None, error.message)


def _has_watchdog(connection: Connection, device: str) -> bool:
    """No property says it, but the driver refuses to make a watchdog where there is none."""
    with connection.typed():
        try:
            task = connection.watchdog(device, _WATCHDOG_SECONDS)
        except connection.daq_error as error:
            if error.error_code in _NO_WATCHDOG:
                return False
            raise
    connection.close_task(task)
    return True
