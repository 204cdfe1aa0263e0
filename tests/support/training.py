"""A training on the small rig: two controls, one input, tones on all three electrodes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hgx_lab.acquisition import Event, EventKind, Message, PlacedSegment, Reading
from hgx_lab.learning import (
    Box,
    CaseSet,
    Correlation,
    GradientDescent,
    Loss,
    Optimizer,
    RestartPolicy,
    StopMonitor,
    StopRules,
    Task,
)
from hgx_lab.learning.training import (
    Iteration,
    Outcome,
    Timing,
    Trainer,
    TrainingSetup,
    Validation,
    ValidationTiming,
    Wiring,
)
from hgx_lab.signals import ChainResponse
from tests.support.rig import RATE, Rig

START = (0.2, -0.3)
REGRESSION = Task(
    "ramp",
    ("e2",),
    CaseSet(np.array([[-0.6], [-0.1], [0.3], [0.7]]), np.array([0.0, 0.7, 0.2, 1.0]), ("p", "q", "r", "s")),
    kind="regression",
)
CLASSES = Task("sign", ("e2",), CaseSet(np.array([[-0.5], [0.5]]), np.array([0.0, 1.0]), ("low", "high")))


@dataclass
class Log:
    """An observer that keeps everything, and insists that checkpoints survive JSON."""

    messages: list[Message] = field(default_factory=list)
    iterations: list[Iteration] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)

    def message(self, message: Message) -> None:
        self.messages.append(message)

    def iteration(self, iteration: Iteration, checkpoint: dict[str, Any]) -> None:
        self.iterations.append(iteration)
        self.checkpoints.append(json.loads(json.dumps(checkpoint)))

    def validation(self, validation: Validation) -> None:
        self.validations.append(validation)

    def events(self, kind: EventKind) -> list[Event]:
        return [m for m in self.messages if isinstance(m, Event) and m.kind is kind]

    def segments(self) -> list[PlacedSegment]:
        return [m for m in self.messages if isinstance(m, PlacedSegment)]

    def readings(self) -> list[Reading]:
        return [m for m in self.messages if isinstance(m, Reading)]


def train_on(
    rig: Rig,
    *,
    iterations: int = 6,
    task: Task = REGRESSION,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    restarts: RestartPolicy | None = None,
    rules: StopRules | None = None,
    amplitude: float = 1e-5,
    checkpoint: dict[str, Any] | None = None,
    validation: ValidationTiming | None = None,
    timing: dict[str, Any] | None = None,
    start: tuple[float, float] = START,
    seed: int = 5,
) -> tuple[Outcome, Log]:
    """Train the controls e0 and e1; what happened, and its outcome."""
    log = Log()
    box = Box(np.full(2, -0.9), np.full(2, 0.9))
    defaults: dict[str, Any] = {"slope": 500.0, "settle": 10, "periods": 2, "update": "wait"}
    setup = TrainingSetup(
        task=task,
        loss=loss or Correlation(),
        box=box,
        start_box=box,
        wiring=Wiring(np.zeros(3), (0, 1), (2,), (0, 1)),
        timing=Timing(**defaults | (timing or {})),
        validation=validation,
        amplitude=np.full(3, amplitude),
        response=ChainResponse(rig.plan.delay_samples / RATE),
    )
    stream = rig.stream()
    try:
        with stream:
            trainer = Trainer(
                stream,
                setup,
                optimizer or GradientDescent(box, 0.05),
                restarts or RestartPolicy(maximum=0),
                StopMonitor(rules or StopRules(iterations)),
                start=np.array(start),
                seed_generator=np.random.default_rng(seed),
                observer=log,
            )
            if checkpoint is not None:
                trainer.restore(checkpoint)
            outcome = trainer.run()
    finally:
        for message in stream.leftovers():
            log.message(message)
    rig.assert_safe()
    rig.assert_at_rest()
    return outcome, log
