"""Limits: what a channel may give, and what the instrument can."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from hgx_drivers.errors import ChannelError, RangeError
from hgx_drivers.waveform_generator._interface import GeneratorChannel
from hgx_drivers.waveform_generator.errors import GeneratorMismatch

__all__ = ["SOURCE_OHMS", "Model", "check_channel", "check_levels", "check_limits", "divider", "same_load"]

#: The output resistance of every generator here.
SOURCE_OHMS = 50.0


@dataclass(frozen=True, slots=True)
class Model:
    """What a model can do, from its data sheet.

    ``arbitrary_points`` is the longest waveform, 0 where samples can't be played one by one; ``minimum_points`` the
    shortest. ``frequency_digits`` is how many of a frequency it tells. Volts are peak into an open circuit.
    """

    name: str
    channels: int
    maximum_hz: float
    arbitrary_points: int
    arbitrary_rate_hz: float
    minimum_points: int = 8
    frequency_step_hz: Fraction = Fraction(1, 1_000_000)
    frequency_digits: int = 15
    maximum_open_volts: float = 10.0
    minimum_open_amplitude: float = 1e-3
    loads_ohms: tuple[float, float] = (1.0, 10e3)


def divider(load_ohms: float) -> float:
    """Part of the open-circuit voltage that is at the load: 1 for an open circuit, 1/2 for 50 ohm."""
    return 1.0 if math.isinf(load_ohms) else load_ohms / (load_ohms + SOURCE_OHMS)


def same_load(one: float, other: float) -> bool:
    """Whether two loads are the same, ohm; infinity is close to nothing but itself."""
    return one == other or (math.isfinite(one) and math.isfinite(other) and abs(one - other) <= 1e-3 * other)


def check_channel(channel: GeneratorChannel, model: Model) -> None:
    """Refuse an output or a load that the instrument hasn't.

    Raises
    ------
    ChannelError, RangeError
    """
    if not 1 <= channel.number <= model.channels:
        raise ChannelError(f"{channel.name}: {model.name} has outputs 1 to {model.channels}, not {channel.number}.")
    low, high = model.loads_ohms
    if not (low <= channel.load_ohms <= high or channel.load_ohms == math.inf):
        raise RangeError(
            f"{channel.name}: {model.name} knows loads of {low:g} to {high:g} ohm and infinity, "
            f"not {channel.load_ohms:g} ohm.",
            remedy="For an input of more than that say infinity: it sees the open-circuit voltage.",
        )
    if not (math.isfinite(channel.minimum_volts) and math.isfinite(channel.maximum_volts)):
        raise RangeError(f"{channel.name}: the limits must be finite, not {channel.minimum_volts} V and "
                         f"{channel.maximum_volts} V.")  # fmt: skip
    if channel.minimum_volts >= channel.maximum_volts:
        raise RangeError(
            f"{channel.name}: the lower limit {channel.minimum_volts:g} V isn't below {channel.maximum_volts:g} V."
        )


def check_levels(channel: GeneratorChannel, model: Model, amplitude: float, offset: float) -> None:
    """Refuse offset plus signal outside the channel's limits or the instrument's, at the load.

    Raises
    ------
    RangeError
    """
    if not (math.isfinite(amplitude) and math.isfinite(offset) and amplitude > 0):
        raise RangeError(f"{channel.name}: an amplitude of {amplitude} V with offset {offset} V can't be set.")
    lowest, highest = offset - amplitude, offset + amplitude
    if lowest < channel.minimum_volts or highest > channel.maximum_volts:
        raise RangeError(
            f"{channel.name}: {offset:g} V ± {amplitude:g} V reaches {lowest:g} V to {highest:g} V; the limits are "
            f"{channel.minimum_volts:g} V to {channel.maximum_volts:g} V. Nothing was sent."
        )
    at_load = divider(channel.load_ohms)
    most, least = model.maximum_open_volts * at_load, model.minimum_open_amplitude * at_load
    if abs(offset) + amplitude > most:
        raise RangeError(
            f"{channel.name}: {model.name} gives at most ±{most:g} V into {_ohms(channel.load_ohms)}, not "
            f"{offset:g} V ± {amplitude:g} V."
        )
    # A float or two below the least is a rounding of the user's arithmetic, not a wish.
    if amplitude < least * (1 - 1e-9):
        raise RangeError(
            f"{channel.name}: {model.name} gives at least {least:g} V peak into {_ohms(channel.load_ohms)}, not "
            f"{amplitude:g} V.",
            remedy="Take a larger amplitude and an attenuator, put in with the device disconnected.",
        )


def check_limits(
    channel: GeneratorChannel, limits: tuple[float, float] | None, load_now: float, amplitude: float, offset: float
) -> None:
    """Refuse voltage limits set on the instrument that would keep its load or clip the signal; None for no limits.

    They are somebody's protection, so they aren't switched off here.

    Raises
    ------
    GeneratorMismatch
    """
    if limits is None:
        return
    low, high = limits
    if same_load(channel.load_ohms, load_now) and low <= offset - amplitude and offset + amplitude <= high:
        return
    raise GeneratorMismatch(
        "voltage limits",
        f"off, or hold {offset:g} V ± {amplitude:g} V into {_ohms(channel.load_ohms)}",
        f"on, {low:g} V to {high:g} V into {_ohms(load_now)}",
        channel=channel.name,
        remedy="They lock the load and clip the signal. Disconnect the device, then switch them off on the instrument, "
        "or set its load there, and wider limits if the device bears them. The output stays off.",
    )


def _ohms(load: float) -> str:
    return "an open circuit" if math.isinf(load) else f"{load:g} ohm"
