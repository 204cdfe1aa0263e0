"""The devices of an NI bench: there, with the terminals, ranges, rates and clock routes that the run asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding, fault
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.experiments import stream_settings
from hgx_lab.units import format_quantity

if TYPE_CHECKING:
    from hgx_drivers.nidaq import NiInspection

__all__ = ["check_ni_devices"]


def check_ni_devices(run: RunFile) -> Iterator[Finding]:
    """Compare the run with what the driver reports. Nothing is reserved."""
    bench = run.bench
    if not isinstance(bench, NiBench):
        return
    from hgx_drivers.nidaq import SharedClock, inspect_stream

    shared = bench.shared_clock
    try:
        found = inspect_stream(
            stream_settings(run),
            bench.device,
            remote=bench.remote,
            oversampling=bench.oversampling,
            shared_clock=None
            if shared is None
            else SharedClock(shared.reference, shared.rate, shared.start, shared.reference_from, shared.start_from),
        )
    except DriverError as error:
        yield fault("devices", error)
        return
    yield from _devices(found, bench)
    yield from _terminals(found)
    yield from _limits(found, run)
    yield from _clock(found)
    if found.rig is not None:
        yield from _rates(found, bench)
    elif found.rig_error is not None and not found.channels:
        yield fault("rates", found.rig_error)


def _devices(found: NiInspection, bench: NiBench) -> Iterator[Finding]:
    where = f" at {bench.remote}" if bench.remote else ""
    yield Finding("ok", "software", f"NI-DAQmx {found.driver_version}{where}")
    for device in found.devices:
        text = f"{device.name}: {device.model}, serial {device.serial}"
        if device.simulated:
            remedy = "It gives no real voltages: name a real device under bench.device."
            yield Finding("warning", "devices", f"{text}, simulated by NI-DAQmx", remedy)
        else:
            yield Finding("ok", "devices", text)


def _terminals(found: NiInspection) -> Iterator[Finding]:
    for channel in found.placed:
        span = f"{channel.minimum_volts:g} V to {channel.maximum_volts:g} V"
        yield Finding("ok", "terminals", f"{channel.name} is {channel.terminal}, {span}")
    for error in found.channels.values():
        yield Finding(
            "fault",
            "terminals",
            error.message,
            error.remedy or "Compare bench.outputs, bench.input and the converters' ranges with `hgx devices`.",
        )


def _limits(found: NiInspection, run: RunFile) -> Iterator[Finding]:
    """An electrode that can be told more than its output can give would be clipped."""
    spans = {channel.name: (channel.minimum_volts, channel.maximum_volts) for channel in found.placed}
    for electrode in run.electrodes:
        low, high = spans.get(electrode.name, electrode.limits)
        if electrode.limits[0] < low or electrode.limits[1] > high:
            text = f"{electrode.name} may go to {electrode.limits[0]:g} V and {electrode.limits[1]:g} V"
            remedy = f"Its output gives {low:g} V to {high:g} V: narrow its limits or widen bench.output_converter."
            yield Finding("fault", "ranges", text, remedy)


def _rates(found: NiInspection, bench: NiBench) -> Iterator[Finding]:
    rate = format_quantity(bench.rate, "Hz", digits=6)
    converted = "" if bench.oversampling == 1 else f", inputs converted {bench.oversampling} times as often"
    several = sum(channel.configuration != "" for channel in found.placed) > 1
    how = [device for device in found.devices if device.inputs]
    kinds = ", ".join(f"{d.name} {'simultaneous' if d.simultaneous_inputs else 'multiplexed'}" for d in how)
    yield Finding("ok", "rates", f"{rate}{converted}" + (f"; inputs {kinds}" if several else ""))


def _clock(found: NiInspection) -> Iterator[Finding]:
    if found.routes_error is not None:
        yield fault("clock", found.routes_error)
        return
    if found.routes is None:
        return
    outputs = [channel for channel in found.placed if not channel.configuration]
    for route in found.routes.outputs:
        names = ", ".join(outputs[row].name for row in route.rows)
        if route.clock:
            text = f"{names} on the inputs' clock, {route.clock}"
        elif route.reference is not None:
            text = f"{names} locked to {route.reference[0]}, started by {route.start}"
        else:
            text = f"{names} on the inputs' timebase, started by {route.start}"
        yield Finding("ok", "clock", text)
