"""The card's own watchdog: it brings the outputs to rest when the program falls silent."""

from __future__ import annotations

from typing import Any

from hgx_drivers.errors import CardDisconnected, DriverError
from hgx_drivers.nidaq._channels import Rig
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._settings import WatchdogSettings

__all__ = ["Watchdog"]

NOT_ASKED_FOR = "No watchdog was asked for: if the program dies, the outputs hold."


class Watchdog:
    """One watchdog task for each device of outputs; ``state`` says in words whether there is one."""

    def __init__(self, connection: Connection, rig: Rig, settings: WatchdogSettings | None) -> None:
        self._connection = connection
        self._tasks: list[Any] = []
        self.state = NOT_ASKED_FOR
        if settings is None:
            return
        try:
            self._make(rig, settings)
        except CardDisconnected:
            self.close()
            raise
        except DriverError as error:
            self.close()
            self.state = f"There is no watchdog; if the program dies, the outputs hold: {error.message}"

    def start(self) -> None:
        """From now on silence counts."""
        with self._connection.typed():
            for task in self._tasks:
                task.start()

    def feed(self) -> None:
        """The program lives."""
        with self._connection.typed():
            for task in self._tasks:
                task.reset_timer()

    def stop(self) -> None:
        """Silence doesn't count any more."""
        with self._connection.typed():
            for task in self._tasks:
                task.stop()

    def close(self) -> None:
        """Release the watchdogs. Idempotent."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            self._connection.close_task(task)

    def _make(self, rig: Rig, settings: WatchdogSettings) -> None:
        from nidaqmx.system.watchdog import AOExpirationState

        volts_output = self._connection.constants.WatchdogAOExpirState.VOLTAGE
        for device in dict.fromkeys(channel.device for channel in rig.outputs):
            states = [
                AOExpirationState(c.terminal, float(settings.rest_volts.get(c.terminal, 0.0)), volts_output)
                for c in rig.outputs
                if c.device is device
            ]
            with self._connection.typed():
                task = self._connection.watchdog(device.name, settings.timeout_seconds)
                self._tasks.append(task)
                task.cfg_watchdog_ao_expir_states(states)
                # A watchdog can't be reserved any more once other tasks of its chassis are.
                task.control(self._connection.constants.TaskMode.TASK_RESERVE)
        names = ", ".join(dict.fromkeys(channel.device.name for channel in rig.outputs))
        self.state = (
            f"The watchdog of {names} brings the outputs to rest after {settings.timeout_seconds:g} s of silence."
        )
