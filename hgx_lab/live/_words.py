"""What a run says to those who watch it: small frozen messages, from one process to another or within one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition import Event
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.live._describe import RunDescription
from hgx_lab.live._snapshot import Confirmation, Floats, LiveEvent, Measured
from hgx_lab.live._state import RunState
from hgx_lab.signals.significance import std_of_mean

__all__ = ["Beat", "Samples", "Turned", "Volts", "Whole", "Word", "Worked", "measured_of", "row_of"]


@dataclass(frozen=True, slots=True)
class Turned:
    """The run is in another state now."""

    state: RunState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """The run's process lives: seconds since the run began."""

    elapsed_seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A block of the first input, A."""

    start: int
    current: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Volts:
    """DC voltages of all electrodes, (E,) V."""

    dc: Floats


@dataclass(frozen=True, slots=True)
class Worked:
    """How far a measurement is."""

    done: int
    total: int
    figures: str


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """A completed iteration: whole, and as a row of the history."""

    measured: Measured
    duty: float
    latency_samples: int


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """Everything so far, for who comes late."""

    description: RunDescription | None
    state: RunState
    detail: str
    elapsed_seconds: float
    events: tuple[LiveEvent, ...]
    history: dict[str, Floats]
    seen: int
    latest: Measured | None
    confirmations: tuple[Confirmation, ...]
    volts: Floats | None
    progress: tuple[int, int, str] | None
    latencies: tuple[int, ...] = field(default=())


Word = Turned | Beat | Samples | Volts | Worked | Stepped | Whole | RunDescription | LiveEvent | Confirmation


def live_event(event: Event, now: float) -> LiveEvent:
    """An event of the acquisition, as those who watch get it."""
    return LiveEvent(str(event.kind), event.message, event.sample, now, dict(event.data))


def stepped(iteration: Iteration) -> Stepped:
    """An iteration of a training, as those who watch get it."""
    return Stepped(measured_of(iteration), iteration.duty, iteration.latency_samples)


def measured_of(iteration: Iteration) -> Measured:
    """An iteration of a training without what only the training needs."""
    score = iteration.score
    nan = float("nan")
    return Measured(
        index=iteration.index,
        restart=iteration.start,
        controls=iteration.controls,
        outputs=iteration.outputs,
        outputs_std=iteration.outputs_std,
        derivatives=iteration.derivatives,
        derivatives_std=iteration.derivatives_std,
        quadrature=iteration.quadrature,
        gradient=iteration.gradient,
        gradient_std=iteration.gradient_std,
        loss=iteration.loss,
        accuracy=nan if score is None else score.accuracy,
        margin=nan if score is None else score.margin,
        threshold=nan if score is None else score.threshold,
        clipped_cases=iteration.clipped_cases,
    )


def row_of(step: Stepped) -> dict[str, object]:
    """A row of the history."""
    m = step.measured
    return {
        "iteration": m.index,
        "restart": m.restart,
        "loss": m.loss,
        "accuracy": m.accuracy,
        "margin": m.margin,
        "duty": step.duty,
        "latency_samples": step.latency_samples,
        "controls": m.controls,
        "gradient": m.gradient,
        "gradient_std": m.gradient_std,
        "derivative": m.derivatives.mean(axis=0),
        "derivative_std": std_of_mean(m.derivatives_std),
        "quadrature": m.quadrature.mean(axis=0),
    }


def confirmation(validation: Validation) -> Confirmation:
    """A validation: the mean of its passes over the cases."""
    score = validation.score
    nan = float("nan")
    return Confirmation(
        iteration=validation.iteration,
        outputs=validation.outputs.mean(axis=0),
        outputs_std=std_of_mean(validation.outputs_std),
        accuracy=nan if score is None else score.accuracy,
        margin=nan if score is None else score.margin,
        threshold=nan if score is None else score.threshold,
        set=validation.name,
    )
