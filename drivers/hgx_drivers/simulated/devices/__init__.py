"""Simulated devices: volts at the electrodes to output currents."""

from hgx_drivers.simulated.devices._device import Device
from hgx_drivers.simulated.devices.checkpoint import import_checkpoint
from hgx_drivers.simulated.devices.linear import LinearDevice
from hgx_drivers.simulated.devices.mesh import MeshDevice
from hgx_drivers.simulated.devices.python import PythonDevice, UserCodeError
from hgx_drivers.simulated.devices.resistors import ResistorNetwork
from hgx_drivers.simulated.devices.smooth import SmoothDevice
from hgx_drivers.simulated.devices.surrogate import SurrogateDevice

__all__ = [
    "Device",
    "LinearDevice",
    "MeshDevice",
    "PythonDevice",
    "ResistorNetwork",
    "SmoothDevice",
    "SurrogateDevice",
    "UserCodeError",
    "import_checkpoint",
]
