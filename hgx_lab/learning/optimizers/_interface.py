"""What an optimizer is."""

from __future__ import annotations

from typing import Any, Protocol

from hgx_lab.learning._arrays import Floats

__all__ = ["Optimizer", "State"]

#: What a checkpoint stores: strings, numbers, lists of numbers and nested dicts of them; exact through JSON.
State = dict[str, Any]


class Optimizer(Protocol):
    """A rule that moves K controls down a gradient without leaving their box."""

    @property
    def rate(self) -> float:
        """Learning rate of the coming step, in the unit of the optimizer."""
        ...

    def step(self, controls: Floats, gradient: Floats) -> Floats:
        """New controls, (K,) in V, from controls, (K,) in V, and the gradient of the loss, (K,) in 1/V.

        Raises :class:`~hgx_lab.errors.LearningError` when a value isn't finite or the lengths don't fit.
        """
        ...

    def reset(self) -> None:
        """Forget velocities, moments and the schedule's counter, as at a start from new controls."""
        ...

    def state(self) -> State:
        """Everything that :meth:`restore` needs to go on exactly as before, ready for JSON."""
        ...

    def restore(self, state: State) -> None:
        """Take over a state; :class:`~hgx_lab.errors.LearningError` when it belongs to another optimizer."""
        ...
