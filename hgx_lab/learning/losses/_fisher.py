"""Fisher's criterion: distance between the classes against their scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.losses._interface import LossValue, checked_classes, checked_scale

__all__ = ["Fisher"]


@dataclass(frozen=True, slots=True)
class Fisher:
    """1 - d|d| / (d^2 + within): d = mean of class 1 - mean of class 0, within = the sum of both variances.

    With Fisher's ratio F = d^2/within (R. A. Fisher, 1936) it is 1/(1 + F) when class 1 lies above, which
    falls to 0, and 1 + F/(1 + F) when it lies below, up to 2: bounded, and, unlike F itself, it knows the
    right order.

    Parameters
    ----------
    floor:
        Added in quadrature to the scatter, A: classes of a single case, or all outputs alike, keep a finite
        gradient, and a swing below the floor isn't rewarded.
    """

    floor: float = 1e-10

    def __post_init__(self) -> None:
        checked_scale(self.floor, "The floor of Fisher's criterion")

    def evaluate(self, outputs: Floats, targets: Floats) -> LossValue:
        """See :class:`Loss`; the targets are 0 and 1."""
        outputs, ones = checked_classes(outputs, targets)
        scaled = outputs / self.floor  # keeps squares of 1e-9 A far from underflow
        high, low = scaled[ones], scaled[~ones]
        distance = float(high.mean() - low.mean())
        within = float(high.var() + low.var()) + 1.0
        total = distance**2 + within
        # d/dd and d/dwithin of d|d| / (d^2 + within)
        by_distance = 2 * abs(distance) * within / total**2
        by_within = -distance * abs(distance) / total**2
        gradient = np.empty_like(scaled)
        gradient[ones] = (by_distance + by_within * 2 * (high - high.mean())) / high.size
        gradient[~ones] = (-by_distance + by_within * 2 * (low - low.mean())) / low.size
        return LossValue(1 - distance * abs(distance) / total, -gradient / self.floor)
