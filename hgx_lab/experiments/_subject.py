"""A device to look at without a run: a stored layout, a layout file, or the device of a run file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgx_lab.config import AbundanceRun, GateTask, RunFile, SimulatedBench, TrainRun, load_run_file
from hgx_lab.config.devices import STORED_LAYOUTS
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._device import simulated_device

if TYPE_CHECKING:
    from hgx_drivers.simulated.devices import Device
    from hgx_drivers.simulated.devices.dopant import DopantLayout

__all__ = ["Progress", "Subject", "layout_of", "subject_of"]

Pair = tuple[float, float]
#: Hears how much is done of how much, and what the numbers are in words.
Progress = Callable[[int, int, str], None]

#: Electrodes of a layout are looked at within this voltage, and its inputs at half of it.
_LAYOUT_VOLTS = 1.0
#: The driven electrodes that the stored layouts were chosen for as inputs.
_LAYOUT_INPUTS = (2, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A simulated device with what is to be known about its electrodes.

    ``limits`` are the voltages of each electrode, in their order; ``inputs`` the voltages of logic 0 and 1 of the two
    inputs of gates, by name, empty where there is no second electrode; ``layout`` is that of a dopant network.
    """

    title: str
    device: Device
    names: tuple[str, ...]
    limits: tuple[Pair, ...]
    inputs: Mapping[str, Pair]
    layout: DopantLayout | None = None


def layout_of(source: str) -> DopantLayout:
    """Read a layout: one that comes with the program by its name, or a file.

    Raises
    ------
    DriverError
        There is none, or it can't be used.
    """
    from hgx_drivers.simulated.devices.dopant import load_layout, standard_layout

    return standard_layout(source) if source in STORED_LAYOUTS else load_layout(source)


def subject_of(source: str) -> Subject:
    """Find the device that ``source`` names: a stored layout, a ``.json`` layout or a ``.yaml`` run file.

    Raises
    ------
    ExperimentError, ConfigurationError, DriverError
        It is none of them, or can't be used.
    """
    if Path(source).suffix in (".yaml", ".yml"):
        return _of_run_file(load_run_file(source))
    if source not in STORED_LAYOUTS and Path(source).suffix != ".json":
        raise ExperimentError(
            f"{source} is neither a layout nor a run file.",
            remedy=f"Give one of {', '.join(STORED_LAYOUTS)}, a .json layout, or a .yaml run file.",
        )
    from hgx_drivers.simulated.devices.dopant import DopantNetwork

    layout = layout_of(source)
    device = DopantNetwork(layout)
    names = tuple(f"e{k}" for k in range(device.electrodes))
    level = _LAYOUT_VOLTS / 2
    chosen = _LAYOUT_INPUTS if device.electrodes > max(_LAYOUT_INPUTS) else range(min(2, device.electrodes))
    inputs = {names[k]: (-level, level) for k in chosen}
    limits = ((-_LAYOUT_VOLTS, _LAYOUT_VOLTS),) * device.electrodes
    return Subject(layout.name, device, names, limits, inputs if len(inputs) == 2 else {}, layout)


def _of_run_file(run: RunFile) -> Subject:
    from hgx_drivers.simulated.devices.dopant import DopantNetwork

    if not isinstance(run.bench, SimulatedBench):
        raise ExperimentError(
            f"{run.name} is for a real bench, whose device has no equations.",
            remedy="Record it with experiment: abundance, and fit a network with: hgx device fit RECORD OUT.npz",
        )
    device = simulated_device(run.bench, len(run.electrodes))
    names = tuple(e.name for e in run.electrodes)
    inputs: Mapping[str, Pair]
    if isinstance(run, AbundanceRun):
        inputs = run.inputs
    elif isinstance(run, TrainRun) and isinstance(run.task, GateTask):
        inputs = run.task.inputs
    else:
        first = (run.electrodes_with_role("input") + run.electrodes_with_role("control"))[:2]
        inputs = {e.name: _half_of(e.limits) for e in first}
    return Subject(
        f"{run.name}: {run.bench.device.kind}",
        device,
        names,
        tuple(e.limits for e in run.electrodes),
        inputs if len(inputs) == 2 else {},
        device.layout if isinstance(device, DopantNetwork) else None,
    )


def _half_of(limits: Pair) -> Pair:
    """The middle half of a range."""
    quarter = (limits[1] - limits[0]) / 4
    return limits[0] + quarter, limits[1] - quarter
