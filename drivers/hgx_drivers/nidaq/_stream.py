"""One configured stream: the input task, the output tasks, the watchdog, and what was written."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

from hgx_drivers.errors import CardDisconnected, DriverError, OutputUnderflow, RangeError
from hgx_drivers.interface import StreamSettings, Volts
from hgx_drivers.nidaq._channels import Rig
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._history import History
from hgx_drivers.nidaq._input import InputTask, make_input, skew_seconds
from hgx_drivers.nidaq._output import OutputTask, generated_by_all, make_output
from hgx_drivers.nidaq._routing import plan_routes
from hgx_drivers.nidaq._settings import SharedClock, SignalOutputs, WatchdogSettings
from hgx_drivers.nidaq._watchdog import Watchdog

__all__ = ["NiStream"]

#: Samples that may wait on the card itself, behind the buffer: more than any card's memory.
_ON_BOARD_SAMPLES = 2**16

#: The code of an output that has played everything. Others say that samples were left behind in the card's memory.
_BUFFER_EMPTY = -200290

#: Two rates are the same within this: rounding, and far below what quartz clocks promise (50 ppm).
_RATE_TOLERANCE = 1e-7


class NiStream:
    """Tasks that are reserved, with their routes; nothing moves before ``start``.

    ``read`` and ``generated`` count samples since ``start``. Every task is closed when making it fails.
    """

    def __init__(
        self,
        connection: Connection,
        rig: Rig,
        settings: StreamSettings,
        oversampling: int,
        shared_clock: SharedClock | None,
        watchdog: WatchdogSettings | None,
        signals: SignalOutputs | None = None,
    ) -> None:
        self._connection = connection
        self.rig, self.settings = rig, settings
        leader = rig.inputs[0].device.timing
        with connection.typed():
            terminals = connection.supported(lambda: connection.device(leader).terminals, [])
        self.routes = plan_routes(
            rig, oversampling=oversampling, shared=shared_clock, terminals=terminals, signals=signals
        )
        self.history = History(len(rig.outputs), settings.output_buffer_samples + _ON_BOARD_SAMPLES)
        self.running = False
        self.read = 0
        self.generated = 0
        self._reserved = False
        self._all_played = True
        with ExitStack() as tasks:
            self._make_tasks(tasks, oversampling)
            self.watchdog = Watchdog(connection, rig, watchdog)
            tasks.callback(self.watchdog.close)
            self._reserve()
            self._check_rates(oversampling)
            self.skew_seconds = skew_seconds(connection, self.input.task, rig)
            self._tasks = tasks.pop_all()

    def look(self) -> None:
        """Ask how many samples have left; raises OutputUnderflow when there were none left to follow."""
        if not self.running:
            return
        self.generated, dry = generated_by_all(self.outputs, self.history.written)
        if dry is not None:
            sample = self.history.written
            self.generated = sample
            self._all_played = getattr(dry.__cause__, "error_code", None) == _BUFFER_EMPTY
            raise OutputUnderflow(
                f"The output buffer ran empty: there was no sample {sample}; the outputs hold the one before. "
                f"{dry.message}",
                sample=sample,
                remedy=dry.remedy,
            ) from dry

    def last_sample(self) -> Volts:
        """Volts of the last sample that left, shape (outputs,); NaN where the card broke off with samples on board."""
        if not self._all_played:
            return np.full(len(self.rig.outputs), np.nan)
        return self.history.sample(self.generated - 1)

    def free(self) -> int:
        """Room in the output buffers, in samples per channel."""
        if self.running:
            try:
                return min(task.free() for task in self.outputs)
            except OutputUnderflow:
                # It ran dry since the last look, which tells how far it came.
                self.look()
                raise
        return min(task.capacity for task in self.outputs) - self.history.written

    def write(self, samples: Volts) -> None:
        """Append samples, shape (outputs, n), for which there is room."""
        if not self._reserved:
            self._reserve()
        for task in self.outputs:
            taken, error = task.write(samples)
            if error is not None:
                # What the card has taken it plays: the level it holds in the end may be one of these samples. Further
                # tasks have got none of them, and those before go on no longer than until the stop that follows.
                self.history.append(samples[:, : taken if task is self.outputs[-1] else 0])
                if isinstance(error, OutputUnderflow):
                    self.look()
                raise error
        self.history.append(samples)

    def start(self) -> None:
        """Arm the outputs, then start the inputs: their clock or trigger starts both."""
        self.watchdog.start()
        try:
            for task in (*self.outputs, self.input):
                with self._connection.typed(task.where):
                    task.task.start()
        except DriverError:
            self._stop_tasks()
            self.watchdog.stop()
            raise
        self.running = True

    def halt(self) -> Volts | None:
        """Stop and drop what wasn't played or read; volts at which the outputs stand, None if they never moved.

        Exact where the outputs follow the inputs' clock. Otherwise they go on while they are told to stop, and these
        are the volts of the moment before.

        Raises
        ------
        CardDisconnected
        """
        if self.running:
            self._halt_running()
        self.running = False
        last = self.last_sample() if self.generated else None
        self.generated, self.read, self._all_played = 0, 0, True
        self.history = History(len(self.rig.outputs), self.settings.output_buffer_samples + _ON_BOARD_SAMPLES)
        self.input.forget()
        # Giving the buffers back empties them; they are reserved again by the next write.
        for task in self._all_tasks():
            with self._connection.typed(task.where):
                task.task.control(self._connection.constants.TaskMode.TASK_UNRESERVE)
        self._reserved = False
        return last

    def close(self) -> None:
        """Stop and close every task, whatever they answer. Idempotent."""
        self.running = False
        self._tasks.close()

    def _make_tasks(self, tasks: ExitStack, oversampling: int) -> None:
        settings, connection = self.settings, self._connection
        self.input = make_input(
            connection,
            self._new_task(tasks),
            self.rig,
            self.routes.input,
            settings.rate_hz,
            settings.input_buffer_samples,
            oversampling,
        )
        self.outputs = [
            make_output(
                connection, self._new_task(tasks), self.rig, route, settings.rate_hz, settings.output_buffer_samples
            )
            for route in self.routes.outputs
        ]

    def _new_task(self, tasks: ExitStack) -> Any:
        task = self._connection.task()
        tasks.callback(self._connection.close_task, task)
        return task

    def _reserve(self) -> None:
        for task in self._all_tasks():
            with self._connection.typed(task.where):
                task.task.control(self._connection.constants.TaskMode.TASK_RESERVE)
        self._reserved = True

    def _all_tasks(self) -> list[InputTask | OutputTask]:
        return [self.input, *self.outputs]

    def _check_rates(self, oversampling: int) -> None:
        wanted = self.settings.rate_hz
        with self._connection.typed():
            rates = [float(self.input.task.timing.samp_clk_rate) / oversampling]
            rates += [float(task.task.timing.samp_clk_rate) for task in self.outputs if not task.route.clock]
        for rate in rates:
            if abs(rate / wanted - 1.0) > _RATE_TOLERANCE:
                raise RangeError(
                    f"The card's clock makes {rate:.10g} samples/s of the {wanted:.10g} that were asked for.",
                    remedy=f"Ask for {rate:.17g}, or for a rate that divides the card's timebase.",
                )

    def _halt_running(self) -> None:
        if self.routes.one_clock:
            self._stop_task(self.input)
        self._count()
        self._stop_tasks()
        try:
            self.watchdog.stop()
        except CardDisconnected:
            raise
        except DriverError:
            # An expired watchdog says so again; the next start will too.
            return

    def _count(self) -> None:
        try:
            self.look()
        except OutputUnderflow:
            # The outputs hold the last sample: that is the level, and the stream ends here anyway.
            return

    def _stop_tasks(self) -> None:
        for task in self.outputs:
            self._stop_task(task)
        self._stop_task(self.input)

    def _stop_task(self, task: InputTask | OutputTask) -> None:
        try:
            with self._connection.typed(task.where):
                task.task.stop()
        except CardDisconnected:
            raise
        except DriverError:
            # An ended generation repeats its error when it is stopped, and is stopped.
            return
