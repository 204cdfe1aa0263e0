"""Mean squared error against target currents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, same_length
from hgx_lab.learning.losses._interface import LossValue

__all__ = ["MeanSquaredError"]


@dataclass(frozen=True, slots=True)
class MeanSquaredError:
    """mean((o - (low + (high - low) t))^2) / (high - low)^2: 1 for an error of one whole swing everywhere.

    Parameters
    ----------
    low, high:
        Currents that targets 0 and 1 stand for, A. Targets between and beyond are interpolated.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not np.isfinite((self.low, self.high)).all() or self.low == self.high:
            raise LearningError(f"The target currents {self.low:g} A and {self.high:g} A must be finite and differ.")

    def evaluate(self, outputs: Floats, targets: Floats) -> LossValue:
        """See :class:`Loss`."""
        outputs, targets = same_length(outputs, targets)
        swing = self.high - self.low
        error = (outputs - self.low) / swing - targets
        return LossValue(float(np.mean(error**2)), 2 * error / (error.size * swing))
