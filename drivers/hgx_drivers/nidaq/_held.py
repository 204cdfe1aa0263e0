"""The voltages at which outputs stand while nothing runs, by terminal, through any change of channels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hgx_drivers.interface import Volts
from hgx_drivers.nidaq._channels import Placed, Rig
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._readback import measure_output

__all__ = ["HeldLevels"]


class HeldLevels:
    """What is known of the outputs; NaN where nothing is.

    ``given`` are volts that somebody vouches for, one for all or by full terminal name.
    """

    def __init__(self, connection: Connection, given: float | Mapping[str, float] | None) -> None:
        self._connection, self._given = connection, given
        self._volts: dict[str, float] = {}

    def look_at(self, rig: Rig) -> None:
        """Take what is given, or measure, for outputs that aren't known yet."""
        for channel in rig.outputs:
            if np.isnan(self._volts.get(channel.terminal, np.nan)):
                self._volts[channel.terminal] = self._first(channel)

    def of(self, rig: Rig) -> Volts:
        """Volts at the outputs, shape (outputs,)."""
        return np.array([self._volts[channel.terminal] for channel in rig.outputs])

    def keep(self, rig: Rig, volts: Volts) -> None:
        """A stream has left the outputs at these volts."""
        for channel, level in zip(rig.outputs, volts, strict=True):
            self._volts[channel.terminal] = float(level)

    def measure(self, rig: Rig) -> None:
        """Measure anew where the card can."""
        for channel in rig.outputs:
            measured = measure_output(self._connection, channel)
            if np.isfinite(measured):
                self._volts[channel.terminal] = measured

    def _first(self, channel: Placed) -> float:
        given = self._given
        if isinstance(given, Mapping):
            given = given.get(channel.terminal)
        return measure_output(self._connection, channel) if given is None else float(given)
