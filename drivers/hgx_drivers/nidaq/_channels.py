"""The channels of a stream, found on their devices and compared with what these can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hgx_drivers._checks import check_settings
from hgx_drivers.errors import ChannelError, RangeError
from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.nidaq._devices import NiDevice

__all__ = ["Placed", "Rig", "in_words", "place", "place_one"]

#: More channels than these aren't all named in a message.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """A channel on its device. ``terminal`` is the full name, ``Dev1/ao0``."""

    name: str
    terminal: str
    device: NiDevice
    minimum_volts: float
    maximum_volts: float
    configuration: str = ""


@dataclass(frozen=True, slots=True)
class Rig:
    """All channels of a stream."""

    outputs: tuple[Placed, ...]
    inputs: tuple[Placed, ...]

    @property
    def devices(self) -> tuple[NiDevice, ...]:
        """Each device once, those of the outputs first."""
        return tuple(dict.fromkeys(channel.device for channel in (*self.outputs, *self.inputs)))


def in_words(channels: Sequence[Placed]) -> str:
    """``Dev1/ao0 (gate), Dev1/ao1 (drain)``; only the first and the last where they are many."""
    words = [f"{channel.terminal} ({channel.name})" for channel in channels]
    return ", ".join(words) if len(words) <= _NAMED else f"{words[0]} to {words[-1]}"


def place(
    settings: StreamSettings, default_device: str, describe: Callable[[str], NiDevice], *, oversampling: int
) -> Rig:
    """Find the channels; refuse names, ranges and rates that the devices don't have.

    Raises
    ------
    ChannelError, RangeError
    """
    rig = Rig(
        tuple(_placed(channel, default_device, describe) for channel in settings.outputs),
        tuple(_placed(channel, default_device, describe) for channel in settings.inputs),
    )
    _check_unique(rig.outputs)
    _check_unique(rig.inputs)
    ranges = [edge for d in rig.devices for pair in (*d.output_ranges, *d.input_ranges) for edge in pair]
    check_settings(settings, max((abs(edge) for edge in ranges), default=10.0))
    for channel in rig.outputs:
        _check_range(channel, channel.device.output_ranges)
    for channel in rig.inputs:
        _check_range(channel, channel.device.input_ranges)
    _check_rates(rig, settings.rate_hz, oversampling)
    return rig


def place_one(
    channel: OutputChannel | InputChannel, default_device: str, describe: Callable[[str], NiDevice]
) -> Placed:
    """Find one channel and compare its range, whatever the others are like.

    Raises
    ------
    ChannelError, RangeError
    """
    placed = _placed(channel, default_device, describe)
    is_input = isinstance(channel, InputChannel)
    _check_range(placed, placed.device.input_ranges if is_input else placed.device.output_ranges)
    return placed


def _placed(channel: OutputChannel | InputChannel, default: str, describe: Callable[[str], NiDevice]) -> Placed:
    name, _, terminal = channel.terminal.lstrip("/").rpartition("/")
    if not (name or default):
        raise ChannelError(
            f"{channel.name}: terminal {channel.terminal!r} names no device.",
            remedy="Write the device in front of it, as in Dev1/ao0, or give the bench a device.",
        )
    device = describe(name or default)
    is_input = isinstance(channel, InputChannel)
    known = device.inputs if is_input else device.outputs
    if terminal not in known:
        there = f"{known[0]} to {known[-1]}" if known else f"no analogue {'inputs' if is_input else 'outputs'}"
        raise ChannelError(
            f"{channel.name}: there is no terminal {channel.terminal!r}; {device.name} ({device.model}) has {there}."
        )
    return Placed(
        channel.name,
        f"{device.name}/{terminal}",
        device,
        channel.minimum_volts,
        channel.maximum_volts,
        channel.configuration if isinstance(channel, InputChannel) else "",
    )


def _check_unique(channels: Sequence[Placed]) -> None:
    for what in ("terminal", "name"):
        values = [getattr(channel, what) for channel in channels]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            text = (
                f"Terminal {twice[0]} is used twice." if what == "terminal" else f"Two channels are called {twice[0]}."
            )
            raise ChannelError(text)


def _check_range(channel: Placed, ranges: Sequence[tuple[float, float]]) -> None:
    low, high = channel.minimum_volts, channel.maximum_volts
    if not any(least <= low < high <= most for least, most in ranges):
        there = ", ".join(f"{least:g} V to {most:g} V" for least, most in ranges) or "none"
        raise RangeError(
            f"{channel.name}: a range of {low} V to {high} V doesn't fit into one of {channel.device.name}'s "
            f"({channel.device.model}): {there}."
        )


def _check_rates(rig: Rig, rate_hz: float, oversampling: int) -> None:
    for device in rig.devices:
        outputs = sum(channel.device is device for channel in rig.outputs)
        inputs = sum(channel.device is device for channel in rig.inputs)
        if outputs and rate_hz > device.maximum_output_rate_hz:
            raise RangeError(
                f"{device.name} ({device.model}) gives out at most {device.maximum_output_rate_hz:g} samples/s, not "
                f"{rate_hz:g}."
            )
        most = device.maximum_input_rate_hz
        if inputs > 1:
            most = device.maximum_total_input_rate_hz / (1 if device.simultaneous_inputs else inputs)
        if inputs and rate_hz * oversampling > most:
            raise RangeError(
                f"{device.name} ({device.model}) reads {inputs} channel(s) at most {most:g} times a second each, not "
                f"{rate_hz * oversampling:g} ({rate_hz:g} samples/s, oversampling {oversampling}).",
                remedy="Lower the rate or the oversampling, or read fewer channels of this device.",
            )
