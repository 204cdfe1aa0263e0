"""The only way to a card's converters, and from where it starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hgx_drivers.interface import DaqCard, OutputChannel
from hgx_lab.acquisition._guard import VoltageGuard
from hgx_lab.acquisition._segment import Floats
from hgx_lab.errors import GuardRefusal
from hgx_lab.units import format_quantity

__all__ = ["GuardedOutput", "known_levels"]


#: What a measurement of an output may be off by, V.
_MEASURED_WITHIN = 20e-3


class GuardedOutput:
    """The only way from the schedule to a card's converters.

    It starts from the card's own report of its levels, so that the first move is from a known value, and
    keeps count of what was written. ``channels`` are the card's outputs, where they have a range to keep.
    """

    def __init__(self, card: DaqCard, guard: VoltageGuard, channels: Sequence[OutputChannel] = ()) -> None:
        self._card = card
        self._guard = guard
        self.last = _within_range(known_levels(card, guard), channels)
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
            remedy="Disconnect the device, bring the outputs to 0 V, and say so at the start: --outputs-at 0V.",
        )
    return levels


def _within_range(levels: Floats, channels: Sequence[OutputChannel]) -> Floats:
    """Levels, (electrodes,), with those that a measurement shows just beyond a converter's range at its edge.

    Raises
    ------
    GuardRefusal
        One is so far beyond that its converter can't have set it: no ramp begins there.
    """
    if not channels:
        return levels
    low, high = (np.array([getattr(c, f"{side}_volts") for c in channels]) for side in ("minimum", "maximum"))
    inside = np.clip(levels, low, high)
    if np.any(far := np.abs(levels - inside) > _MEASURED_WITHIN):
        channel, volts = channels[int(np.argmax(far))], float(levels[far][0])
        raise GuardRefusal(
            f"Output {channel.name} ({channel.terminal}) stands at {format_quantity(volts, 'V')}, outside the range of "
            f"its converter, {format_quantity(channel.minimum_volts, 'V')} to "
            f"{format_quantity(channel.maximum_volts, 'V')}, so no ramp can begin there.",
            remedy="Disconnect the device. Then widen bench.output_converter.range to what the card can give, or bring "
            "the output down with the program that raised it.",
        )
    return inside
