"""When to give a start up and begin anew from random controls."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, as_vector

__all__ = ["Best", "RestartPolicy"]


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The lowest loss met so far, over all starts."""

    loss: float
    iteration: int
    start: int
    controls: Floats


class RestartPolicy:
    """Gives a start up when its loss has not improved for a while, and remembers the best controls of all
    starts.

    A start is given up after ``patience`` iterations without the loss falling ``minimum_improvement`` below
    the level of its last such fall. On rugged landscapes, where one random setting in ten to a hundred leads
    to a solution, a short patience beats a long one: what a bad start would gain by persisting, several fresh
    ones gain sooner.

    Parameters
    ----------
    patience:
        Iterations without improvement that are waited for.
    maximum:
        Number of restarts at most; 0 for none, None for no limit.
    minimum_improvement:
        What counts as an improvement: a fall of the loss by this share of its value.
    """

    def __init__(self, patience: int = 10, maximum: int | None = None, minimum_improvement: float = 0.02) -> None:
        if patience < 1 or (maximum is not None and maximum < 0) or not 0 <= minimum_improvement < 1:
            raise LearningError(
                f"Restarts with patience {patience}, maximum {maximum}, minimum improvement {minimum_improvement:g}.",
                remedy="Take a patience of 1 or more, a maximum of 0 or more or none, and a share in [0, 1).",
            )
        self._patience = patience
        self._maximum = maximum
        self._improvement = minimum_improvement
        self._restarts = 0
        self._level = inf
        self._waited = 0
        self._best: Best | None = None

    @property
    def best(self) -> Best | None:
        """The best so far; None before the first observation."""
        return self._best

    @property
    def restarts(self) -> int:
        """Restarts decided so far."""
        return self._restarts

    def observe(self, iteration: int, loss: float, controls: Floats) -> bool:
        """Take an iteration in: its loss, measured at controls (K,). True when the next is to be a random
        start.

        The caller then draws new controls and resets its optimizer.
        """
        controls = as_vector(controls, "controls")
        if not isfinite(loss):
            raise LearningError(f"The loss of iteration {iteration} is {loss}, not a finite number.")
        if self._best is None or loss < self._best.loss:
            self._best = Best(loss, iteration, self._restarts, controls.copy())
        if self._level == inf or loss < self._level - self._improvement * abs(self._level):
            self._level, self._waited = loss, 0
            return False
        self._waited += 1
        if self._waited < self._patience or (self._maximum is not None and self._restarts >= self._maximum):
            return False
        self._restarts += 1
        self._level, self._waited = inf, 0
        return True

    def state(self) -> dict[str, Any]:
        """Everything :meth:`restore` needs, ready for JSON."""
        best = self._best
        return {
            "restarts": self._restarts,
            "level": None if self._level == inf else self._level,
            "waited": self._waited,
            "best": None
            if best is None
            else {
                "loss": best.loss,
                "iteration": best.iteration,
                "start": best.start,
                "controls": best.controls.tolist(),
            },
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where :meth:`state` was taken."""
        try:
            best: dict[str, Any] | None = state["best"]
            restored = (
                None
                if best is None
                else Best(
                    float(best["loss"]),
                    int(best["iteration"]),
                    int(best["start"]),
                    np.array(best["controls"], dtype=np.float64),
                )
            )
            level = inf if state["level"] is None else float(state["level"])
            restarts, waited = int(state["restarts"]), int(state["waited"])
        except (KeyError, TypeError, ValueError) as error:
            raise LearningError(f"This isn't the state of a restart policy: {error!r}.") from error
        self._restarts, self._level, self._waited, self._best = restarts, level, waited, restored
