"""Could these devices play this stream? Asked topic by topic, so that one wrong terminal doesn't hide the next."""

from __future__ import annotations

from dataclasses import dataclass

from hgx_drivers.errors import ChannelError, DriverError
from hgx_drivers.interface import StreamSettings
from hgx_drivers.nidaq._channels import Placed, Rig, place, place_one
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._devices import NiDevice, describe, device_names, driver_version, no_device
from hgx_drivers.nidaq._routing import Routes, plan_routes
from hgx_drivers.nidaq._settings import SharedClock

__all__ = ["NiInspection", "inspect_stream"]


@dataclass(frozen=True, slots=True)
class NiInspection:
    """What was found. Each error stands for what is missing beside it; ``names`` are all devices there are.

    ``devices`` are those of the stream. ``channels`` are the errors of channels by their names, looked at one by one;
    ``placed`` are the others. ``rig`` is None where the channels don't fit together, ``routes``, of the placed
    channels, where these have no common clock.
    """

    driver_version: str
    names: tuple[str, ...]
    devices: tuple[NiDevice, ...]
    channels: dict[str, DriverError]
    placed: tuple[Placed, ...]
    rig: Rig | None
    rig_error: DriverError | None
    routes: Routes | None
    routes_error: DriverError | None


def inspect_stream(
    settings: StreamSettings,
    device: str = "",
    *,
    remote: str | None = None,
    oversampling: int = 1,
    shared_clock: SharedClock | None = None,
    deadline_seconds: float = 10.0,
) -> NiInspection:
    """Compare a stream with what the driver reports of its devices. Nothing is reserved.

    Raises
    ------
    DriverError
        Package or driver aren't installed.
    CardDisconnected
        The server doesn't answer.
    """
    connection = Connection(remote, deadline_seconds=deadline_seconds)
    try:
        return _inspect(connection, settings, device, oversampling, shared_clock)
    finally:
        connection.close()


def _inspect(
    connection: Connection, settings: StreamSettings, device: str, oversampling: int, shared: SharedClock | None
) -> NiInspection:
    names = device_names(connection)
    if not names:
        raise no_device(connection)
    known: dict[str, NiDevice] = {}

    def look_up(name: str) -> NiDevice:
        if name not in names:
            raise ChannelError(
                f"There is no NI device {name!r}; there are {', '.join(names)}.",
                remedy="With the device disconnected, look at the card's cable and power; then at its name in NI MAX "
                "or in `hgx devices`.",
            )
        if name not in known:
            known[name] = describe(connection, name)
        return known[name]

    channels: dict[str, DriverError] = {}
    placed: list[Placed] = []
    for channel in (*settings.outputs, *settings.inputs):
        try:
            placed.append(place_one(channel, device, look_up))
        except DriverError as error:
            channels[channel.name] = error
    rig = routes = None
    rig_error = routes_error = None
    try:
        rig = place(settings, device, look_up, oversampling=oversampling)
    except DriverError as error:
        rig_error = error
    there = Rig(
        tuple(channel for channel in placed if not channel.configuration),
        tuple(channel for channel in placed if channel.configuration),
    )
    if there.outputs and there.inputs:
        leader = there.inputs[0].device.timing
        with connection.typed():
            terminals = connection.supported(lambda: connection.device(leader).terminals, [])
        try:
            routes = plan_routes(there, oversampling=oversampling, shared=shared, terminals=terminals)
        except DriverError as error:
            routes_error = error
    return NiInspection(
        driver_version(connection),
        tuple(names),
        tuple(known.values()),
        channels,
        tuple(placed),
        rig,
        rig_error,
        routes,
        routes_error,
    )
