"""The functions of a fake NI-DAQmx: what its library and its gRPC server do with each call.

Follows the documented behaviour. A read that times out has taken what was there, packed at the front of the array.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hgx_drivers.simulated import SimulatedCard
from tests.doors.ni_devices import NiModel
from tests.doors.ni_playing import NiPlaying
from tests.doors.ni_task import DONT_ALLOW_REGENERATION, NiError, NiTask

__all__ = ["NiRig"]

UNRESERVE, RESERVE = 5, 4


class NiRig(NiPlaying):
    """Devices whose outputs are wired to a simulated card's plant, in order, and its read-outs to their inputs.

    Parameters
    ----------
    wires:
        Full terminal name -> electrode or read-out; by default the terminals in order.
    cables:
        Terminal that gives out a signal -> terminal that gets it.
    """

    def __init__(
        self,
        devices: Sequence[NiModel],
        card: SimulatedCard,
        *,
        wires: Mapping[str, int] | None = None,
        cables: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(devices, card, wires, cables)
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.counts: Counter[str] = Counter()
        self.script: list[tuple[str, int]] = []
        #: Index of a call, whatever its function, and the code it fails with. Closing a task always succeeds, and so
        #: does asking for its name: nidaqmx does that in its constructor, where it would lose the task by itself.
        self.fail_call: tuple[int, int] | None = None
        self.before: dict[str, Callable[[], None]] = {}
        self.expired = False
        #: Samples that the next write takes before it fails for want of room.
        self.takes_only: int | None = None
        self._next = 1

    # What a test does.

    def fail(self, function: str, code: int, *, after: int = 0) -> None:
        """The call of a function after the next ``after`` ones fails with a code."""
        self.script.append((f"{function}#{self.counts[function] + after}", code))

    def asked(self, function: str) -> list[tuple[object, ...]]:
        """Arguments of all calls of a function."""
        return [arguments for name, arguments in self.calls if name == function]

    def call(self, function: str, *arguments: object) -> object:
        """What both doors do."""
        overall, number = self.counts.total(), self.counts[function]
        self.counts[function] += 1
        harmless = function == "clear_task" or (function == "get" and arguments[:2] == ("task", 0x1276))
        if self.fail_call is not None and overall == self.fail_call[0] and not harmless:
            raise NiError(self.fail_call[1])
        if function not in ("write_analog", "read_analog", "get"):
            self.calls.append((function, arguments))
        if function in self.before:
            self.before[function]()
        for entry in self.script:
            if entry[0] == f"{function}#{number}":
                raise NiError(entry[1])
        return getattr(self, function)(*arguments)

    # Tasks.

    def create_task(self, name: str) -> int:
        handle, self._next = self._next, self._next + 1
        self.tasks[handle] = NiTask(name or f"_unnamedTask<{handle}>")
        return handle

    def clear_task(self, handle: int) -> None:
        task = self._task(handle)
        del self.tasks[handle]
        self._end(task)

    def start_task(self, handle: int) -> None:
        task = self._alive(handle)
        self._reserve(task)
        if task.kind == "ao" and not task.written:
            raise NiError(-200462)
        task.running = True
        if task.kind == "ai":
            self._begin(task)

    def stop_task(self, handle: int) -> None:
        task = self._task(handle)
        self._sync()
        error = task.error
        self._end(task)
        if self.dead:
            raise NiError(-201003)
        if error:
            raise NiError(error)

    def task_control(self, handle: int, action: int) -> None:
        task = self._alive(handle)
        if action == RESERVE:
            self._reserve(task)
        elif action == UNRESERVE:
            self._end(task)
            task.reserved, task.written, task.generated, task.error = False, 0, 0, 0
            task.pending.clear()

    # Channels, clock and triggers.

    def create_ai_voltage_chan(self, handle: int, channel: str, configuration: int, low: float, high: float) -> None:
        device, terminal = self._channel(channel)
        if terminal.startswith("_"):
            if not device.reads_back or terminal[1:].removesuffix("_vs_aognd") not in self._terminals(device, "ao"):
                raise NiError(-200170)
        elif terminal not in self._terminals(device, "ai"):
            raise NiError(-200170)
        self._add(handle, "ai", channel, low, high, device.input_ranges)
        self.tasks[handle].configurations.append(configuration)

    def create_ao_voltage_chan(self, handle: int, channel: str, low: float, high: float) -> None:
        device, terminal = self._channel(channel)
        if terminal not in self._terminals(device, "ao"):
            raise NiError(-200170)
        self._add(handle, "ao", channel, low, high, device.output_ranges)

    def cfg_samp_clk_timing(self, handle: int, rate: float, source: str, mode: int, samples: int) -> None:
        del mode
        task = self._alive(handle)
        self._route(task, source)
        timebase = self._model(task).timebase
        task.rate = rate if source else timebase / max(1, round(timebase / rate))
        task.clock, task.buffer = source, samples

    def cfg_dig_edge_start_trig(self, handle: int, source: str) -> None:
        task = self._alive(handle)
        self._route(task, source)
        task.start_trigger = source

    def export_signal(self, handle: int, signal: int, terminal: str) -> None:
        task = self._alive(handle)
        self._route(task, terminal)
        task.exports[signal] = terminal

    # Properties.

    def get(self, kind: str, attribute: int, key: object = None) -> object:
        return getattr(self, f"_get_{kind}")(attribute, key)

    def set(self, kind: str, attribute: int, value: object, handle: int) -> None:
        task = self._alive(handle)
        if kind == "buffer":
            task.buffer = int(value)  # type: ignore[call-overload]
        elif (kind, attribute) == ("write", 0x1453):
            task.regeneration = int(value)  # type: ignore[call-overload]
        elif kind == "timing":
            task.properties[attribute] = value
        elif (kind, attribute) == ("chan", 0x2240) and self._model(task).chassis:
            raise NiError(-200452)
        else:
            task.properties[attribute] = value

    def _get_system(self, attribute: int, key: object) -> object:
        del key
        return {0x1272: 24, 0x1923: 5, 0x2F22: 0, 0x193B: ", ".join(self.devices)}[attribute]

    def _get_device(self, attribute: int, key: object) -> object:
        if self.dead or key not in self.devices:
            raise NiError(-200220)
        attributes = self.devices[str(key)].attributes()
        if attribute not in attributes:
            raise NiError(-200197)
        return attributes[attribute]

    def _get_physical_chan(self, attribute: int, key: object) -> object:
        device, _ = self._channel(str(key))
        if attribute != 0x2342:
            raise NiError(-200197)
        return device.configurations

    def _get_task(self, attribute: int, key: object) -> object:
        task = self._task(key)  # type: ignore[arg-type]
        return task.name if attribute == 0x1276 else ", ".join(name for name, _, _ in task.channels)

    def _get_timing(self, attribute: int, key: object) -> object:
        task = self._alive(key)  # type: ignore[arg-type]
        if attribute == 0x1344:
            return task.rate
        if attribute == 0x1848:
            if self._model(task).simultaneous:
                raise NiError(-200452)
            # As fast as the converter can, but leaving time to settle.
            return min(self._model(task).total_input_rate, task.rate * len(task.channels) * 4)
        return task.properties.get(attribute, "")

    def _get_buffer(self, attribute: int, key: object) -> object:
        del attribute
        return self._alive(key).buffer  # type: ignore[arg-type]

    def _get_write(self, attribute: int, key: object) -> object:
        task = self._alive(key)  # type: ignore[arg-type]
        if attribute == 0x217E:
            return len(task.channels)
        self._sync()
        self._check(task)
        if not task.running:
            raise NiError(-200983)
        return task.generated if attribute == 0x192B else task.buffer - (task.written - task.generated)

    # Samples.

    def write_analog(self, handle: int, samples: np.ndarray) -> int:
        task = self._alive(handle)
        self._sync()
        self._check(task)
        if self.expired:
            raise NiError(-200678)
        self._reserve(task)
        if task.regeneration != DONT_ALLOW_REGENERATION:
            raise AssertionError("the fake card only knows generation without regeneration")
        for row, (_, low, high) in zip(samples, task.channels, strict=True):
            if not (row.min() >= low and row.max() <= high):
                raise NiError(-200561)
        if task.written - task.generated + samples.shape[1] > task.buffer:
            raise NiError(-200292)
        taken, self.takes_only = self.takes_only, None
        if (part := samples[:, :taken]).size:
            task.pending.append(part.copy())
        task.written += part.shape[1]
        if task in self._playing:
            self._forward()
        if taken is not None:
            raise NiError(-200292, moved=taken)
        return samples.shape[1]

    def read_analog(self, handle: int, count: int, timeout: float, out: np.ndarray) -> int:
        """Fill the front of a flat array; samples per channel."""
        task = self._alive(handle)
        channels = len(task.channels)
        block = np.empty((channels, count))
        if not task.rate:
            block[:] = [[self._level(name)] for name, _, _ in task.channels]
        else:
            if not task.running:
                self.start_task(handle)
            count = self._read(task, block, count, timeout)
        out[: channels * count] = block[:, :count].ravel()
        if count < block.shape[1]:
            raise NiError(-200284, moved=count)
        return count

    # Watchdog.

    def create_watchdog_timer_task_ex(self, device: str, name: str, timeout: float) -> int:
        if not self.devices[device].watchdog:
            raise NiError(-200662)
        handle = self.create_task(name)
        self.tasks[handle].kind, self.tasks[handle].timeout = "watchdog", timeout
        return handle

    def cfg_watchdog_ao_expir_states(self, handle: int, channels: str, volts: Sequence[float]) -> None:
        names = [name.strip() for name in _unflatten(channels)]
        self._alive(handle).expiration = dict(zip(names, map(float, volts), strict=True))

    def control_watchdog_task(self, handle: int, action: int) -> None:
        task = self._alive(handle)
        task.fed += 1
        del action


def _unflatten(channels: str) -> list[str]:
    from nidaqmx.utils import unflatten_channel_string

    return unflatten_channel_string(channels)
