"""From the sections task, loss, optimizer ... of a run file to the objects that learn."""

from __future__ import annotations

import numpy as np

from hgx_lab import learning
from hgx_lab.config import TrainRun
from hgx_lab.config import learning as how
from hgx_lab.config import tasks as what
from hgx_lab.learning.training import Wiring
from hgx_lab.signals import Floats

__all__ = [
    "make_box",
    "make_loss",
    "make_optimizer",
    "make_restarts",
    "make_start",
    "make_start_box",
    "make_stop",
    "make_task",
    "make_wiring",
]


def make_task(run: TrainRun) -> learning.Task:
    """Make the cases of a run."""
    task = run.task
    if isinstance(task, what.GateTask):
        return learning.boolean_gate(task.gate, task.inputs)
    if isinstance(task, what.FeatureTask):
        return learning.feature(f"{task.pattern:04b}", task.inputs)
    if isinstance(task, what.TableTask):
        return learning.from_table(
            task.file,
            list(task.inputs),
            task.target,
            electrodes=list(task.inputs.values()),
            kind="classification" if task.targets == "classes" else "regression",
            test=task.test_file or task.test_fraction,
            seed=run.seed,
        )
    make = learning.sphere if isinstance(task, what.SphereTask) else learning.ring
    return make(
        task.inputs,
        training=task.points,
        test=task.test_points,
        radius=task.radius,
        gap=task.gap,
        seed=run.seed if task.seed is None else task.seed,
    )


def make_loss(run: TrainRun) -> learning.Loss:
    """Make the loss of a run."""
    loss = run.loss
    if isinstance(loss, how.CorrelationSigmoidLoss):
        return learning.CorrelationSigmoid(separation=loss.separation, scale=loss.scale)
    if isinstance(loss, how.CorrelationLoss):
        return learning.Correlation()
    if isinstance(loss, how.MeanSquaredLoss):
        return learning.MeanSquaredError(low=loss.low, high=loss.high)
    if isinstance(loss, how.LogisticLoss):
        return learning.Logistic(scale=loss.scale, threshold=None if loss.threshold == "learned" else loss.threshold)
    return learning.Fisher()


def make_box(run: TrainRun) -> learning.Box:
    """Bound the controls by their limits less the room of their tone."""
    controls = run.electrodes_with_role("control")
    room = np.array([run.tone_room(e) for e in controls])
    limits = np.array([e.limits for e in controls])
    return learning.Box(limits[:, 0] + room, limits[:, 1] - room)


def make_start_box(run: TrainRun, box: learning.Box) -> learning.Box:
    """Bound what random starts are drawn from: a share of the box around its middle."""
    middle, half = (box.lower + box.upper) / 2, run.start.share * (box.upper - box.lower) / 2
    return learning.Box(middle - half, middle + half)


def make_start(run: TrainRun, start_box: learning.Box, rng: np.random.Generator) -> Floats:
    """Take the first controls from the run file, or draw them."""
    drawn = learning.random_start(start_box, rng)
    given = [e.start for e in run.electrodes_with_role("control")]
    return np.array([d if isinstance(g, str) else g for g, d in zip(given, drawn, strict=True)])


def make_optimizer(run: TrainRun, box: learning.Box) -> learning.Optimizer:
    """Make the optimizer of a run."""
    optimizer = run.optimizer
    shared = {"schedule": _schedule(optimizer.schedule), "largest_step": optimizer.largest_step}
    if isinstance(optimizer, how.Adam):
        return learning.Adam(
            box,
            optimizer.rate,
            beta1=optimizer.beta1,
            beta2=optimizer.beta2,
            epsilon=optimizer.epsilon,
            **shared,
        )
    if isinstance(optimizer, how.Momentum):
        return learning.Momentum(box, optimizer.rate, momentum=optimizer.momentum, **shared)
    return learning.GradientDescent(box, optimizer.rate, **shared)


def _schedule(schedule: how.Schedule) -> learning.RateSchedule:
    if isinstance(schedule, how.ExponentialSchedule):
        return learning.ExponentialRate(half_life=schedule.half_life)
    if isinstance(schedule, how.CosineSchedule):
        return learning.CosineRate(iterations=schedule.iterations, final=schedule.final)
    if isinstance(schedule, how.StepSchedule):
        return learning.StepRate(every=schedule.every, ratio=schedule.factor)
    return learning.ConstantRate()


def make_restarts(run: TrainRun) -> learning.RestartPolicy:
    """Make the restart policy of a run."""
    restart = run.restart
    if restart is None:
        return learning.RestartPolicy(maximum=0)
    return learning.RestartPolicy(restart.patience, restart.maximum, restart.minimum_improvement)


def make_stop(run: TrainRun) -> learning.StopMonitor:
    """Make the stop rules of a run."""
    stop = run.stop
    rules = learning.StopRules(
        iterations=stop.iterations,
        margin=stop.margin,
        accuracy=stop.accuracy,
        loss=stop.loss,
        duration_seconds=stop.duration,
        confirm=stop.confirm,
    )
    return learning.StopMonitor(rules)


def make_wiring(run: TrainRun, task: learning.Task, toned: tuple[int, ...]) -> Wiring:
    """Say which electrode does what; ``toned`` are the electrodes with a tone, in the order of the tones."""
    names = [e.name for e in run.electrodes]
    controls = tuple(i for i, e in enumerate(run.electrodes) if e.role == "control")
    fixed = [e.value if e.role == "fixed" and e.value is not None else e.rest for e in run.electrodes]
    return Wiring(
        fixed_volts=np.array(fixed),
        controls=controls,
        inputs=tuple(names.index(name) for name in task.input_names),
        tone_of_control=tuple(toned.index(i) for i in controls),
    )
