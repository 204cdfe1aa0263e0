"""The output tasks: one for each device or chassis, written as one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from hgx_drivers.errors import DriverError, OutputUnderflow
from hgx_drivers.interface import Volts
from hgx_drivers.nidaq._channels import Placed, Rig, in_words
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._routing import OutputRoute

__all__ = ["OutputTask", "generated_by_all", "make_output"]

#: Time for the driver to take samples for which there is room.
_WRITE_SECONDS = 2.0


class OutputTask:
    """Plays the given rows of the stream, each sample once."""

    def __init__(
        self, connection: Connection, task: Any, outputs: Sequence[Placed], route: OutputRoute, capacity: int
    ) -> None:
        self._connection = connection
        self._writer = connection.writer(task)
        self._rows = list(route.rows)
        self.route = route
        self.task = task
        self.capacity = capacity
        self.where = in_words([outputs[row] for row in route.rows])

    def write(self, samples: Volts) -> tuple[int, DriverError | None]:
        """Append this task's rows of samples, shape (outputs, n), for which there is room.

        Returns how many the card has taken, which it will play, and the error where these aren't all.
        """
        rows = samples if len(self._rows) == len(samples) else np.ascontiguousarray(samples[self._rows])
        try:
            with self._connection.typed(self.where):
                taken = int(self._writer.write_many_sample(rows, _WRITE_SECONDS))
        except DriverError as error:
            return int(getattr(error.__cause__, "samps_per_chan_written", 0) or 0), error
        if taken != samples.shape[1]:
            message = f"{self.where}: the card took {taken} of {samples.shape[1]} samples."
            return taken, DriverError(message, remedy="Stop and start again.")
        return taken, None

    def free(self) -> int:
        """Room in the buffer while the task runs, in samples."""
        with self._connection.typed(self.where):
            return int(self.task.out_stream.space_avail)

    def generated(self) -> int:
        """Samples that have left the converters; raises OutputUnderflow once there was none to follow."""
        with self._connection.typed(self.where):
            return int(self.task.out_stream.total_samp_per_chan_generated)


def make_output(
    connection: Connection, task: Any, rig: Rig, route: OutputRoute, rate_hz: float, buffer_samples: int
) -> OutputTask:
    """Give a new task its channels, clock, trigger and buffer; no sample is ever played twice."""
    constants = connection.constants
    for channel in (rig.outputs[row] for row in route.rows):
        with connection.typed(in_words([channel])):
            made = task.ao_channels.add_ao_voltage_chan(
                channel.terminal, min_val=channel.minimum_volts, max_val=channel.maximum_volts
            )
            connection.supported(partial(_hold_when_idle, made, constants), None)
    with connection.typed(in_words([rig.outputs[row] for row in route.rows])):
        task.timing.cfg_samp_clk_timing(
            rate_hz,
            source=route.clock,
            sample_mode=constants.AcquisitionType.CONTINUOUS,
            samps_per_chan=buffer_samples,
        )
        if route.reference is not None:
            task.timing.ref_clk_src, task.timing.ref_clk_rate = route.reference
        if route.start:
            task.triggers.start_trigger.cfg_dig_edge_start_trig(route.start)
        task.out_stream.regen_mode = constants.RegenerationMode.DONT_ALLOW_REGENERATION
        task.out_stream.output_buf_size = buffer_samples
        capacity = int(task.out_stream.output_buf_size)
    return OutputTask(connection, task, rig.outputs, route, capacity)


def generated_by_all(tasks: list[OutputTask], written: int) -> tuple[int, OutputUnderflow | None]:
    """Samples that have left all converters, and the error of a task that ran dry: it has played all it had."""
    counts: list[int] = []
    dry: OutputUnderflow | None = None
    for task in tasks:
        try:
            counts.append(task.generated())
        except OutputUnderflow as error:
            dry = error
            counts.append(written)
    return min(counts, default=0), dry


def _hold_when_idle(channel: Any, constants: Any) -> None:
    channel.ao_idle_output_behavior = constants.AOIdleOutputBehavior.MAINTAIN_EXISTING_VALUE
