"""The voltage guard: nothing reaches the converters that hasn't been checked against the device's limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment
from hgx_lab.errors import GuardRefusal
from hgx_lab.units import format_quantity

__all__ = ["ElectrodeLimits", "VoltageGuard"]

#: Rounding allowance in volts: a ten-thousandth of a 16-bit converter's step, below anything a device feels.
_ROUNDING_VOLTS = 1e-9

_BRING_IN = "Bring the outputs to rest first: hgx rest FILE."


@dataclass(frozen=True, slots=True)
class ElectrodeLimits:
    """What one electrode may see: DC, tones and slopes together."""

    name: str
    minimum_volts: float
    maximum_volts: float
    slew_volts_per_second: float


class VoltageGuard:
    """Checks segments before they are scheduled and every sample before it is written.

    An electrode that stands beyond its limits when a stream begins may hold there or come in, and nothing else: no
    sample is further out than the one before, none is faster than ``rest_slope``, and it carries no tone. Once it is
    inside, its limits hold as for any other.

    Parameters
    ----------
    limits:
        One entry per electrode.
    rate_hz:
        Output sample rate, which turns the slew limit into volts per sample.
    rest_slope:
        Fastest that an electrode comes in from beyond its limits, V/s; never faster than its own slew.
    """

    def __init__(self, limits: Sequence[ElectrodeLimits], rate_hz: float, *, rest_slope: float = math.inf) -> None:
        self.limits = tuple(limits)
        self.rate_hz = rate_hz
        self._minimum = np.array([e.minimum_volts for e in limits]) - _ROUNDING_VOLTS
        self._maximum = np.array([e.maximum_volts for e in limits]) + _ROUNDING_VOLTS
        self._slew = np.array([e.slew_volts_per_second for e in limits])
        self._return_slew = np.minimum(self._slew, rest_slope)
        self._step = self._slew / rate_hz + _ROUNDING_VOLTS
        self._return_step = self._return_slew / rate_hz + _ROUNDING_VOLTS
        self._scratch: Floats = np.empty((len(self.limits), 0), dtype=np.float64)

    def beyond(self, volts: Floats) -> NDArray[np.bool_]:
        """Which electrodes, (electrodes,), are outside their limits at these volts; one at NaN is."""
        return ~((volts >= self._minimum) & (volts <= self._maximum))

    def admit(
        self, segment: Segment, before: PlacedSegment, *, electrode_of_tone: Sequence[int], tones_hz: Floats
    ) -> None:
        """Refuse a segment whose plateau or slope could leave the limits, before anything of it is played.

        The bound is the worst phase of the tones: DC plus the sum of the amplitudes, and the slope plus the
        tones' own slew 2 pi f a, of which the sum over the tones is largest at one of the slope's ends.
        """

        def per_electrode(of_tones: Floats) -> Floats:
            return np.bincount(electrode_of_tone, of_tones, minlength=len(self.limits)).astype(np.float64)

        a0, a1 = before.segment.amplitude, segment.amplitude
        omega = 2 * np.pi * tones_hz
        tone_slew = np.maximum(per_electrode(omega * np.abs(a0)), per_electrode(omega * np.abs(a1)))
        if not (np.all(np.isfinite(segment.dc)) and np.all(np.isfinite(segment.amplitude))):
            raise GuardRefusal(f"A segment has voltages that aren't numbers: {segment.dc} V.")
        outside = self.beyond(before.segment.dc)
        swing = per_electrode(np.abs(a1))
        if not np.any(outside):
            self.admit_reach(segment.dc, swing)
        else:
            self._admit_return(segment.dc, before.segment.dc, np.maximum(swing, per_electrode(np.abs(a0))), outside)
        travel = np.abs(segment.dc - before.segment.dc) + per_electrode(np.abs(a1 - a0))
        slew = travel * self.rate_hz / max(segment.slope, 1) + tone_slew
        allowed = np.where(outside, self._return_slew, self._slew)
        if np.any(fast := slew > allowed + _ROUNDING_VOLTS * self.rate_hz):
            worst = int(np.argmax(np.where(fast, slew / allowed, 0)))
            way = "come in from beyond its limits" if outside[worst] else "move"
            raise GuardRefusal(
                f"Electrode {self.limits[worst].name} would move at {_text(slew[worst], 'V/s')} (slope and tones "
                f"together) and may {way} at {_text(allowed[worst], 'V/s')}.",
                remedy=_BRING_IN
                if outside[worst]
                else "Make the slope longer, the tone smaller or lower, or raise the electrode's slew limit if the "
                "device bears it.",
            )

    def admit_reach(self, dc: Floats, swing: Floats) -> None:
        """Refuse DC voltages, (electrodes,), from which a swing of so many V, (electrodes,), goes outside."""
        for reach in (dc - swing, dc + swing):
            self._refuse_levels(reach, "would reach")

    def check(self, last: Floats, samples: Floats, start: int, beyond: Floats | None = None) -> None:
        """Refuse a block, shape (electrodes, n), that holds one sample outside the limits or the slew.

        ``last`` is the sample before the block, shape (electrodes,); ``start`` the index of its first sample. All
        samples must keep ``beyond`` (electrodes,) V from the limits.
        """
        if not samples.size:
            return
        if beyond is not None:
            for side in (samples.min(axis=1) - beyond, samples.max(axis=1) + beyond):
                self._refuse_levels(side, f"in the block from sample {start} could get")
        if np.any(self.beyond(last)):
            self._check_return(last, samples, start)
            return
        low, high = samples.min(axis=1), samples.max(axis=1)
        # Written so that NaN, which compares false with everything, is refused.
        if not bool(np.all(low >= self._minimum) & np.all(high <= self._maximum)):
            inside = (samples >= self._minimum[:, None]) & (samples <= self._maximum[:, None])
            column = int(np.argmin(inside.all(axis=0)))
            self._refuse_levels(samples[:, column], f"at sample {start + column} would get")
        if self._scratch.shape[1] < samples.shape[1]:
            self._scratch = np.empty_like(samples)
        step = self._scratch[:, : samples.shape[1]]
        np.subtract(samples[:, 0], last, out=step[:, 0])
        np.subtract(samples[:, 1:], samples[:, :-1], out=step[:, 1:])
        if not (np.all(step.max(axis=1) <= self._step) and np.all(step.min(axis=1) >= -self._step)):
            self._refuse_step(step, self._step[:, None], start)

    def _admit_return(self, dc: Floats, before: Floats, swing: Floats, outside: NDArray[np.bool_]) -> None:
        """As :meth:`admit_reach` where electrodes are ``outside``: these hold or come in, without a swing."""
        inwards = (dc >= np.minimum(self._minimum, before)) & (dc <= np.maximum(self._maximum, before))
        returning = outside & inwards & (swing == 0)
        if np.any(astray := outside & ~returning):
            index = int(np.argmax(astray))
            raise GuardRefusal(
                f"Electrode {self.limits[index].name} would go to {_text(dc[index], 'V')} with tones of "
                f"{_text(swing[index], 'V')}. {self._stands_beyond(index, before[index])}",
                remedy=_BRING_IN,
            )
        for reach in (dc - swing, dc + swing):
            self._refuse_levels(np.where(returning, self._middle, reach), "would reach")

    def _check_return(self, last: Floats, samples: Floats, start: int) -> None:
        """As :meth:`check`, for a block before which an electrode stands beyond its limits."""
        before = np.concatenate([last[:, None], samples[:, :-1]], axis=1)
        # Never further out than the sample before; where that is inside, the limits themselves.
        low, high = np.minimum(self._minimum[:, None], before), np.maximum(self._maximum[:, None], before)
        allowed = (samples >= low) & (samples <= high)
        if not np.all(allowed):
            column = int(np.argmin(allowed.all(axis=0)))
            tame = np.where(allowed[:, column], self._middle, samples[:, column])
            self._refuse_levels(tame, f"at sample {start + column} would get", before[:, column])
        returning = (before < self._minimum[:, None]) | (before > self._maximum[:, None])
        step = samples - before
        most = np.where(returning, self._return_step[:, None], self._step[:, None])
        if not np.all(np.abs(step) <= most):
            self._refuse_step(step, most, start)

    @property
    def _middle(self) -> Floats:
        return (self._minimum + self._maximum) / 2

    def _refuse_step(self, step: Floats, most: Floats, start: int) -> None:
        most = np.broadcast_to(most, step.shape)
        rows, columns = np.nonzero(~(np.abs(step) <= most))
        first = int(np.argmin(columns))
        row, column = int(rows[first]), int(columns[first])
        name, allowed = self.limits[row].name, float(most[row, column]) - _ROUNDING_VOLTS
        if most[row, column] < self._step[row]:
            raise GuardRefusal(
                f"Electrode {name} at sample {start + column} would jump by {_text(step[row, column], 'V')} in one "
                f"sample; from beyond its limits it may come in at {_text(self._return_slew[row], 'V/s')}, "
                f"{_text(allowed, 'V')} a sample.",
                remedy=_BRING_IN,
            )
        raise GuardRefusal(
            f"Electrode {name} at sample {start + column} would jump by "
            f"{_text(step[row, column], 'V')} in one sample; its slew of {_text(self._slew[row], 'V/s')} "
            f"allows {_text(self._slew[row] / self.rate_hz, 'V')}.",
            remedy="Make the slope longer, or raise the electrode's slew limit if the device bears it.",
        )

    def _refuse_levels(self, volts: Floats, what: str, before: Floats | None = None) -> None:
        """Refuse volts outside the limits; ``before`` are those that the electrodes come from."""
        outside = self.beyond(volts)
        if not np.any(outside):
            return
        index = int(np.argmax(outside))
        limit = self.limits[index]
        text = f"Electrode {limit.name} {what} {_text(volts[index], 'V')} (DC and tones together)"
        if before is not None and self.beyond(before)[index]:
            raise GuardRefusal(f"{text}. {self._stands_beyond(index, before[index])}", remedy=_BRING_IN)
        raise GuardRefusal(
            f"{text}; its limits are {_text(limit.minimum_volts, 'V')} to {_text(limit.maximum_volts, 'V')}.",
            remedy="Lower the voltage or the tone amplitude, or widen the electrode's limits if the device bears it.",
        )

    def _stands_beyond(self, index: int, volts: float) -> str:
        limit = self.limits[index]
        return (
            f"It stands at {_text(volts, 'V')}, beyond its limits of {_text(limit.minimum_volts, 'V')} to "
            f"{_text(limit.maximum_volts, 'V')}, and may only hold or come in, without a tone."
        )


def _text(value: float, unit: str) -> str:
    return format_quantity(float(value), unit)
