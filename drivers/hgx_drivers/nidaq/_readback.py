"""Measuring what stands at the outputs, on cards that can connect their own inputs to them."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np

from hgx_drivers.errors import CardStateError, ChannelError, RangeError
from hgx_drivers.nidaq._channels import Placed
from hgx_drivers.nidaq._connection import Connection

__all__ = ["measure_output"]

_SAMPLES = 20
_FULL_SCALE = 10.0


def measure_output(connection: Connection, channel: Placed) -> float:
    """Volts at an output by the internal channel ``_ao0_vs_aognd``; NaN where the card has none.

    Accurate to the input's offset and gain errors, a few millivolts.
    """
    block = np.empty((1, _SAMPLES))
    with ExitStack() as stack:
        task = connection.task()
        stack.callback(connection.close_task, task)
        try:
            with connection.typed():
                task.ai_channels.add_ai_voltage_chan(
                    f"{channel.device.name}/_{channel.terminal.rsplit('/', 1)[-1]}_vs_aognd",
                    min_val=-_FULL_SCALE,
                    max_val=_FULL_SCALE,
                )
                connection.reader(task).read_many_sample(block, _SAMPLES)
        except (ChannelError, RangeError, CardStateError):
            # No such internal channel, not over this range, or the converter is in use: the level isn't known.
            return float("nan")
    return float(block.mean())
