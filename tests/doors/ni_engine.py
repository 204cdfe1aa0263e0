"""What NI-DAQmx does with tasks, over the simulated card: the same model behind another door.

Follows the documented behaviour: tasks are reserved before they run, one task to a subsystem; an output task
without regeneration that runs dry ends with -200290 while the inputs go on; unread inputs that are overwritten end the
input task with -200279; a read that times out has taken what was there, packed at the front of the array.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hgx_drivers.errors import CardDisconnected, InputOverflow, OutputUnderflow, ReadTimeout
from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import SimulatedCard
from tests.doors.ni_devices import NiModel

__all__ = ["TEXTS", "NiError", "NiRig", "NiTask"]

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
UNRESERVE, RESERVE, STOP = 5, 4, 1


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


class NiRig:
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
        self.devices = {device.name: device for device in devices}
        self.card = card
        outputs = [name for device in devices for name in device.output_names]
        inputs = [name for device in devices for name in device.input_names]
        self.wires = dict(wires or {})
        self._defaults = {name: i for names in (outputs, inputs) for i, name in enumerate(names)}
        self.cables = dict(cables or {})
        self.tasks: dict[int, NiTask] = {}
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.counts: Counter[str] = Counter()
        self.script: list[tuple[str, int]] = []
        #: Index of a call, whatever its function, and the code it fails with. Closing a task always succeeds, and so
        #: does asking for its name: nidaqmx does that in its constructor, where it would lose the task by itself.
        self.fail_call: tuple[int, int] | None = None
        self.before: dict[str, Callable[[], None]] = {}
        self.dead = False
        self.expired = False
        #: Samples that the next write takes before it fails for want of room.
        self.takes_only: int | None = None
        self._next = 1
        self._playing: list[NiTask] = []
        self._rows: list[int] = []
        self._ratio = 1
        self._holding = False

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

    # Inside.

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

    def _begin(self, ai: NiTask) -> None:
        """The inputs' clock begins, and with it every armed output whose clock or trigger comes from it."""
        armed = [task for task in self.tasks.values() if task.kind == "ao" and task.running]
        self._playing = [task for task in armed if self._driven(task, ai)]
        if not self._playing:
            return
        ratios = {1 if task.clock else round(ai.rate / task.rate) for task in self._playing}
        (self._ratio,) = ratios
        channels = [channel for task in self._playing for channel in task.channels]
        self._rows = [self._wire(name) for name, _, _ in channels]
        outputs = tuple(OutputChannel(f"o{row}", f"ao{row}") for row in self._rows)
        inputs = tuple(InputChannel(f"i{n}", f"ai{self._wire(c[0])}") for n, c in enumerate(ai.channels))
        room = self._ratio * min(task.buffer for task in self._playing)
        self.card.configure(StreamSettings(outputs, inputs, ai.rate, room, ai.buffer))
        self._holding = False
        self._forward()
        self.card.start()

    def _driven(self, task: NiTask, ai: NiTask) -> bool:
        leader = self._model(ai).timing
        if task.clock:
            return task.clock == f"/{leader}/ai/SampleClock"
        if not task.start_trigger:
            raise AssertionError("an output with a clock of its own and no start trigger runs by itself")
        cabled = [self.cables.get(terminal) for terminal in ai.exports.values()]
        return task.start_trigger == f"/{leader}/ai/StartTrigger" or task.start_trigger in cabled

    def _wire(self, terminal: str) -> int:
        return self.wires.get(terminal, self._defaults[terminal])

    def _forward(self) -> None:
        """Samples that every playing task has, to the simulated card."""
        queues = [np.concatenate(task.pending, axis=1) for task in self._playing if task.pending]
        if len(queues) < len(self._playing):
            return
        count = min(queue.shape[1] for queue in queues)
        block = np.concatenate([queue[:, :count] for queue in queues])
        for task, queue in zip(self._playing, queues, strict=True):
            task.pending = [queue[:, count:]] if queue.shape[1] > count else []
        self.card.write(np.ascontiguousarray(np.repeat(block, self._ratio, axis=1)))

    def _read(self, task: NiTask, block: np.ndarray, count: int, timeout: float) -> int:
        self._sync()
        self._check(task)
        if self._holding or not self._playing:
            self._read_held(block)
            return count
        try:
            self.card.read(block, timeout_seconds=timeout)
        except ReadTimeout as error:
            count = error.arrived
            if count:
                part = np.empty((len(block), count))
                self.card.read(part, timeout_seconds=timeout)
                block[:, :count] = part
        except OutputUnderflow:
            self._sync()
            self._read_held(block)
        except (InputOverflow, CardDisconnected):
            self._sync()
            self._check(task)
        return count

    def _read_held(self, block: np.ndarray) -> None:
        """The inputs go on while the outputs stand."""
        plant = self.card.plant
        volts = np.zeros(plant.electrodes)
        volts[self._rows] = self.card.levels() if self._rows else 0.0
        block[:] = plant.process(np.repeat(volts[:, None], block.shape[1], axis=1))[: len(block)]

    def _sync(self) -> None:
        """Let the simulated card catch up, and see what ended."""
        if not self._playing or self._holding:
            return
        played = -(-self.card.samples_generated // self._ratio)
        for task in self._playing:
            task.generated = played
        # The simulated card tells of its end to whoever reads or writes; here it must be known without either.
        stream = self.card._stream
        failure = None if stream is None else stream.failure
        if isinstance(failure, OutputUnderflow):
            self._holding = True
            for task in self._playing:
                task.error = -200290
        elif isinstance(failure, InputOverflow):
            for task in self.tasks.values():
                task.error = -200279 if task.kind == "ai" and task.running else task.error
        elif failure is not None:
            self.dead = True

    def _end(self, task: NiTask) -> None:
        if task.running and task.kind in ("ai", "ao") and self._playing:
            self._sync()
            if not self.dead:
                self.card.stop()
            self._playing = []
        task.running = False

    def _level(self, channel: str) -> float:
        """Volts at the output an internal channel is connected to."""
        device, terminal = self._channel(channel)
        output = f"{device.name}/{terminal[1:].removesuffix('_vs_aognd')}"
        row = self._wire(output)
        if self._rows:
            return float(self.card.levels()[self._rows.index(row)]) if row in self._rows else 0.0
        return float(self.card.plant.rest_volts[row])


def _unflatten(channels: str) -> list[str]:
    from nidaqmx.utils import unflatten_channel_string

    return unflatten_channel_string(channels)
