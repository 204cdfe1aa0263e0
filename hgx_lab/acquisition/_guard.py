"""The voltage guard: nothing reaches the converters that hasn't been checked against the device's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hgx_drivers.interface import DaqCard
from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment
from hgx_lab.errors import GuardRefusal
from hgx_lab.units import format_quantity

__all__ = ["ElectrodeLimits", "GuardedOutput", "VoltageGuard"]

#: Rounding allowance in volts: a ten-thousandth of a 16-bit converter's step, below anything a device feels.
_ROUNDING_VOLTS = 1e-9


@dataclass(frozen=True, slots=True)
class ElectrodeLimits:
    """What one electrode may see: DC, tones and slopes together."""

    name: str
    minimum_volts: float
    maximum_volts: float
    slew_volts_per_second: float


class VoltageGuard:
    """Checks segments before they are scheduled and every sample before it is written.

    Parameters
    ----------
    limits:
        One entry per electrode.
    rate_hz:
        Output sample rate, which turns the slew limit into volts per sample.
    """

    def __init__(self, limits: Sequence[ElectrodeLimits], rate_hz: float) -> None:
        self.limits = tuple(limits)
        self.rate_hz = rate_hz
        self._minimum = np.array([e.minimum_volts for e in limits]) - _ROUNDING_VOLTS
        self._maximum = np.array([e.maximum_volts for e in limits]) + _ROUNDING_VOLTS
        self._slew = np.array([e.slew_volts_per_second for e in limits])
        self._step = self._slew / rate_hz + _ROUNDING_VOLTS
        self._scratch: Floats = np.empty((len(self.limits), 0), dtype=np.float64)

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
        self.admit_reach(segment.dc, per_electrode(np.abs(a1)))
        travel = np.abs(segment.dc - before.segment.dc) + per_electrode(np.abs(a1 - a0))
        slew = travel * self.rate_hz / max(segment.slope, 1) + tone_slew
        if np.any(fast := slew > self._slew + _ROUNDING_VOLTS * self.rate_hz):
            worst = int(np.argmax(np.where(fast, slew / self._slew, 0)))
            raise GuardRefusal(
                f"Electrode {self.limits[worst].name} would move at {_text(slew[worst], 'V/s')} (slope and tones "
                f"together) and may move at {_text(self._slew[worst], 'V/s')}.",
                remedy="Make the slope longer, the tone smaller or lower, or raise the electrode's slew limit if the "
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
            rows, columns = np.nonzero(~(np.abs(step) <= self._step[:, None]))
            first = int(np.argmin(columns))
            row, column = int(rows[first]), int(columns[first])
            raise GuardRefusal(
                f"Electrode {self.limits[row].name} at sample {start + column} would jump by "
                f"{_text(step[row, column], 'V')} in one sample; its slew of {_text(self._slew[row], 'V/s')} "
                f"allows {_text(self._slew[row] / self.rate_hz, 'V')}.",
                remedy="Make the slope longer, or raise the electrode's slew limit if the device bears it.",
            )

    def _refuse_levels(self, volts: Floats, what: str) -> None:
        outside = ~((volts >= self._minimum) & (volts <= self._maximum))
        if not np.any(outside):
            return
        index = int(np.argmax(outside))
        limit = self.limits[index]
        raise GuardRefusal(
            f"Electrode {limit.name} {what} {_text(volts[index], 'V')} (DC and tones together); its limits are "
            f"{_text(limit.minimum_volts, 'V')} to {_text(limit.maximum_volts, 'V')}.",
            remedy="Lower the voltage or the tone amplitude, or widen the electrode's limits if the device bears it.",
        )


class GuardedOutput:
    """The only way from the schedule to a card's converters.

    It starts from the card's own report of its levels, so that the first move is from a known value, and
    keeps count of what was written.
    """

    def __init__(self, card: DaqCard, guard: VoltageGuard) -> None:
        self._card = card
        self._guard = guard
        self.last = known_levels(card, guard)
        self._last_of_sum = self.last
        self.written = 0

    def write(self, samples: Floats, added: Floats | None = None, peaks: Floats | None = None) -> None:
        """Check and write a block, shape (electrodes, n); a refused block leaves everything as it was.

        ``added``, of the same shape, is what generators add at the electrodes, and ``peaks``, (electrodes,), the most
        that they ever add. Both are checked: the sum, which the electrodes see, and the card's samples alone, which
        they see once a generator is off. A card that breaks down holds any one of its samples while the generators go
        on, so each has to leave room for their peaks.
        """
        self._guard.check(self.last, samples, self.written, peaks)
        total = samples if added is None else samples + added
        if added is not None:
            self._guard.check(self._last_of_sum, total, self.written)
        self._card.write(samples)
        if samples.shape[1]:
            self.last, self._last_of_sum = samples[:, -1].copy(), total[:, -1].copy()
            self.written += samples.shape[1]


def known_levels(card: DaqCard, guard: VoltageGuard) -> Floats:
    """Volts at the card's outputs, shape (electrodes,); refused when the card can't tell them."""
    levels = np.asarray(card.levels(), dtype=np.float64)
    if len(levels) != len(guard.limits) or not np.all(np.isfinite(levels)):
        raise GuardRefusal(
            f"The card doesn't know the voltages at its outputs now ({levels} V), so any move would be a jump.",
            remedy="Bring the outputs to 0 V with the device disconnected, then start again.",
        )
    return levels


def _text(value: float, unit: str) -> str:
    return format_quantity(float(value), unit)
