"""The training loop against exact gradients, and against what each kind of update promises."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import pytest

from hgx_drivers.simulated.devices import Device, LinearDevice, SmoothDevice
from hgx_lab.acquisition import EventKind
from hgx_lab.errors import LearningError
from hgx_lab.learning import (
    Adam,
    Box,
    Correlation,
    CorrelationSigmoid,
    Fisher,
    GradientDescent,
    Logistic,
    Loss,
    MeanSquaredError,
    Momentum,
    RestartPolicy,
    StopRules,
    Task,
)
from hgx_lab.learning.training import ValidationTiming
from tests.support.rig import CONDUCTANCES, PERIOD, make_rig
from tests.support.training import CLASSES, REGRESSION, START, train_on

BOX = Box(np.full(2, -0.9), np.full(2, 0.9))
RATE = 0.02


def volts_of(controls: np.ndarray, task: Task) -> np.ndarray:
    """(electrodes, cases)."""
    cases = task.training.inputs[:, 0]
    return np.array([np.full(cases.shape, controls[0]), np.full(cases.shape, controls[1]), cases])


def loss_at(device: Device, loss: Loss, task: Task, controls: np.ndarray) -> float:
    return loss.evaluate(device.current(volts_of(controls, task))[0], task.training.targets).value


def gradient_at(device: Device, loss: Loss, task: Task, controls: np.ndarray) -> np.ndarray:
    """Central differences of the loss over the bare device: knows no tone, no chain rule, no derivative."""
    step = 1e-5
    return np.array(
        [
            (loss_at(device, loss, task, controls + shift) - loss_at(device, loss, task, controls - shift)) / (2 * step)
            for shift in step * np.eye(2)
        ]
    )


LOSSES: list[tuple[Loss, Task]] = [
    (Correlation(), REGRESSION),
    (MeanSquaredError(-5e-9, 20e-9), REGRESSION),
    (CorrelationSigmoid(5e-9, 3e-9), CLASSES),
    (Logistic(3e-9, threshold=1e-9), CLASSES),
]


@pytest.mark.parametrize("delay", [0, 7])
@pytest.mark.parametrize(("loss", "task"), LOSSES, ids=lambda x: type(x).__name__)
def test_the_gradient_is_that_of_the_device(loss: Loss, task: Task, delay: int) -> None:
    device = SmoothDevice(5, 3)
    _, log = train_on(make_rig(device, delay=delay), loss=loss, task=task, iterations=4)
    assert len(log.iterations) == 4
    for iteration in log.iterations:
        volts = volts_of(iteration.controls, task)
        np.testing.assert_allclose(iteration.outputs, device.current(volts)[0], rtol=0, atol=1e-16)
        slopes = device.jacobian(volts)[0, :2].T
        np.testing.assert_allclose(iteration.derivatives, slopes, rtol=0, atol=1e-7 * np.abs(slopes).max())
        exact = gradient_at(device, loss, task, iteration.controls)
        np.testing.assert_allclose(iteration.gradient, exact, rtol=0, atol=2e-6 * np.abs(exact).max())
        assert iteration.loss == pytest.approx(loss_at(device, loss, task, iteration.controls), rel=1e-6)
        assert np.all(np.abs(iteration.quadrature) < 1e-7 * np.abs(slopes).max())


def test_the_bias_of_the_gradient_falls_with_the_square_of_the_amplitude() -> None:
    device = SmoothDevice(5, 3)
    exact = gradient_at(device, Correlation(), REGRESSION, np.array(START))
    errors = []
    for amplitude in (0.08, 0.04, 0.02):
        _, log = train_on(make_rig(device), iterations=1, amplitude=amplitude)
        errors.append(np.abs(log.iterations[0].gradient - exact).max())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_a_linear_device_has_no_bias_at_any_amplitude() -> None:
    _, log = train_on(
        make_rig(LinearDevice(CONDUCTANCES)), iterations=2, amplitude=0.05, loss=MeanSquaredError(0, 1e-8)
    )
    for iteration in log.iterations:
        expected = np.tile(np.array(CONDUCTANCES)[:2], (4, 1))
        np.testing.assert_allclose(iteration.derivatives, expected, rtol=1e-10)
        np.testing.assert_allclose(iteration.outputs, np.array(CONDUCTANCES) @ volts_of(iteration.controls, REGRESSION))


def test_while_it_waits_each_gradient_moves_the_next_iteration() -> None:
    rig = make_rig(SmoothDevice(5, 3), lead=75)
    outcome, log = train_on(rig, optimizer=GradientDescent(BOX, RATE), iterations=7)
    controls = [i.controls for i in log.iterations]
    np.testing.assert_array_equal(controls[0], START)
    for before, after, iteration in zip(controls, controls[1:], log.iterations, strict=False):
        np.testing.assert_allclose(after, before - RATE * iteration.gradient, rtol=0, atol=1e-15)
    assert [i.latency_samples for i in log.iterations] == [-1] + 6 * [75]
    assert not log.events(EventKind.LATE_UPDATE)
    assert outcome.decision.kind == "iterations"
    losses = [i.loss for i in log.iterations]
    assert losses == sorted(losses, reverse=True)
    assert outcome.loss == min(losses)


@pytest.mark.parametrize("periods", [8, 2])
def test_in_flight_each_gradient_moves_the_iteration_after_those_in_flight(periods: int) -> None:
    rig = make_rig(SmoothDevice(5, 3))
    _, log = train_on(
        rig, optimizer=GradientDescent(BOX, RATE), iterations=9, timing={"update": "in-flight", "periods": periods}
    )
    shortest = 4 * (10 + periods * PERIOD)
    late = ceil((75 + 3 * 40) / shortest)
    assert late == 1
    controls = [i.controls for i in log.iterations]
    np.testing.assert_array_equal(controls[: late + 1], [START] * (late + 1))
    for k, iteration in enumerate(log.iterations[: -late - 1]):
        expected = controls[k + late] - RATE * iteration.gradient
        np.testing.assert_allclose(controls[k + late + 1], expected, rtol=0, atol=1e-15)
    # Nothing ever stands still: a segment of an iteration begins where the one before it ends.
    played = [s for s in log.segments() if s.segment.periods]
    for before, after in pairwise(played):
        assert before.end == after.start
    assert not log.events(EventKind.LATE_UPDATE)
    # A duty cycle below one is slopes and settling alone.
    ends = [max(s.end for s in played if s.segment.label.iteration == i) for i in range(9)]  # type: ignore[attr-defined]
    for i in range(1, 9):
        assert log.iterations[i].duty == pytest.approx(4 * periods * PERIOD / (ends[i] - ends[i - 1]))


def test_short_iterations_keep_more_of_them_in_flight_and_never_run_dry() -> None:
    rig = make_rig(SmoothDevice(5, 3), lead=600)
    _, log = train_on(
        rig,
        optimizer=GradientDescent(BOX, RATE),
        iterations=12,
        task=CLASSES,
        timing={"update": "in-flight", "periods": 1, "settle": 0},
    )
    assert not log.events(EventKind.LATE_UPDATE)
    late = ceil((600 + 3 * 40) / (2 * PERIOD))
    assert late > 1
    controls = [i.controls for i in log.iterations]
    for k, iteration in enumerate(log.iterations[: -late - 1]):
        expected = controls[k + late] - RATE * iteration.gradient
        np.testing.assert_allclose(controls[k + late + 1], expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("update", ["wait", "in-flight"])
@pytest.mark.parametrize("kind", ["momentum", "adam"])
def test_after_a_restart_nothing_of_the_start_before_is_used(kind: str, update: str) -> None:
    """Every start is given up at its second iteration; what was in flight then says nothing of the new start."""
    optimizer: Any = Momentum(BOX, RATE, 0.9) if kind == "momentum" else Adam(BOX, 0.05)
    rig = make_rig(SmoothDevice(5, 3))
    outcome, log = train_on(
        rig,
        optimizer=optimizer,
        restarts=RestartPolicy(patience=2, minimum_improvement=0.98),
        iterations=24,
        timing={"update": update, "periods": 3},
    )
    assert outcome.restarts >= 4
    starts = [i.start for i in log.iterations]
    assert starts == sorted(starts)
    late = 0 if update == "wait" else 1
    fresh: Any = Momentum if kind == "momentum" else Adam
    for start in range(1, outcome.restarts):
        of_start = [i for i in log.iterations if i.start == start]
        assert len(of_start) >= 2
        # Drawn anew, and where updates are in flight played again until its own first gradient is there.
        assert np.all(np.abs(of_start[0].controls - log.iterations[of_start[0].index - 1].controls) > 1e-6)
        np.testing.assert_array_equal(of_start[late].controls, of_start[0].controls)
        clean = fresh(BOX, RATE, 0.9) if kind == "momentum" else fresh(BOX, 0.05)
        newest = of_start[0].controls
        for k, iteration in enumerate(of_start[: -late - 1]):
            newest = clean.step(newest, iteration.gradient)
            np.testing.assert_allclose(of_start[k + late + 1].controls, newest, rtol=0, atol=1e-15)


class Rectifier:
    """I = k V2 V0^2 for V2 > 0: tones on e0 add k a^2/2 to the margin, which nobody wants validated away."""

    electrodes, outputs = 3, 1

    def current(self, volts: np.ndarray) -> np.ndarray:
        return 100e-9 * (volts[2:3] + 0.5) * volts[:1] ** 2

    def jacobian(self, volts: np.ndarray) -> np.ndarray:
        slope = 200e-9 * (volts[2] + 0.5) * volts[0]
        return np.array([[slope, np.zeros_like(slope), 100e-9 * volts[0] ** 2]])


class Rising:
    """A loss that falls with the margin of the two classes."""

    def evaluate(self, outputs: np.ndarray, targets: np.ndarray) -> Any:
        return MeanSquaredError(0.0, 100e-9).evaluate(outputs, targets)


CHECK = ValidationTiming(periods=1, settle=10, repeats=2)


@pytest.mark.parametrize("update", ["wait", "in-flight"])
def test_a_goal_counts_when_the_validation_without_tones_confirms_it(update: str) -> None:
    goal, amplitude = 9.2e-9, 0.1
    outcome, log = train_on(
        make_rig(Rectifier(), low=-1.1, high=1.1),
        task=CLASSES,
        loss=Rising(),
        optimizer=GradientDescent(BOX, 0.002),
        rules=StopRules(300, margin=goal),
        amplitude=amplitude,
        validation=CHECK,
        start=(0.29, 0.0),
        timing={"update": update},
    )
    assert outcome.solved
    assert outcome.decision.kind == "goal"
    with_tones = [i for i in log.iterations if i.score is not None and i.score.margin >= goal]
    assert len(log.validations) == len(with_tones) > 3
    for validation in log.validations[:-1]:
        assert validation.score is not None
        assert validation.score.margin < goal
    last = log.validations[-1]
    assert last.score is not None
    assert last.score.margin >= goal
    # The validation is of the bare device at exactly the controls of its iteration.
    for validation, iteration in zip(log.validations, with_tones, strict=True):
        truth = Rectifier().current(volts_of(iteration.controls, CLASSES))
        np.testing.assert_allclose(validation.outputs, np.repeat(truth, 2, axis=0), rtol=0, atol=1e-17)
        assert validation.iteration == iteration.index
    np.testing.assert_array_equal(outcome.controls, with_tones[-1].controls)
    assert outcome.validations == (last,)


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        (StopRules(12, margin=8.5e-9), "iterations"),
        (StopRules(10_000, margin=8.5e-9, duration_seconds=1.0), "duration"),
    ],
)
def test_a_goal_that_is_never_confirmed_ends_with_the_budget(rules: StopRules, kind: str) -> None:
    outcome, log = train_on(
        make_rig(Rectifier(), low=-1.1, high=1.1),
        task=CLASSES,
        loss=Rising(),
        optimizer=GradientDescent(BOX, 1e-9),
        rules=rules,
        amplitude=0.1,
        validation=CHECK,
        start=(0.29, 0.0),
    )
    assert not outcome.solved
    assert outcome.decision.kind == kind
    assert "wasn't confirmed without tones" in outcome.decision.reason
    assert len(log.validations) == len(log.iterations)


def test_at_the_end_of_the_budget_the_best_controls_are_validated() -> None:
    """Steps that are much too large: the last iteration isn't the best one."""
    outcome, log = train_on(
        make_rig(SmoothDevice(5, 3)), optimizer=GradientDescent(BOX, 20.0), iterations=8, validation=CHECK
    )
    losses = [i.loss for i in log.iterations]
    best = int(np.argmin(losses))
    assert best != len(losses) - 1
    assert (outcome.loss, outcome.iterations) == (losses[best], 8)
    np.testing.assert_array_equal(outcome.controls, log.iterations[best].controls)
    assert [v.iteration for v in outcome.validations] == [best]
    truth = SmoothDevice(5, 3).current(volts_of(log.iterations[best].controls, REGRESSION))[0]
    np.testing.assert_allclose(outcome.validations[0].outputs[0], truth, rtol=0, atol=1e-17)


@pytest.mark.parametrize("timing", [{"update": "wait"}, {"update": "in-flight", "order": "random"}])
@pytest.mark.parametrize("after", [0, 3, 8])
def test_a_training_from_a_checkpoint_is_the_rest_of_the_training(timing: dict[str, Any], after: int) -> None:
    """On a device without noise or memory nothing but the sample counter tells the two apart."""

    def run(checkpoint: dict[str, Any] | None) -> Any:
        return train_on(
            make_rig(SmoothDevice(5, 3)),
            optimizer=Adam(BOX, 0.1),
            restarts=RestartPolicy(patience=2, minimum_improvement=0.3),
            iterations=14,
            validation=CHECK,
            timing=timing,
            checkpoint=checkpoint,
        )

    whole_outcome, whole = run(None)
    outcome, rest = run(whole.checkpoints[after])
    assert [i.index for i in rest.iterations] == list(range(after + 1, 14))
    for resumed, original in zip(rest.iterations, whole.iterations[after + 1 :], strict=True):
        np.testing.assert_allclose(resumed.controls, original.controls, rtol=0, atol=1e-9)
        np.testing.assert_allclose(resumed.outputs, original.outputs, rtol=0, atol=1e-15)
        assert resumed.start == original.start
    for resumed, original in zip(rest.checkpoints, whole.checkpoints[after + 1 :], strict=True):
        assert resumed["generator"] == original["generator"]
        assert resumed["restarts"]["restarts"] == original["restarts"]["restarts"]
        for one, other in zip(resumed["pending"], original["pending"], strict=True):
            assert (one["index"], one["start"], one["order"]) == (other["index"], other["start"], other["order"])
    # The best of all iterations, those before the checkpoint included.
    np.testing.assert_allclose(outcome.controls, whole_outcome.controls, rtol=0, atol=1e-9)
    assert outcome.loss == pytest.approx(whole_outcome.loss, rel=1e-6)
    assert outcome.restarts == whole_outcome.restarts > 0


def test_a_checkpoint_of_something_else_is_refused() -> None:
    with pytest.raises(LearningError, match="checkpoint of a training"):
        train_on(make_rig(), checkpoint={"completed": 3})


@pytest.mark.parametrize("order", ["sequential", "alternating", "random"])
def test_cases_are_played_in_their_order_and_reported_in_theirs(order: str) -> None:
    device = SmoothDevice(5, 3)
    _, log = train_on(make_rig(device), iterations=6, timing={"order": order})
    played: dict[int, list[int]] = {}
    for placed in log.segments():
        if placed.segment.periods:
            label: Any = placed.segment.label
            played.setdefault(label.iteration, []).append(label.case)
    forward = list(range(4))
    if order == "sequential":
        assert list(played.values()) == [forward] * 6
    elif order == "alternating":
        assert list(played.values()) == [forward, forward[::-1]] * 3
    else:
        assert all(sorted(cases) == forward for cases in played.values())
        assert len({tuple(cases) for cases in played.values()}) > 2
    for iteration in log.iterations:
        truth = device.current(volts_of(iteration.controls, REGRESSION))[0]
        np.testing.assert_allclose(iteration.outputs, truth, rtol=0, atol=1e-16)


def test_ramped_playback_begins_and_ends_every_iteration_at_rest() -> None:
    rig = make_rig(SmoothDevice(5, 3), rest=(0.1, 0.0, -0.3))
    _, log = train_on(rig, iterations=4, timing={"playback": "ramped", "update": "in-flight"})
    history = rig.card.history[:, 1:]
    for iteration in log.iterations[1:]:
        np.testing.assert_allclose(history[:, iteration.sample - 1], (0.1, 0.0, -0.3), rtol=0, atol=1e-12)
    # It waits, whatever the update says: the first gradient moves the second iteration.
    assert np.any(log.iterations[1].controls != log.iterations[0].controls)
    assert not log.events(EventKind.LATE_UPDATE)


def test_clipped_cases_are_counted() -> None:
    rig = make_rig(LinearDevice((30e-9, 0.0, 40e-9)), clip=0.25)
    _, log = train_on(rig, iterations=2, loss=MeanSquaredError(0, 1e-8), optimizer=GradientDescent(BOX, 1e-9))
    # 0.2 V: 6 nA, and 40 nA/V on the input: |I| >= 25 nA for the case of 0.7 V alone.
    assert [i.clipped_cases for i in log.iterations] == [1, 1]
    assert len(log.events(EventKind.OVERLOAD)) == 2


def test_the_fisher_loss_needs_classes_and_says_so_in_a_running_stream() -> None:
    rig = make_rig()
    with pytest.raises(LearningError, match="targets 0 and 1"):
        train_on(rig, loss=Fisher())
    rig.assert_at_rest()
