"""The devices that a card may be made of, asked once, and who they are together."""

from __future__ import annotations

from collections.abc import Sequence

from hgx_drivers.errors import ChannelError
from hgx_drivers.interface import Identity
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._devices import NiDevice, describe, device_names, driver_version, no_device

__all__ = ["KnownDevices"]


class KnownDevices:
    """All devices that the driver lists.

    Raises
    ------
    DriverError
        There is none, or the driver isn't there.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.names = device_names(connection)
        if not self.names:
            raise no_device(connection)
        self._version = driver_version(connection)
        self._described: dict[str, NiDevice] = {}

    def describe(self, name: str) -> NiDevice:
        """One of them; a ChannelError with all names if there is none of this name."""
        if name not in self.names:
            raise ChannelError(f"There is no NI device {name!r}; there are {', '.join(self.names)}.")
        if name not in self._described:
            self._described[name] = describe(self._connection, name)
        return self._described[name]

    def identity(self, devices: Sequence[NiDevice], skew_seconds: Sequence[float] = ()) -> Identity:
        """Models and serial numbers of some of them; the driver's version, and how the inputs are converted."""
        driver = f"NI-DAQmx {self._version}"
        if self._connection.remote is not None:
            driver += f" at {self._connection.remote}"
        if any(skew_seconds):
            skews = ", ".join(f"{skew * 1e6:.3g}" for skew in skew_seconds)
            driver += f"; inputs multiplexed, converted {skews} µs after the clock"
        if any(device.simulated for device in devices):
            driver += "; simulated by the driver"
        return Identity(
            "National Instruments", " + ".join(d.model for d in devices), " + ".join(d.serial for d in devices), driver
        )
