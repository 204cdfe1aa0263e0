"""The voltages at which outputs stand while nothing runs, by terminal, through any change of channels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hgx_drivers.interface import Volts
from hgx_drivers.nidaq._channels import Placed, Rig
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._readback import measure_output

__all__ = ["HeldLevels"]


#: What a measurement may be off by, V: offset and gain errors of input and output together, of 16 bits over 20 V.
_MEASURED_WITHIN = 10e-3


class HeldLevels:
    """What is known of the outputs; NaN where nothing is.

    ``given`` are volts that somebody vouches for at the first look, one for all or by full terminal name. Later on they
    say nothing any more.
    """

    def __init__(self, connection: Connection, given: float | Mapping[str, float] | None) -> None:
        self._connection, self._given = connection, given
        self._volts: dict[str, float] = {}

    def look_at(self, rig: Rig) -> None:
        """Measure where the card can: another program may have moved the outputs since.

        What a stream has left there is known better than a measurement tells, and stays where the two agree. Without
        a measurement it stays too, and what is given is taken where nothing was known before.
        """
        for channel in rig.outputs:
            known = self._volts.get(channel.terminal)
            measured = measure_output(self._connection, channel)
            if np.isfinite(measured):
                if known is None or not abs(measured - known) <= _MEASURED_WITHIN:
                    self._volts[channel.terminal] = measured
            elif known is None:
                self._volts[channel.terminal] = self._given_for(channel)

    def of(self, rig: Rig) -> Volts:
        """Volts at the outputs, shape (outputs,)."""
        return np.array([self._volts[channel.terminal] for channel in rig.outputs])

    def keep(self, rig: Rig, volts: Volts) -> None:
        """A stream has left the outputs at these volts."""
        for channel, level in zip(rig.outputs, volts, strict=True):
            self._volts[channel.terminal] = float(level)

    def state(self, rig: Rig, volts: Volts) -> None:
        """Take volts, (outputs,), that somebody vouches for now, where nothing is known."""
        for channel, level in zip(rig.outputs, volts, strict=True):
            if np.isnan(self._volts[channel.terminal]):
                self._volts[channel.terminal] = float(level)

    def measure(self, rig: Rig) -> None:
        """Measure anew where the card can."""
        for channel in rig.outputs:
            measured = measure_output(self._connection, channel)
            if np.isfinite(measured):
                self._volts[channel.terminal] = measured

    def _given_for(self, channel: Placed) -> float:
        given = self._given.get(channel.terminal) if isinstance(self._given, Mapping) else self._given
        return np.nan if given is None else float(given)
