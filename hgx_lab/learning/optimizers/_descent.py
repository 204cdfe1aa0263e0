"""Gradient descent, plain and with momentum."""

from __future__ import annotations

import numpy as np

from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.optimizers._box import Box
from hgx_lab.learning.optimizers._interface import State
from hgx_lab.learning.optimizers._motion import Motion, checked_fraction, restored_vector
from hgx_lab.learning.optimizers._schedules import RateSchedule

__all__ = ["GradientDescent", "Momentum"]


class GradientDescent:
    """V <- V - rate * gradient, projected onto the box.

    Parameters
    ----------
    box:
        Bounds of the controls.
    rate:
        V^2 per unit of loss: a gradient of 1/V moves a control by ``rate`` volts.
    schedule:
        Factor on the rate by iteration since the last start; constant by default.
    largest_step:
        Limit of the largest component of a step, V; the direction is kept.
    """

    def __init__(
        self,
        box: Box,
        rate: float = 0.01,
        *,
        schedule: RateSchedule | None = None,
        largest_step: float | None = None,
    ) -> None:
        self._motion = Motion(box, rate, schedule, largest_step)

    @property
    def rate(self) -> float:
        """Learning rate of the coming step."""
        return self._motion.rate

    def step(self, controls: Floats, gradient: Floats) -> Floats:
        """See :class:`Optimizer`."""
        controls, gradient = self._motion.check(controls, gradient)
        free = np.where(self._motion.box.blocked(controls, -gradient), 0.0, gradient)
        return self._motion.move(controls, -self._motion.rate * free)

    def reset(self) -> None:
        """See :class:`Optimizer`."""
        self._motion.iteration = 0

    def state(self) -> State:
        """See :class:`Optimizer`."""
        return self._motion.state("gradient-descent")

    def restore(self, state: State) -> None:
        """See :class:`Optimizer`."""
        self._motion.restore(state, "gradient-descent")


class Momentum:
    """u <- momentum * u + gradient; V <- V - rate * u, projected onto the box (Polyak's heavy ball).

    With ``nesterov`` the step is taken along gradient + momentum * u, the form in which the gradient is
    measured at the controls themselves. A control that a step would carry out of the box stops there with
    velocity 0, and gathers none while the gradient keeps pushing it outward.

    Parameters are those of :class:`GradientDescent`; ``momentum`` lies in [0, 1).
    """

    def __init__(
        self,
        box: Box,
        rate: float = 0.005,
        momentum: float = 0.8,
        *,
        nesterov: bool = False,
        schedule: RateSchedule | None = None,
        largest_step: float | None = None,
    ) -> None:
        self._motion = Motion(box, rate, schedule, largest_step)
        self._momentum = checked_fraction(momentum, "The momentum")
        self._nesterov = nesterov
        self._velocity = np.zeros(box.size)

    @property
    def rate(self) -> float:
        """Learning rate of the coming step."""
        return self._motion.rate

    def step(self, controls: Floats, gradient: Floats) -> Floats:
        """See :class:`Optimizer`."""
        box = self._motion.box
        controls, gradient = self._motion.check(controls, gradient)
        gradient = np.where(box.blocked(controls, -gradient), 0.0, gradient)
        self._velocity = self._momentum * self._velocity + gradient
        along = gradient + self._momentum * self._velocity if self._nesterov else self._velocity
        following = self._motion.move(controls, -self._motion.rate * along)
        self._velocity[box.blocked(following, -self._velocity)] = 0.0
        return following

    def reset(self) -> None:
        """See :class:`Optimizer`."""
        self._motion.iteration = 0
        self._velocity = np.zeros(self._motion.box.size)

    def state(self) -> State:
        """See :class:`Optimizer`."""
        return self._motion.state("momentum", velocity=self._velocity)

    def restore(self, state: State) -> None:
        """See :class:`Optimizer`."""
        velocity = restored_vector(state, "velocity", self._motion.box.size)
        self._motion.restore(state, "momentum")
        self._velocity = velocity
