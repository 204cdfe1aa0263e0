"""The input task: blocks of the common rate from conversions that may come faster and not all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import ChannelError, ReadTimeout
from hgx_drivers.interface import Volts
from hgx_drivers.nidaq._channels import Placed, Rig, in_words
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._routing import InputRoute

__all__ = ["InputTask", "make_input", "skew_seconds"]

_CONFIGURATIONS = {
    "default": "DEFAULT",
    "differential": "DIFF",
    "pseudodifferential": "PSEUDO_DIFF",
    "rse": "RSE",
    "nrse": "NRSE",
}


class InputTask:
    """Reads continuously, ``oversampling`` conversions to a sample, which is their mean.

    Conversions that a read which timed out had already taken from the driver are kept for the next one.
    """

    def __init__(self, connection: Connection, task: Any, inputs: Sequence[Placed], oversampling: int) -> None:
        self._connection = connection
        self._reader = connection.reader(task)
        self._channels = channels = len(inputs)
        self.where = in_words(inputs)
        self._oversampling = oversampling
        self._buffer = np.empty(0)
        self._kept = np.empty((channels, 0))
        self.task = task

    def read(self, out: Volts, timeout_seconds: float) -> None:
        """Fill ``out``, shape (channels, n), or raise ReadTimeout and lose nothing."""
        wanted = out.shape[1] * self._oversampling
        kept = self._kept.shape[1]
        if not kept and self._oversampling == 1:
            self._take(out, timeout_seconds)
            return
        if kept < wanted:
            fresh = self._scratch(wanted - kept)
            self._take(fresh, timeout_seconds)
            if not kept:
                _average(fresh, out)
                return
            self._kept = np.concatenate((self._kept, fresh), axis=1)
        _average(np.ascontiguousarray(self._kept[:, :wanted]), out)
        self._kept = self._kept[:, wanted:].copy()

    def forget(self) -> None:
        """A new stream begins."""
        self._kept = np.empty((self._channels, 0))

    def _take(self, block: Volts, timeout_seconds: float) -> None:
        try:
            with self._connection.typed(self.where):
                self._reader.read_many_sample(block, block.shape[1], timeout_seconds)
        except ReadTimeout as error:
            arrived = int(getattr(error.__cause__, "samps_per_chan_read", 0) or 0)
            # A short read is packed at the front of the array as if that had been made for it.
            part = block.reshape(-1)[: self._channels * arrived].reshape(self._channels, arrived)
            self._kept = np.concatenate((self._kept, part), axis=1)
            samples = self._kept.shape[1] // self._oversampling
            raise ReadTimeout(
                f"Only {samples} samples arrived within {timeout_seconds:g} s: {error.message}",
                arrived=samples,
                remedy=error.remedy,
            ) from error

    def _scratch(self, samples: int) -> Volts:
        """A contiguous array (channels, samples), allocated once for each larger size."""
        size = self._channels * samples
        if self._buffer.size < size:
            self._buffer = np.empty(size)
        return self._buffer[:size].reshape(self._channels, samples)


def make_input(
    connection: Connection, task: Any, rig: Rig, route: InputRoute, rate_hz: float, buffer_samples: int, ratio: int
) -> InputTask:
    """Give a new task its channels, clock, buffer and signals."""
    constants = connection.constants
    for channel in rig.inputs:
        with connection.typed(in_words([channel])):
            task.ai_channels.add_ai_voltage_chan(
                channel.terminal,
                terminal_config=_terminal_configuration(connection, channel),
                min_val=channel.minimum_volts,
                max_val=channel.maximum_volts,
            )
    with connection.typed(in_words(rig.inputs)):
        task.timing.cfg_samp_clk_timing(
            rate_hz * ratio,
            sample_mode=constants.AcquisitionType.CONTINUOUS,
            samps_per_chan=buffer_samples * ratio,
        )
        task.in_stream.input_buf_size = buffer_samples * ratio
        if route.reference is not None:
            task.timing.ref_clk_src, task.timing.ref_clk_rate = route.reference
        if route.reference_to:
            task.export_signals.export_signal(constants.Signal.TEN_MHZ_REF_CLOCK, route.reference_to)
        if route.start_to:
            task.export_signals.export_signal(constants.Signal.START_TRIGGER, route.start_to)
    return InputTask(connection, task, rig.inputs, ratio)


def skew_seconds(connection: Connection, task: Any, rig: Rig) -> tuple[float, ...]:
    """How long after the sample clock's edge each input is converted; NaN where the driver doesn't say."""
    skews: list[float] = []
    for place, channel in enumerate(rig.inputs):
        before = sum(other.device is channel.device for other in rig.inputs[:place])
        if channel.device.simultaneous_inputs or not before:
            skews.append(0.0)
            continue
        with connection.typed():
            rate_hz = connection.supported(lambda: float(task.timing.ai_conv_rate), 0.0)
        skews.append(before / rate_hz if rate_hz > 0.0 else float("nan"))
    return tuple(skews)


def _terminal_configuration(connection: Connection, placed: Placed) -> Any:
    """NI's constant for a terminal configuration, or a ChannelError with those the terminal has."""
    enum = connection.constants.TerminalConfiguration
    name, terminal, wanted = placed.name, placed.terminal, placed.configuration
    key = wanted.lower().replace("-", "").replace("_", "")
    if key not in _CONFIGURATIONS:
        raise ChannelError(f"{name}: {wanted!r} is none of {', '.join(_CONFIGURATIONS)}.")
    chosen = enum[_CONFIGURATIONS[key]]
    with connection.typed():
        device, _, channel = terminal.partition("/")
        there = connection.supported(
            lambda: list(connection.device(device).ai_physical_chans[channel].ai_term_cfgs), []
        )
    if chosen is not enum.DEFAULT and there and chosen not in there:
        names = {value: word for word, value in _CONFIGURATIONS.items()}
        has = ", ".join(names[each.name] for each in there)
        raise ChannelError(f"{name}: {terminal} can't be wired {key}; it has: {has}.")
    return chosen


def _average(conversions: NDArray[np.float64], out: Volts) -> None:
    channels, samples = out.shape
    np.mean(conversions.reshape(channels, samples, -1), axis=2, out=out)
