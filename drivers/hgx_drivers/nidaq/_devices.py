"""What the driver reports of its devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hgx_drivers.errors import DriverError
from hgx_drivers.nidaq._connection import Connection

__all__ = ["NiDevice", "describe", "device_names", "discover", "driver_version", "no_device"]

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class NiDevice:
    """One device. Ranges in volts; rates in samples per second; terminals without the device's name (``ao0``).

    ``timing`` is the device whose clock terminals count: the chassis for a module, otherwise the device itself.
    A multiplexed input's ``maximum_total_input_rate_hz`` is for all channels together, a simultaneous one's for each.
    """

    name: str
    model: str
    serial: str
    timing: str
    simulated: bool
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    output_ranges: tuple[Range, ...]
    input_ranges: tuple[Range, ...]
    hardware_timed_outputs: bool
    maximum_output_rate_hz: float
    maximum_input_rate_hz: float
    maximum_total_input_rate_hz: float
    simultaneous_inputs: bool


def discover(remote: str | None = None) -> tuple[NiDevice, ...]:
    """All devices with analogue channels, here or at a gRPC device server ``host:port``.

    Raises
    ------
    DriverError
        Package or driver aren't installed.
    CardDisconnected
        The server doesn't answer.
    """
    connection = Connection(remote)
    try:
        devices = [describe(connection, name) for name in device_names(connection)]
    finally:
        connection.close()
    return tuple(device for device in devices if device.outputs or device.inputs)


def device_names(connection: Connection) -> list[str]:
    """Names of all devices, chassis among them."""
    with connection.typed():
        return list(connection.system().devices.device_names)


def no_device(connection: Connection) -> DriverError:
    """The error of a driver that lists nothing."""
    where = f"by the server {connection.remote}" if connection.remote else "on this machine"
    return DriverError(
        f"NI-DAQmx finds no device {where}.",
        remedy="With the device disconnected, look at the card's cable and power, then at NI MAX or `nilsdev`.",
    )


def driver_version(connection: Connection) -> str:
    """Version of NI-DAQmx."""
    with connection.typed():
        version = connection.system().driver_version
    return f"{version.major_version}.{version.minor_version}.{version.update_version}"


def describe(connection: Connection, name: str) -> NiDevice:
    """Ask the driver about one device; properties it hasn't come out as none or zero."""
    device = connection.device(name)

    def get(attribute: str, default: Any) -> Any:
        return connection.supported(lambda: getattr(device, attribute), default)

    with connection.typed():
        chassis = get("compact_daq_chassis_device", None)
        return NiDevice(
            name=name,
            model=str(device.product_type),
            # NI prints serial numbers on the device in hexadecimal.
            serial=f"{device.serial_num:08X}",
            timing=chassis.name if chassis is not None and chassis.name else name,
            simulated=bool(get("is_simulated", False)),
            outputs=tuple(_terminal(c) for c in device.ao_physical_chans.channel_names),
            inputs=tuple(_terminal(c) for c in device.ai_physical_chans.channel_names),
            output_ranges=_ranges(get("ao_voltage_rngs", [])),
            input_ranges=_ranges(get("ai_voltage_rngs", [])),
            hardware_timed_outputs=bool(get("ao_samp_clk_supported", False)),
            maximum_output_rate_hz=float(get("ao_max_rate", 0.0)),
            maximum_input_rate_hz=float(get("ai_max_single_chan_rate", 0.0)),
            maximum_total_input_rate_hz=float(get("ai_max_multi_chan_rate", 0.0)),
            simultaneous_inputs=bool(get("ai_simultaneous_sampling_supported", False)),
        )


def _terminal(channel: str) -> str:
    return channel.rsplit("/", 1)[-1]


def _ranges(flat: list[float]) -> tuple[Range, ...]:
    """NI gives lowest, highest, lowest, highest ..."""
    return tuple(zip(flat[::2], flat[1::2], strict=True))
