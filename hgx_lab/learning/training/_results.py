"""What a training reports, iteration by iteration and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hgx_lab.acquisition import Message
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.optimizers import State
from hgx_lab.learning.scoring import Score
from hgx_lab.learning.stopping import StopDecision
from hgx_lab.learning.tasks import CaseSet
from hgx_lab.signals.significance import sign_confidence

__all__ = ["CaseLabel", "Iteration", "Observer", "Outcome", "Validation"]


@dataclass(frozen=True, slots=True)
class CaseLabel:
    """What a segment is for: a case of an iteration, or of a pass of the validation of its controls."""

    purpose: str  # "train", "validate" or "test"
    iteration: int
    case: int
    turn: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Iteration:
    """Everything measured at one setting of the controls, and what follows from it.

    Shapes: K controls, n cases; V, A, A/V and 1/V. ``sample`` is the output sample at which these controls took
    effect. ``latency_samples`` counts from the last sample read for the update that set them to that sample; -1
    for a start. ``duty`` is the share of the bench's time that was integrated.
    """

    index: int
    start: int
    sample: int
    controls: Floats
    outputs: Floats
    outputs_std: Floats
    derivatives: Floats
    derivatives_std: Floats
    quadrature: Floats
    gradient: Floats
    gradient_std: Floats
    loss: float
    score: Score | None
    rate: float
    duty: float
    latency_samples: int
    clipped_cases: int

    @property
    def sign_confidence(self) -> float:
        """Share of the derivatives, of all cases and controls, whose sign is known; NaN where none has an error bar.

        See :mod:`hgx_lab.signals.significance`.
        """
        return sign_confidence(self.derivatives, self.derivatives_std)


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Outputs without tones at an iteration's controls: (repeats, cases) in A, their standard deviation, the score."""

    name: str
    iteration: int
    cases: CaseSet
    outputs: Floats
    outputs_std: Floats
    score: Score | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a training ended: why, with which controls, and what the validation says of them."""

    decision: StopDecision
    iterations: int
    restarts: int
    controls: Floats
    loss: float
    validations: tuple[Validation, ...]

    @property
    def solved(self) -> bool:
        """Whether the goal was reached, and confirmed by the validation without tones where there is one."""
        return self.decision.kind == "goal"


class Observer(Protocol):
    """Who listens to a training: the record, the progress display, a test."""

    def message(self, message: Message) -> None:
        """Hear whatever the acquisition hands over, in order."""
        ...

    def iteration(self, iteration: Iteration, checkpoint: State) -> None:
        """Hear of a completed iteration, with the state from which the next ones can be continued."""
        ...

    def validation(self, validation: Validation) -> None:
        """Hear of a completed validation."""
        ...
