"""Checks of everything that moves: within the slew rate of each electrode, and with an end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from hgx_lab.config.electrodes import Electrode, Safety
from hgx_lab.config.problems import Finding, KeyPath
from hgx_lab.config.quantities import LONGEST_STEP_SECONDS
from hgx_lab.config.timing import Timing
from hgx_lab.config.tones import Tones
from hgx_lab.units import format_quantity

__all__ = ["CHECKS"]


_TONE_STEEPNESS: Final[tuple[KeyPath, ...]] = (("tones", "amplitude"), ("tones", "band"), ("timing", "slope"))


def _slew(value: float) -> str:
    return format_quantity(value, "V/s", digits=4)


def _slopes(electrodes: tuple[Electrode, ...], safety: Safety, tones: Tones, timing: Timing) -> Iterator[Finding]:
    """A slope and the steepest point of a tone can coincide: together they have to stay below the slew rate."""
    for index, electrode in enumerate(electrodes):
        limit = safety.slew_of(electrode)
        tone = 2 * math.pi * tones.highest_frequency * tones.amplitude_on(electrode)
        own = electrode.slew is not None
        slew: KeyPath = ("electrodes", index, "slew") if own else ("safety", "slew")
        if timing.slope > limit:
            path = slew if own else ("timing", "slope")
            message = (
                f"the slope of {_slew(timing.slope)} is above the slew rate of {_slew(limit)} of {electrode.name}."
            )
            yield Finding(path, message, or_at=(("safety", "slew"),))
        elif timing.slope + tone > limit:
            path = slew
            message = (
                f"tones of up to {_slew(tone)} on slopes of {_slew(timing.slope)} need {_slew(timing.slope + tone)}, "
                f"and {electrode.name} may have {_slew(limit)}."
            )
            hint = "Lower the amplitude, the band or the slope, or raise the slew if the device bears it."
            yield Finding(path, message, suggestion=hint, or_at=_TONE_STEEPNESS)
        if safety.rest_slope > limit:
            message = f"{_slew(safety.rest_slope)} is above the slew rate of {_slew(limit)} of {electrode.name}."
            yield Finding(("safety", "rest_slope"), message, f"at most {_slew(limit)}", or_at=(slew,))


def _endless(electrodes: tuple[Electrode, ...], safety: Safety, timing: Timing) -> Iterator[Finding]:
    """The longest move of each electrode, and its way to rest from either limit, come to an end within an hour."""
    for index, electrode in enumerate(electrodes):
        low, high = electrode.limits
        if low >= high:
            continue  # found elsewhere
        limits: KeyPath = ("electrodes", index, "limits")
        farthest = max(high - electrode.rest, electrode.rest - low)
        for path, slope, travel, what in (
            (("safety", "rest_slope"), safety.rest_slope, farthest, f"from a limit of {electrode.name} to its rest"),
            (("timing", "slope"), timing.slope, high - low, f"between the limits of {electrode.name}"),
        ):
            if travel / slope > LONGEST_STEP_SECONDS:
                took = format_quantity(travel / slope, "s", digits=4)
                message = f"at {_slew(slope)} the {format_quantity(travel, 'V', digits=4)} {what} take {took}"
                message += "; every end of a run waits for that ramp." if path[0] == "safety" else "."
                least = f"at least {_slew(travel / LONGEST_STEP_SECONDS)}, which takes an hour"
                yield Finding(path, message, least, or_at=(limits,))


CHECKS: Final = (_slopes, _endless)
