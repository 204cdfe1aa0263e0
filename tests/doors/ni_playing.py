"""What plays and reads: running tasks of a fake NI-DAQmx over the simulated card, the same model behind another door.

An output task without regeneration that runs dry ends with -200290 while the inputs go on; unread inputs that are
overwritten end the input task with -200279.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hgx_drivers.errors import CardDisconnected, InputOverflow, OutputUnderflow, ReadTimeout
from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import SimulatedCard
from tests.doors.ni_devices import NiModel
from tests.doors.ni_task import NiTask, NiTasks

__all__ = ["NiPlaying"]


class NiPlaying(NiTasks):
    """Tasks whose outputs are wired to a simulated card's plant, and its read-outs to their inputs."""

    def __init__(
        self,
        devices: Sequence[NiModel],
        card: SimulatedCard,
        wires: Mapping[str, int] | None,
        cables: Mapping[str, str] | None,
    ) -> None:
        super().__init__(devices)
        self.card = card
        outputs = [name for device in devices for name in device.output_names]
        inputs = [name for device in devices for name in device.input_names]
        self.wires = dict(wires or {})
        self._defaults = {name: i for names in (outputs, inputs) for i, name in enumerate(names)}
        self.cables = dict(cables or {})
        self._playing: list[NiTask] = []
        self._rows: list[int] = []
        self._ratio = 1
        self._holding = False

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
        volts = plant.standing_volts
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
        # The truth at the connector, whoever moved it last.
        self._sync()
        return float(self.card.plant.standing_volts[self._wire(output)])
