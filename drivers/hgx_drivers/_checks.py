"""What a card checks before it takes channels or samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import ChannelError, InvalidSamples, RangeError
from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings

__all__ = ["channel_numbers", "check_layout", "check_samples", "check_settings"]


def channel_numbers(channels: Sequence[OutputChannel | InputChannel], prefix: str, available: int) -> list[int]:
    """Numbers of the terminals ``<prefix>0`` to ``<prefix>{available-1}``, with or without a device in front.

    Raises
    ------
    ChannelError
        A terminal doesn't exist, or a terminal or name is used twice.
    """
    known = {f"{prefix}{number}": number for number in range(available)}
    numbers: list[int] = []
    for channel in channels:
        terminal = channel.terminal.rsplit("/", 1)[-1]
        if terminal not in known:
            raise ChannelError(
                f"{channel.name}: there is no terminal {channel.terminal!r}; "
                f"the card has {prefix}0 to {prefix}{available - 1}."
            )
        if known[terminal] in numbers:
            raise ChannelError(f"{channel.name}: terminal {channel.terminal!r} is used twice.")
        numbers.append(known[terminal])
    names = [channel.name for channel in channels]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ChannelError(f"Two channels are called {', '.join(twice)}.", remedy="Give each its own name.")
    return numbers


def check_settings(settings: StreamSettings, maximum_volts: float) -> None:
    """Raise RangeError for a rate, buffer or converter range that can't be."""
    if not 0.0 < settings.rate_hz < np.inf:
        raise RangeError(f"{settings.rate_hz} samples/s isn't a rate.")
    for what, samples in (("output", settings.output_buffer_samples), ("input", settings.input_buffer_samples)):
        if samples < 1:
            raise RangeError(f"An {what} buffer of {samples} samples holds nothing; give at least 1.")
    if not settings.outputs or not settings.inputs:
        raise ChannelError("A stream needs at least one output and one input.")
    for channel in (*settings.outputs, *settings.inputs):
        low, high = channel.minimum_volts, channel.maximum_volts
        if not -maximum_volts <= low < high <= maximum_volts:
            raise RangeError(
                f"{channel.name}: a range of {low} V to {high} V isn't within the converter's +-{maximum_volts:g} V."
            )


def check_layout(array: object, channels: int, what: str) -> None:
    """Raise InvalidSamples unless it is a C-contiguous float64 array of shape (channels, n), n >= 1."""
    if not isinstance(array, np.ndarray):
        raise InvalidSamples(f"{what} must be a numpy array, not {type(array).__name__}.")
    if array.dtype != np.float64:
        raise InvalidSamples(f"{what} must be float64, not {array.dtype}.")
    if array.ndim != 2 or array.shape[0] != channels or array.shape[1] < 1:
        raise InvalidSamples(f"{what} must have shape ({channels}, n) with n >= 1, not {array.shape}.")
    if not array.flags.c_contiguous:
        raise InvalidSamples(f"{what} must be C-contiguous.", remedy="Use numpy.ascontiguousarray.")


def check_samples(samples: NDArray[np.float64], outputs: Sequence[OutputChannel]) -> None:
    """Raise InvalidSamples for NaN or infinity, RangeError for volts outside a channel's range."""
    lowest, highest = samples.min(axis=1), samples.max(axis=1)
    for row, channel in enumerate(outputs):
        low, high = float(lowest[row]), float(highest[row])
        # Written so that a NaN, which compares as False with everything, lands here too.
        if low >= channel.minimum_volts and high <= channel.maximum_volts:
            continue
        wrong = np.flatnonzero(~np.isfinite(samples[row]))
        if len(wrong):
            raise InvalidSamples(
                f"{channel.name}: sample {wrong[0]} of the block is {samples[row, wrong[0]]}, not a finite voltage."
            )
        value = low if low < channel.minimum_volts else high
        first = int(np.flatnonzero(samples[row] == value)[0])
        raise RangeError(
            f"{channel.name}: {value:.6g} V (sample {first} of the block) is outside the range "
            f"{channel.minimum_volts:g} V to {channel.maximum_volts:g} V."
        )
