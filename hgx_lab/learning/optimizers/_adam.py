"""Adam within a box."""

from __future__ import annotations

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.optimizers._box import Box
from hgx_lab.learning.optimizers._interface import State
from hgx_lab.learning.optimizers._motion import Motion, checked_fraction, restored_vector
from hgx_lab.learning.optimizers._schedules import RateSchedule

__all__ = ["Adam"]


class Adam:
    """Adam (Kingma and Ba, 2015, algorithm 1), projected onto the box.

    The raw moments are kept, and corrected for their start at zero when they are used:
    V <- V - rate * (m / (1 - beta1^n)) / (sqrt(v / (1 - beta2^n)) + epsilon), n being the number of gradients
    a control has taken in. A control on a bound takes none in while the gradient points outward, and loses
    its first moment there, so that it leaves the bound at once when the gradient turns.

    Parameters
    ----------
    box:
        Bounds of the controls.
    rate:
        About the step of a control, V.
    beta1, beta2:
        Memories of gradient and squared gradient, in [0, 1).
    epsilon:
        Gradient, in 1/V, well below which a control slows down; the losses here have gradients of 0.1 to 10
        per volt until they are solved.
    schedule:
        Factor on the rate by iteration since the last start; constant by default.
    largest_step:
        Limit of the largest component of a step, V; the direction is kept.
    """

    def __init__(
        self,
        box: Box,
        rate: float = 0.05,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-3,
        *,
        schedule: RateSchedule | None = None,
        largest_step: float | None = None,
    ) -> None:
        if not (np.isfinite(epsilon) and epsilon > 0):
            raise LearningError(f"Adam's epsilon is {epsilon:g} per volt; it must be positive.")
        self._motion = Motion(box, rate, schedule, largest_step)
        self._beta1 = checked_fraction(beta1, "beta1")
        self._beta2 = checked_fraction(beta2, "beta2")
        self._epsilon = epsilon
        self.reset()

    @property
    def rate(self) -> float:
        """Learning rate of the coming step."""
        return self._motion.rate

    def step(self, controls: Floats, gradient: Floats) -> Floats:
        """See :class:`Optimizer`."""
        box = self._motion.box
        controls, gradient = self._motion.check(controls, gradient)
        taken = ~box.blocked(controls, -gradient)
        first = self._beta1 * self._first + (1 - self._beta1) * gradient
        second = self._beta2 * self._second + (1 - self._beta2) * gradient**2
        self._first = np.where(taken, first, 0.0)
        self._second = np.where(taken, second, self._second)
        self._taken = self._taken + taken
        age = np.maximum(self._taken, 1.0)  # a control that never took a gradient in has moments of 0 anyway
        mean = self._first / (1 - self._beta1**age)
        root = np.sqrt(self._second / (1 - self._beta2**age))
        following = self._motion.move(controls, -self._motion.rate * mean / (root + self._epsilon))
        self._first[box.blocked(following, -self._first)] = 0.0
        return following

    def reset(self) -> None:
        """See :class:`Optimizer`."""
        size = self._motion.box.size
        self._motion.iteration = 0
        self._first = np.zeros(size)
        self._second = np.zeros(size)
        self._taken = np.zeros(size)

    def state(self) -> State:
        """See :class:`Optimizer`."""
        return self._motion.state("adam", first_moment=self._first, second_moment=self._second, taken=self._taken)

    def restore(self, state: State) -> None:
        """See :class:`Optimizer`."""
        size = self._motion.box.size
        first, second, taken = (
            restored_vector(state, name, size) for name in ("first_moment", "second_moment", "taken")
        )
        self._motion.restore(state, "adam")
        self._first, self._second, self._taken = first, second, taken
