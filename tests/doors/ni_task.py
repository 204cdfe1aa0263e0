"""Tasks of a fake NI-DAQmx and the devices they are on: reserved before they run, one task to a subsystem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.doors.ni_devices import NiModel

__all__ = ["DONT_ALLOW_REGENERATION", "TEXTS", "NiError", "NiTask", "NiTasks"]

TEXTS = {
    -50103: "The specified resource is reserved. The operation could not be completed as specified.",
    -200077: "Requested value is not a supported value for this property.",
    -200082: "Minimum is greater than or equal to the maximum.",
    -200088: "Task specified is invalid or does not exist.",
    -200170: "Physical channel specified does not exist on this device.",
    -200197: "Specified property is not supported by the device or is not applicable to the task.",
    -200220: "Device identifier is invalid.",
    -200279: "The application is not able to keep up with the hardware acquisition.",
    -200284: "Some or all of the samples requested have not yet been acquired.",
    -200290: "The generation has stopped to prevent the regeneration of old samples.",
    -200292: "Some or all of the samples to write could not be written to the buffer yet.",
    -200452: "Specified property is not supported in this task.",
    -200462: "Generation cannot be started, because the output buffer is empty.",
    -200561: "Attempted writing analog data that is too large or too small.",
    -200662: "Watchdog Timer is not supported on the specified device.",
    -200678: "Write failed, because the watchdog timer has expired.",
    -200983: "Property cannot be read in this state of the task.",
    -201003: "Device cannot be accessed. It may have been removed.",
    -201477: "Watchdog task cannot be reserved while other tasks are reserved.",
    -89120: "Source terminal to be routed could not be found on the device.",
}

DONT_ALLOW_REGENERATION = 10158


class NiError(Exception):
    """An error number, with the samples of a partial transfer."""

    def __init__(self, code: int, *, moved: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.moved = moved
        self.text = f"{TEXTS.get(code, 'An error of the card.')}\n\nStatus Code: {code}"


@dataclass
class NiTask:
    """A task; ``kind`` is ai, ao or watchdog."""

    name: str
    kind: str = ""
    channels: list[tuple[str, float, float]] = field(default_factory=list)
    configurations: list[int] = field(default_factory=list)
    rate: float = 0.0
    clock: str = ""
    start_trigger: str = ""
    regeneration: int = 10097
    buffer: int = 0
    properties: dict[int, object] = field(default_factory=dict)
    exports: dict[int, str] = field(default_factory=dict)
    reserved: bool = False
    running: bool = False
    error: int = 0
    written: int = 0
    generated: int = 0
    pending: list[np.ndarray] = field(default_factory=list)
    expiration: dict[str, float] = field(default_factory=dict)
    timeout: float = 0.0
    fed: int = 0

    def devices(self) -> set[str]:
        return {channel.split("/")[0] for channel, _, _ in self.channels}


class NiTasks:
    """All tasks and devices; ``dead`` once nobody answers any more."""

    def __init__(self, devices: Sequence[NiModel]) -> None:
        self.devices = {device.name: device for device in devices}
        self.tasks: dict[int, NiTask] = {}
        self.dead = False

    def _task(self, handle: int) -> NiTask:
        if handle not in self.tasks:
            raise NiError(-200088)
        return self.tasks[handle]

    def _alive(self, handle: int) -> NiTask:
        if self.dead:
            raise NiError(-201003)
        return self._task(handle)

    def _check(self, task: NiTask) -> None:
        if self.dead:
            raise NiError(-201003)
        if task.error:
            raise NiError(task.error)

    def _channel(self, name: str) -> tuple[NiModel, str]:
        if self.dead:
            raise NiError(-201003)
        device, _, terminal = name.partition("/")
        if device not in self.devices:
            raise NiError(-200220)
        return self.devices[device], terminal

    @staticmethod
    def _terminals(device: NiModel, prefix: str) -> list[str]:
        names = device.output_names if prefix == "ao" else device.input_names
        return [name.split("/")[1] for name in names]

    def _model(self, task: NiTask) -> NiModel:
        return self.devices[task.channels[0][0].split("/")[0]]

    def _add(self, handle: int, kind: str, channel: str, low: float, high: float, ranges: Sequence[float]) -> None:
        task = self._alive(handle)
        if low >= high:
            raise NiError(-200082)
        if not any(-volts <= low and high <= volts for volts in ranges):
            raise NiError(-200077)
        task.kind = kind
        task.channels.append((channel, low, high))

    def _route(self, task: NiTask, terminal: str) -> None:
        """A terminal must be one of a device in the rig."""
        del task
        known = {t for device in self.devices.values() for t in device.terminals}
        if terminal and terminal not in known:
            raise NiError(-89120)

    def _reserve(self, task: NiTask) -> None:
        if task.reserved:
            return
        if task.kind == "watchdog" and any(other.reserved for other in self.tasks.values() if other.kind != "watchdog"):
            raise NiError(-201477)
        for other in self.tasks.values():
            if (
                other is not task
                and other.reserved
                and other.kind == task.kind != "watchdog"
                and other.devices() & task.devices()
            ):
                raise NiError(-50103)
        task.reserved = True
