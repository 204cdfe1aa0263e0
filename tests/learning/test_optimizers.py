"""Optimizers against their published recursions, at the walls, and through JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from hgx_lab.errors import LearningError
from hgx_lab.learning import (
    Adam,
    Box,
    CosineRate,
    ExponentialRate,
    GradientDescent,
    Momentum,
    Optimizer,
    RateSchedule,
    StepRate,
)

WIDE = Box(np.full(3, -100.0), np.full(3, 100.0))
UNIT = Box(np.full(3, -1.0), np.full(3, 1.0))
KINDS: dict[str, Callable[[Box], Optimizer]] = {
    "descent": lambda box: GradientDescent(box, 0.05, schedule=CosineRate(30)),
    "momentum": lambda box: Momentum(box, 0.03, 0.8, schedule=StepRate(5)),
    "nesterov": lambda box: Momentum(box, 0.03, 0.8, nesterov=True),
    "adam": lambda box: Adam(box, 0.05, schedule=ExponentialRate(30)),
}
each_kind = pytest.mark.parametrize("build", KINDS.values(), ids=KINDS.keys())


def test_descent_is_a_step_down_the_gradient() -> None:
    moved = GradientDescent(WIDE, 0.1).step(np.array([1.0, 2, 3]), np.array([1.0, -2, 0]))
    assert moved.tolist() == pytest.approx([0.9, 2.2, 3])


def test_momentum_sums_a_geometric_series() -> None:
    optimizer, point = Momentum(WIDE, 0.1, 0.5), np.zeros(3)
    for n in range(1, 8):
        before = point
        point = optimizer.step(point, np.ones(3))
        assert before - point == pytest.approx(np.full(3, 0.1 * (1 - 0.5**n) / 0.5))


def test_nesterov_is_momentum_at_the_point_ahead(rng: np.random.Generator) -> None:
    # Sutskever's form: the gradient is taken ahead of x, at y = x - rate * momentum * u. Both walk the same path in y.
    curvature, rate, momentum = np.diag([1.0, 3.0, 0.5]), 0.1, 0.7
    optimizer = Momentum(WIDE, rate, momentum, nesterov=True)
    y = rng.normal(0, 1, 3)
    x, u = y.copy(), np.zeros(3)
    for _ in range(20):
        u = momentum * u + curvature @ (x - rate * momentum * u)
        x = x - rate * u
        y = optimizer.step(y, curvature @ y)
        assert y == pytest.approx(x - rate * momentum * u, abs=1e-12)


def test_adam_is_the_weighted_mean_over_the_history(rng: np.random.Generator) -> None:
    # The moments written out as sums over all gradients, not as the recursion.
    gradients = rng.normal(0.3, 1.0, (15, 3))
    optimizer, point = Adam(WIDE, 0.05, 0.8, 0.95, 1e-3), np.zeros(3)
    for n in range(1, 16):
        before = point
        point = optimizer.step(point, gradients[n - 1])
        first = np.average(gradients[:n], axis=0, weights=0.8 ** np.arange(n)[::-1])
        second = np.average(gradients[:n] ** 2, axis=0, weights=0.95 ** np.arange(n)[::-1])
        assert before - point == pytest.approx(0.05 * first / (np.sqrt(second) + 1e-3), rel=1e-10)


def test_adam_steps_about_its_rate_whatever_the_gradient_scale() -> None:
    for scale in (0.1, 1, 10):
        moved = Adam(WIDE, 0.05).step(np.zeros(3), scale * np.array([1.0, -1, 1]))
        assert np.abs(moved) == pytest.approx(np.full(3, 0.05), rel=0.011)


@each_kind
def test_a_quadratic_bowl_is_descended(build: Callable[[Box], Optimizer]) -> None:
    optimizer, point = build(UNIT), np.array([0.9, -0.8, 0.7])
    target = np.array([0.1, 0.2, -0.3])
    first = np.linalg.norm(point - target)
    for _ in range(60):
        point = optimizer.step(point, 4 * (point - target))
    assert np.linalg.norm(point - target) < 0.1 * first


@each_kind
def test_no_step_leaves_the_box(build: Callable[[Box], Optimizer], rng: np.random.Generator) -> None:
    optimizer, point = build(UNIT), np.array([5.0, -5.0, 0.0])
    for _ in range(200):
        point = optimizer.step(point, rng.normal(0, 20, 3))
        assert (np.abs(point) <= 1).all()


@each_kind
def test_a_bound_gathers_no_velocity(build: Callable[[Box], Optimizer]) -> None:
    box = Box(np.full(3, -1.0), np.full(3, 1.0))
    pushed, fresh = build(box), build(box)
    point = np.array([1.0, 0.0, -1.0])
    for _ in range(40):  # outward on both walls, still in the middle
        point = pushed.step(point, np.array([-2.0, 0.0, 3.0]))
    assert point.tolist() == [1, 0, -1]
    inward = np.array([2.0, 0.0, -3.0])
    fresh.restore(pushed.state() | {k: [0.0] * 3 for k in pushed.state() if k not in ("kind", "iteration")})
    left, expected = pushed.step(point, inward), fresh.step(point, inward)
    assert left == pytest.approx(expected, abs=1e-15)
    assert left[0] < 1
    assert left[2] > -1


@pytest.mark.parametrize("build", [KINDS["momentum"], KINDS["nesterov"], KINDS["adam"]])
def test_a_wall_stops_what_runs_into_it(build: Callable[[Box], Optimizer]) -> None:
    optimizer, point = build(UNIT), np.array([0.0, 0.0, 0.0])
    for _ in range(200):
        point = optimizer.step(point, np.array([-3.0, 0.0, 0.0]))
        if point[0] == 1:  # the step that met the wall is the last one outward
            break
    assert point[0] == 1
    assert optimizer.step(point, np.array([0.5, 0.0, 0.0]))[0] < 1


@each_kind
def test_a_run_goes_on_exactly_after_json(build: Callable[[Box], Optimizer], rng: np.random.Generator) -> None:
    gradients = rng.normal(0, 3, (40, 3))
    optimizer, point = build(UNIT), np.array([0.3, -0.2, 0.9])
    for gradient in gradients[:17]:
        point = optimizer.step(point, gradient)
    resumed = build(UNIT)
    resumed.restore(json.loads(json.dumps(optimizer.state())))
    other = point.copy()
    for gradient in gradients[17:]:
        point, other = optimizer.step(point, gradient), resumed.step(other, gradient)
        assert (point == other).all()


@each_kind
def test_reset_is_a_new_optimizer(build: Callable[[Box], Optimizer], rng: np.random.Generator) -> None:
    used, point = build(UNIT), np.zeros(3)
    for _ in range(12):
        used.step(point, rng.normal(0, 1, 3))
    used.reset()
    assert used.state() == build(UNIT).state()


def test_states_of_others_are_refused() -> None:
    adam = Adam(UNIT)
    with pytest.raises(LearningError, match="'momentum' can't be restored into 'adam'"):
        adam.restore(Adam(UNIT).state() | {"kind": "momentum"})
    with pytest.raises(LearningError, match="first_moment"):
        adam.restore(Momentum(UNIT).state())
    with pytest.raises(LearningError, match="2 values where 3"):
        adam.restore(Adam(Box(np.zeros(2), np.ones(2))).state())
    with pytest.raises(LearningError, match="iteration"):
        adam.restore(adam.state() | {"iteration": -1})


def test_the_longest_step_keeps_its_direction() -> None:
    moved = GradientDescent(WIDE, 1.0, largest_step=0.2).step(np.zeros(3), np.array([4.0, -2.0, 1.0]))
    assert moved == pytest.approx([-0.2, 0.1, -0.05])


@pytest.mark.parametrize(
    "build",
    [
        lambda box: GradientDescent(box, 1.0, largest_step=0.2),
        lambda box: Momentum(box, 1.0, largest_step=0.2),
        lambda box: Adam(box, 1.0, epsilon=1.0, largest_step=0.2),
    ],
)
def test_a_blocked_control_does_not_shorten_the_others(build: Callable[[Box], Optimizer]) -> None:
    point = np.array([1.0, 0.0, -1.0])
    moved = build(UNIT).step(point, np.array([-90.0, 0.1, 90.0]))
    assert moved.tolist() == build(UNIT).step(point, np.array([0.0, 0.1, 0.0])).tolist()
    assert moved[1] < -0.05


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (ExponentialRate(10, final=0.2), {0: 1, 10: 0.5, 20: 0.25, 30: 0.2}),
        (CosineRate(20, final=0.1), {0: 1, 10: 0.55, 20: 0.1, 90: 0.1}),
        (StepRate(5, 0.1, final=0.05), {0: 1, 4: 1, 5: 0.1, 10: 0.05}),
    ],
)
def test_schedules(schedule: RateSchedule, factors: dict[int, float]) -> None:
    assert {i: schedule.factor(i) for i in factors} == pytest.approx(factors)
    optimizer, point = GradientDescent(WIDE, 1.0, schedule=schedule), np.zeros(3)
    for iteration in range(12):
        before, point = point, optimizer.step(point, np.ones(3))
        assert before - point == pytest.approx(np.full(3, schedule.factor(iteration)))
    optimizer.reset()
    assert optimizer.step(np.zeros(3), np.ones(3)) == pytest.approx(np.full(3, -1.0))


def test_bad_arguments_are_named() -> None:
    with pytest.raises(LearningError, match="Control 1 has no room"):
        Box(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    with pytest.raises(LearningError, match="learning rate"):
        Adam(UNIT, 0.0)
    with pytest.raises(LearningError, match="beta2 is 1"):
        Adam(UNIT, 0.1, 0.9, 1.0)
    with pytest.raises(LearningError, match="epsilon"):
        Adam(UNIT, epsilon=0.0)
    with pytest.raises(LearningError, match="largest step"):
        GradientDescent(UNIT, largest_step=0.0)
    with pytest.raises(LearningError, match="can't follow"):
        CosineRate(0)
    with pytest.raises(LearningError, match=r"gradient\[2\] is inf"):
        Adam(UNIT).step(np.zeros(3), np.array([0.0, 0.0, np.inf]))
    with pytest.raises(LearningError, match="controls has 2 values where 3"):
        Adam(UNIT).step(np.zeros(2), np.zeros(3))
