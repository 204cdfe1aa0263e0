"""When a training is over, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hgx_lab.errors import LearningError
from hgx_lab.learning.scoring import Score

__all__ = ["StopDecision", "StopKind", "StopMonitor", "StopRules"]

StopKind = Literal["goal", "iterations", "duration"]


@dataclass(frozen=True, slots=True)
class StopDecision:
    """The end of a training: why, in words and numbers, and whether by a goal reached or a budget spent."""

    reason: str
    kind: StopKind


@dataclass(frozen=True, slots=True)
class StopRules:
    """When to stop. Goals (margin, accuracy, loss) must hold together; either budget ends the run by itself.

    Parameters
    ----------
    iterations:
        Budget of iterations, those after restarts included.
    margin:
        Goal: lowest output of class 1 less highest of class 0, A.
    accuracy:
        Goal: share of training cases on their side, in (0, 1].
    loss:
        Goal: loss at or below this.
    duration_seconds:
        Budget of time on the bench.
    confirm:
        Iterations in succession for which the goals must hold: more than one where noise could fake them.
    """

    iterations: int
    margin: float | None = None
    accuracy: float | None = None
    loss: float | None = None
    duration_seconds: float | None = None
    confirm: int = 1

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.confirm < 1:
            raise LearningError(f"A training of {self.iterations} iterations confirmed by {self.confirm} can't stop.")
        if self.accuracy is not None and not 0 < self.accuracy <= 1:
            raise LearningError(f"The accuracy to reach is {self.accuracy:g}; it lies in (0, 1].")
        if self.duration_seconds is not None and not self.duration_seconds > 0:
            raise LearningError(f"The longest duration is {self.duration_seconds:g} s; it must be positive.")

    @property
    def has_goal(self) -> bool:
        """Whether anything but a budget can end the run."""
        return not (self.margin is None and self.accuracy is None and self.loss is None)

    def confirmed_by(self, score: Score | None) -> bool:
        """Whether a validation, which has no loss, holds what the goals on margin and accuracy ask for."""
        if score is None:
            return self.margin is None and self.accuracy is None
        return (self.margin is None or score.margin >= self.margin) and (
            self.accuracy is None or score.accuracy >= self.accuracy
        )


class StopMonitor:
    """Applies stop rules to one iteration after the other."""

    def __init__(self, rules: StopRules) -> None:
        self._rules = rules
        self._held = 0

    @property
    def rules(self) -> StopRules:
        """The rules it applies."""
        return self._rules

    def observe(
        self,
        iterations: int,
        *,
        loss: float,
        margin: float | None = None,
        accuracy: float | None = None,
        elapsed_seconds: float = 0.0,
    ) -> StopDecision | None:
        """Decide after ``iterations`` completed iterations; None to go on.

        ``margin`` (A) and ``accuracy`` are those of the last iteration; a goal on one that isn't given, as in
        a regression, raises :class:`LearningError`.
        """
        rules = self._rules
        met: list[str] = []
        if rules.margin is not None:
            value = _given(margin, "margin")
            met += [f"margin {value * 1e9:.3g} nA >= {rules.margin * 1e9:g} nA"] * (value >= rules.margin)
        if rules.accuracy is not None:
            value = _given(accuracy, "accuracy")
            met += [f"accuracy {value:.2%} >= {rules.accuracy:.2%}"] * (value >= rules.accuracy)
        if rules.loss is not None:
            met += [f"loss {loss:.4g} <= {rules.loss:g}"] * (loss <= rules.loss)
        goals = sum(goal is not None for goal in (rules.margin, rules.accuracy, rules.loss))
        self._held = self._held + 1 if goals and len(met) == goals else 0
        if self._held >= rules.confirm:
            held = f" for {self._held} iterations in succession" if rules.confirm > 1 else ""
            return StopDecision(f"{' and '.join(met)}{held} after {iterations} iterations", "goal")
        if iterations >= rules.iterations:
            unmet = " without reaching the goal" if rules.has_goal else ""
            return StopDecision(f"all {rules.iterations} iterations done{unmet}", "iterations")
        if rules.duration_seconds is not None and elapsed_seconds >= rules.duration_seconds:
            return StopDecision(
                f"{elapsed_seconds:.1f} s >= {rules.duration_seconds:g} s after {iterations} iterations",
                "duration",
            )
        return None

    def state(self) -> dict[str, Any]:
        """Everything :meth:`restore` needs, ready for JSON."""
        return {"held": self._held}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where :meth:`state` was taken."""
        held = state.get("held")
        if not isinstance(held, int) or held < 0:
            raise LearningError(f"This isn't the state of a stop monitor: {state}.")
        self._held = held


def _given(value: float | None, name: str) -> float:
    if value is None:
        raise LearningError(
            f"The training is to stop at a {name}, but this task has none.",
            remedy=f"Remove {name} from the stop rules, or take a classification.",
        )
    return value
