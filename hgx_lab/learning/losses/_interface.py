"""What a loss is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, same_length

__all__ = ["Loss", "LossValue", "checked_classes", "checked_scale"]


@dataclass(frozen=True, slots=True, eq=False)
class LossValue:
    """A loss at one point: its value (dimensionless) and its gradient, (cases,), in 1/A."""

    value: float
    gradient: Floats


class Loss(Protocol):
    """A function of the mean output of each case, with its exact gradient."""

    def evaluate(self, outputs: Floats, targets: Floats) -> LossValue:
        """Loss of ``outputs`` (cases,) in A against ``targets`` (cases,).

        Raises :class:`~hgx_lab.errors.LearningError` when the two don't fit together.
        """
        ...


def checked_classes(outputs: Floats, targets: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Outputs, and which cases belong to class 1; both classes must be there."""
    outputs, targets = same_length(outputs, targets)
    ones = targets == 1
    if not (ones | (targets == 0)).all() or ones.all() or not ones.any():
        raise LearningError(
            f"This loss needs targets 0 and 1, both of them present; they are {np.unique(targets).tolist()}.",
            remedy="For other targets take the loss correlation or mean-squared-error.",
        )
    return outputs, ones


def checked_scale(value: float, name: str) -> None:
    """Refuse a scale that isn't a positive finite number."""
    if not (np.isfinite(value) and value > 0):
        raise LearningError(f"{name} is {value:g} A; it must be a positive current.")
