"""Checks of a simulated device: the number of its electrodes, and whether its parts fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.bench import SimulatedBench
from hgx_lab.config.devices import (
    GROUND,
    STORED_LAYOUTS,
    Device,
    DopantDevice,
    LinearDevice,
    MeshDevice,
    ResistorDevice,
)
from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding, KeyPath, did_you_mean

__all__ = ["CHECKS"]

_DEVICE: Final[KeyPath] = ("bench", "device")


def _known_count(device: Device) -> tuple[int, str] | None:
    """Electrodes of a device and the key that says so; None where only the opened device knows."""
    if isinstance(device, LinearDevice):
        return len(device.conductances), "conductances"
    if isinstance(device, ResistorDevice):
        return len(device.terminals), "terminals"
    if isinstance(device, MeshDevice):
        return device.phases, "ports"
    if isinstance(device, DopantDevice) and isinstance(device.layout, str):
        return STORED_LAYOUTS[device.layout], "layout"
    return None


def _electrode_count(simulation: SimulatedBench, electrodes: tuple[Electrode, ...]) -> Iterator[Finding]:
    known, count = _known_count(simulation.device), len(electrodes)
    if known is not None and known[0] != count:
        message = f"the device has {known[0]} electrodes, and the run file lists {count}."
        allowed = f"{count} {known[1]}" if known[1] in ("conductances", "terminals") else ""
        yield Finding((*_DEVICE, known[1]), message, allowed, or_at=((*_DEVICE, "kind"),))


def _mesh(simulation: SimulatedBench) -> Iterator[Finding]:
    device = simulation.device
    if isinstance(device, MeshDevice) and device.output >= device.ports:
        message = f"there is no port {device.output}."
        yield Finding((*_DEVICE, "output"), message, f"0 to {device.ports - 1}", or_at=((*_DEVICE, "ports"),))


def _resistors(simulation: SimulatedBench) -> Iterator[Finding]:
    device = simulation.device
    if not isinstance(device, ResistorDevice):
        return
    held = {*device.terminals, device.output, GROUND}
    for index, name in enumerate(device.terminals):
        if name in (device.output, GROUND) or name in device.terminals[:index]:
            why = "another electrode drives it" if name in device.terminals[:index] else "it is held at 0 V"
            yield Finding((*_DEVICE, "terminals", index), f"the node {name} can't be driven: {why}.")
    for index, resistor in enumerate(device.resistors):
        if resistor.nodes[0] == resistor.nodes[1]:
            yield Finding((*_DEVICE, "resistors", index), f"both ends are at the node {resistor.nodes[0]}.")
    nodes = {node for resistor in device.resistors for node in resistor.nodes}
    for place, name in (("output", device.output), *(("terminals", t) for t in device.terminals)):
        if name not in nodes:
            message = f"no resistor ends at the node {name}."
            yield Finding((*_DEVICE, place), message, suggestion=did_you_mean(name, nodes - held))
    neighbours: dict[str, set[str]] = {node: set() for node in nodes}
    for resistor in device.resistors:
        for here, there in (resistor.nodes, resistor.nodes[::-1]):
            neighbours[here].add(there)
    reached, edge = set[str](), nodes & held
    while edge:
        reached |= edge
        edge = set[str]().union(*(neighbours[node] for node in edge)) - reached
    if floating := sorted(nodes - reached):
        message = f"nothing connects {', '.join(floating)} to an electrode, the output or ground."
        yield Finding((*_DEVICE, "resistors"), message)


CHECKS: Final = (_electrode_count, _mesh, _resistors)
