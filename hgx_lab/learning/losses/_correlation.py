"""Correlation of outputs and targets, alone and with a reward for separated classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, same_length
from hgx_lab.learning.losses._interface import LossValue, checked_classes, checked_scale
from hgx_lab.learning.losses._sigmoid import sigmoid

__all__ = ["Correlation", "CorrelationSigmoid"]


def _correlation(outputs: Floats, targets: Floats, floor: float) -> tuple[float, Floats]:
    """Pearson's rho with outputs whose spread is widened by ``floor``, and its gradient (1/A).

    rho = <t, o> / sqrt(|o|^2 + n floor^2) with o and t centred and |t| = 1. Without a floor rho has no limit
    where all outputs agree; with it rho is 0 there, smooth, and its gradient points along the targets. Where
    the spread is r times the floor the effect is 1/(2 r^2).
    """
    # In units of the floor, so that squares of 1e-9 A stay far from underflow.
    centred = (outputs - outputs.mean()) / floor
    wanted = targets - targets.mean()
    length = float(np.linalg.norm(wanted))
    if length == 0:
        raise LearningError(f"All targets are {targets[0]:g}; a correlation needs targets that differ.")
    wanted = wanted / length
    norm = float(np.sqrt(centred @ centred + centred.size))
    rho = float(wanted @ centred) / norm
    return rho, (wanted - rho * centred / norm) / (norm * floor)


@dataclass(frozen=True, slots=True)
class Correlation:
    """1 - rho, with rho Pearson's correlation of outputs and targets: 0 at best, 2 at worst.

    It is blind to the size and the offset of the outputs. Any targets that aren't all the same will do.

    Parameters
    ----------
    floor:
        Spread of the outputs, in A, below which they count as uncorrelated (rho goes to 0 smoothly). Far
        below the resolution of the measurement it only removes the singularity.
    """

    floor: float = 1e-12

    def __post_init__(self) -> None:
        checked_scale(self.floor, "The floor of the correlation")

    def evaluate(self, outputs: Floats, targets: Floats) -> LossValue:
        """See :class:`Loss`."""
        outputs, targets = same_length(outputs, targets)
        rho, gradient = _correlation(outputs, targets, self.floor)
        return LossValue(1 - rho, -gradient)


@dataclass(frozen=True, slots=True)
class CorrelationSigmoid:
    """(1.1 - rho) / (sigmoid((min high - max low - separation) / scale) + 0.05).

    The loss commonly used to train dopant networks as classifiers: the correlation finds the shape, the
    sigmoid rewards a gap between the lowest output of class 1 and the highest of class 0. Its range is about
    0.095 to 42.

    The gradient is exact. Where several cases share the lowest (highest) output, the loss has a kink and the
    gradient is the mean of theirs, which belongs to the subdifferential. Where all outputs agree, see
    ``floor``.

    Parameters
    ----------
    separation:
        Gap at which the sigmoid is one half, A.
    scale:
        Width of the sigmoid, A.
    floor:
        As in :class:`Correlation`, A.
    """

    separation: float = 5e-9
    scale: float = 3e-9
    floor: float = 1e-12

    def __post_init__(self) -> None:
        checked_scale(self.scale, "The scale of the sigmoid")
        checked_scale(self.floor, "The floor of the correlation")

    def evaluate(self, outputs: Floats, targets: Floats) -> LossValue:
        """See :class:`Loss`; the targets are 0 and 1."""
        outputs, ones = checked_classes(outputs, targets)
        rho, rho_gradient = _correlation(outputs, ones.astype(np.float64), self.floor)
        gap = outputs[ones].min() - outputs[~ones].max()
        gap_gradient = _share(ones & (outputs == outputs[ones].min())) - _share(
            ~ones & (outputs == outputs[~ones].max())
        )
        argument = np.asarray((gap - self.separation) / self.scale)
        reward = float(sigmoid(argument))
        slope = reward * float(sigmoid(-argument)) / self.scale
        denominator = reward + 0.05
        value = (1.1 - rho) / denominator
        return LossValue(value, -(rho_gradient + value * slope * gap_gradient) / denominator)


def _share(chosen: NDArray[np.bool_]) -> Floats:
    """One, shared evenly among the chosen cases."""
    return chosen / np.count_nonzero(chosen)
