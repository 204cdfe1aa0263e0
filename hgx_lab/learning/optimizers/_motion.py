"""What all optimizers share: rate, schedule, the longest step, the box, and the checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, as_vector
from hgx_lab.learning.optimizers._box import Box
from hgx_lab.learning.optimizers._interface import State
from hgx_lab.learning.optimizers._schedules import ConstantRate, RateSchedule

__all__ = ["Motion", "checked_fraction", "restored_vector"]


class Motion:
    """Moves controls by a displacement: scheduled rate, step limit, projection onto the box.

    Parameters
    ----------
    box:
        Bounds of the controls.
    rate:
        Learning rate; its unit is the optimizer's.
    schedule:
        Factor on the rate; constant by default.
    largest_step:
        Limit of the largest component of a step, V. A longer step is shortened as a whole: its direction
        stays.
    """

    def __init__(
        self, box: Box, rate: float, schedule: RateSchedule | None = None, largest_step: float | None = None
    ) -> None:
        if not (np.isfinite(rate) and rate > 0):
            raise LearningError(f"The learning rate is {rate:g}; it must be positive.")
        if largest_step is not None and not (np.isfinite(largest_step) and largest_step > 0):
            raise LearningError(f"The largest step is {largest_step:g} V; it must be positive.")
        self.box = box
        self.iteration = 0
        self._rate = rate
        self._schedule: RateSchedule = schedule if schedule is not None else ConstantRate()
        self._largest_step = largest_step

    @property
    def rate(self) -> float:
        """The rate of the coming step."""
        return self._rate * self._schedule.factor(self.iteration)

    def check(self, controls: Floats, gradient: Floats) -> tuple[Floats, Floats]:
        """Both as finite vectors as long as the box, the controls inside it."""
        controls = as_vector(controls, "controls", self.box.size)
        return self.box.project(controls), as_vector(gradient, "gradient", self.box.size)

    def move(self, controls: Floats, displacement: Floats) -> Floats:
        """The new controls; counts the iteration."""
        largest = float(np.max(np.abs(displacement)))
        if self._largest_step is not None and largest > self._largest_step:
            displacement = displacement * (self._largest_step / largest)
        self.iteration += 1
        return self.box.project(controls + displacement)

    def state(self, kind: str, **vectors: Floats) -> State:
        """A state of an optimizer of a kind, with its vectors as lists."""
        return {"kind": kind, "iteration": self.iteration} | {name: v.tolist() for name, v in vectors.items()}

    def restore(self, state: State, kind: str) -> None:
        """Take the iteration over; refuse the state of another kind of optimizer."""
        if state.get("kind") != kind:
            raise LearningError(f"A state of the optimizer {state.get('kind')!r} can't be restored into {kind!r}.")
        iteration: Any = state.get("iteration")
        if not isinstance(iteration, int) or iteration < 0:
            raise LearningError(f"The optimizer's state has the iteration {iteration!r}.")
        self.iteration = iteration


def restored_vector(state: State, name: str, size: int) -> Floats:
    """A vector of a state, checked."""
    if name not in state:
        raise LearningError(f"The optimizer's state has no {name!r}.")
    return as_vector(state[name], name, size).copy()


def checked_fraction(value: float, name: str) -> float:
    """A memory in [0, 1)."""
    if not 0 <= value < 1:
        raise LearningError(f"{name} is {value:g}; it lies in [0, 1).")
    return value
