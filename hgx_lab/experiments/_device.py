"""From the device section of a run file to a simulated device."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hgx_lab.config import devices as what
from hgx_lab.config.bench import SimulatedBench
from hgx_lab.errors import ExperimentError
from hgx_lab.records import git_state

if TYPE_CHECKING:
    from hgx_drivers.simulated.devices import Device

__all__ = ["Tell", "prepare_device", "say_nothing", "simulated_device"]


class Tell(Protocol):
    """Hears what the bench does while it is opened, with data for the record."""

    def __call__(self, message: str, /, **data: Any) -> None:
        """Hear it."""
        ...


def say_nothing(message: str, /, **data: Any) -> None:
    """Keep it to oneself."""
    del message, data


def simulated_device(bench: SimulatedBench, electrodes: int) -> Device:
    """Make the device of a simulated bench; its exact derivatives are the truth that tests compare with.

    Raises
    ------
    ExperimentError, DriverError
        The device has another number of electrodes, or can't be made.
    """
    device = _made(bench.device, electrodes)
    if device.electrodes != electrodes:
        raise ExperimentError(
            f"The device has {device.electrodes} electrodes and the run file names {electrodes}.",
            remedy=f"List {device.electrodes} electrodes, in the order of the device.",
        )
    return device


def prepare_device(device: Device, chosen: what.Device, tell: Tell) -> None:
    """Do before a stream what would delay its first block, and tell what should be in the record."""
    from hgx_drivers.simulated.devices.dopant import DopantNetwork

    if isinstance(device, DopantNetwork) and device.compiled:
        tell("Compiling the dopant network, or loading what was compiled before.")
        device.warm_up()
    if isinstance(chosen, what.PythonDevice):
        digest = hashlib.sha256(chosen.file.read_bytes()).hexdigest()
        git = git_state(chosen.file.parent, of=chosen.file)
        tell(f"The device is {chosen.function} of {chosen.file}.", path=str(chosen.file), sha256=digest, git=git)


def _made(chosen: what.Device, electrodes: int) -> Device:
    from hgx_drivers.simulated import devices

    match chosen:
        case what.SmoothDevice():
            return devices.SmoothDevice(chosen.seed, electrodes, hidden=chosen.hidden, scale_amperes=chosen.scale)
        case what.LinearDevice():
            return devices.LinearDevice(chosen.conductances, chosen.offset)
        case what.DopantDevice():
            return _dopant_network(chosen)
        case what.ResistorDevice():
            resistors = [(*r.nodes, r.conductance) for r in chosen.resistors]
            return devices.ResistorNetwork(resistors, chosen.terminals, chosen.output)
        case what.MeshDevice():
            return devices.MeshDevice(
                chosen.ports,
                chosen.layers,
                output=chosen.output,
                half_wave_volts=chosen.half_wave,
                photocurrent_amperes=chosen.photocurrent,
                seed=chosen.seed,
            )
        case what.SurrogateDevice():
            return devices.SurrogateDevice.from_npz(chosen.file)
        case what.PythonDevice():
            return devices.PythonDevice.from_file(
                chosen.file, electrodes, function=chosen.function, jacobian=chosen.jacobian
            )


def _dopant_network(chosen: what.DopantDevice) -> Device:
    from hgx_drivers.simulated.devices.dopant import DopantNetwork, load_layout, standard_layout

    layout = load_layout(chosen.layout) if isinstance(chosen.layout, Path) else standard_layout(chosen.layout)
    return DopantNetwork(layout, compiled=chosen.compiled)
