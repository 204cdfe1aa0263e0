"""Gradients against central differences, values against definitions written out."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.errors import LearningError
from hgx_lab.learning import (
    Correlation,
    CorrelationSigmoid,
    Fisher,
    Logistic,
    Loss,
    MeanSquaredError,
    loss_hessian,
)

CLASS_LOSSES: list[Loss] = [
    CorrelationSigmoid(),
    CorrelationSigmoid(separation=1e-9, scale=0.3e-9),
    Correlation(),
    Fisher(),
    Logistic(),
    Logistic(scale=0.3e-9),
    Logistic(threshold=2e-9),
    MeanSquaredError(low=-5e-9, high=20e-9),
]


def five_point(loss: Loss, outputs: np.ndarray, targets: np.ndarray, step: float) -> np.ndarray:
    """Central differences of fourth order."""
    slopes = []
    for case in range(outputs.size):
        shift = np.zeros_like(outputs)
        shift[case] = step
        f = [loss.evaluate(outputs + k * shift, targets).value for k in (-2, -1, 1, 2)]
        slopes.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step))
    return np.array(slopes)


def spread_out(outputs: np.ndarray, gap: float) -> bool:
    """No two outputs so close that the differences would straddle a tie."""
    return float(np.diff(np.sort(outputs)).min()) > gap


@pytest.mark.parametrize("loss", CLASS_LOSSES, ids=repr)
@pytest.mark.parametrize("swing", [0.3e-9, 3e-9, 30e-9])
def test_gradient_is_that_of_the_value(loss: Loss, swing: float, rng: np.random.Generator) -> None:
    step = 2e-3 * min(swing, 1e-9)
    for cases in (4, 9):
        for _ in range(10):
            targets = np.zeros(cases)
            targets[rng.permutation(cases)[: rng.integers(1, cases)]] = 1
            outputs = rng.normal(rng.normal(0, 5e-9), swing, cases)
            while not spread_out(outputs, 8 * step):
                outputs = rng.normal(0, swing, cases)
            gradient = loss.evaluate(outputs, targets).gradient
            measured = five_point(loss, outputs, targets, step)
            # 1e-7 of the gradient; and what rounding of the value leaves in the differences.
            rounding = 30 * np.finfo(float).eps * max(1.0, loss.evaluate(outputs, targets).value) / step
            assert gradient == pytest.approx(measured, rel=1e-7, abs=1e-7 * np.abs(measured).max() + rounding)


@pytest.mark.parametrize("loss", CLASS_LOSSES, ids=repr)
def test_nearly_equal_outputs_stay_finite_and_point_at_the_targets(loss: Loss) -> None:
    targets = np.array([0.0, 1.0, 1.0, 0.0])
    for spread in (0.0, 1e-15, 1e-12, 1e-10):
        outputs = 4e-9 + spread * np.array([0.1, 1.0, -0.7, 0.4])
        result = loss.evaluate(outputs, targets)
        assert np.isfinite(result.value)
        assert np.isfinite(result.gradient).all()
        if not isinstance(loss, Fisher):  # its square has no slope where the classes lie on each other
            ones, zeros = result.gradient[1:3].mean(), result.gradient[[0, 3]].mean()
            assert ones < zeros


@pytest.mark.parametrize("loss", [CorrelationSigmoid(floor=1e-10), Correlation(floor=1e-10), Fisher()], ids=repr)
def test_gradient_at_spreads_around_the_floor(loss: Loss, rng: np.random.Generator) -> None:
    targets = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    for spread in (1e-12, 1e-11, 1e-10, 1e-9):
        outputs = np.asarray(7e-9 + spread * rng.permutation(5), dtype=np.float64)
        step = 0.02 * spread
        gradient = loss.evaluate(outputs, targets).gradient
        measured = five_point(loss, outputs, targets, step)
        rounding = 100 * np.finfo(float).eps / step * max(1.0, loss.evaluate(outputs, targets).value)
        assert gradient == pytest.approx(measured, rel=1e-6, abs=1e-6 * np.abs(measured).max() + rounding)


def test_a_tie_shares_its_gradient(rng: np.random.Generator) -> None:
    targets = np.array([0.0, 1.0, 1.0, 0.0])
    outputs = np.array([-2e-9, 3e-9, 3e-9, -2e-9])
    gradient = CorrelationSigmoid().evaluate(outputs, targets).gradient
    assert gradient[1] == gradient[2] < 0 < gradient[0] == gradient[3]
    # An element of the subdifferential: the slope along any direction is at least what the gradient says.
    for _ in range(50):
        along = rng.normal(0, 1e-14, 4)
        rise = (
            CorrelationSigmoid().evaluate(outputs + along, targets).value
            - CorrelationSigmoid().evaluate(outputs, targets).value
        )
        assert rise >= gradient @ along - 1e-9 * abs(gradient @ along) - 1e-14


def test_correlation_sigmoid_is_the_formula_of_the_field(rng: np.random.Generator) -> None:
    targets = np.array([0.0, 1.0, 1.0, 0.0])
    for _ in range(20):
        outputs = rng.normal(0, 10e-9, 4)
        rho = np.corrcoef(outputs, targets)[0, 1]
        gap = outputs[1:3].min() - outputs[[0, 3]].max()
        formula = (1.1 - rho) / (1 / (1 + np.exp(-(gap - 5e-9) / 3e-9)) + 0.05)
        assert CorrelationSigmoid().evaluate(outputs, targets).value == pytest.approx(formula, rel=1e-6)
        assert Correlation().evaluate(outputs, targets).value == pytest.approx(1 - rho, abs=1e-6)


def test_fisher_knows_the_order() -> None:
    targets = np.array([0.0, 0.0, 1.0, 1.0])
    outputs = np.array([-6e-9, -4e-9, 4e-9, 6e-9])
    ratio = (10.0**2) / (1.0 + 1.0)
    assert Fisher(floor=1e-15).evaluate(outputs, targets).value == pytest.approx(1 / (1 + ratio))
    assert Fisher(floor=1e-15).evaluate(-outputs, targets).value == pytest.approx(2 - 1 / (1 + ratio))


def test_fitted_logistic_threshold_is_the_best(rng: np.random.Generator) -> None:
    for cases in (2, 9):
        targets = (np.arange(cases) % 3 == 0).astype(float)
        for swing in (1e-10, 3e-9, 1e-6):
            outputs = rng.normal(0, swing, cases)
            fitted = Logistic().evaluate(outputs, targets).value
            grid = np.linspace(outputs.min(), outputs.max(), 2001)
            tried = [Logistic(threshold=float(t)).evaluate(outputs, targets).value for t in grid]
            assert fitted <= min(tried) + 1e-12
            assert fitted == pytest.approx(min(tried), rel=1e-4, abs=1e-6)


def test_fitted_logistic_ignores_an_offset(rng: np.random.Generator) -> None:
    outputs, targets = rng.normal(0, 5e-9, 6), np.array([0.0, 1, 0, 1, 1, 0])
    here, there = (Logistic().evaluate(outputs + offset, targets) for offset in (0.0, 80e-9))
    assert here.value == pytest.approx(there.value, rel=1e-9)
    assert here.gradient == pytest.approx(there.gradient, rel=1e-7)
    assert here.gradient.sum() == pytest.approx(0, abs=1e-9 * np.abs(here.gradient).max())


def test_logistic_classes_weigh_the_same() -> None:
    one_in_sixteen = (np.arange(16) == 5).astype(float)
    value = Logistic(threshold=0.0).evaluate(np.full(16, -1.0), one_in_sixteen)  # a class lost altogether
    assert value.value == pytest.approx(0.5 / 3e-9)
    assert Logistic().evaluate(np.zeros(16), one_in_sixteen).value == pytest.approx(np.log(2))


def test_mean_squared_error_takes_any_target() -> None:
    loss = MeanSquaredError(low=0.0, high=10e-9)
    assert loss.evaluate(np.array([1e-9, 5e-9]), np.array([0.1, 1.5])).value == pytest.approx(0.5)
    assert loss.evaluate(np.array([0.0, 10e-9]), np.array([1.0, 0.0])).value == pytest.approx(1)


@pytest.mark.parametrize("loss", [CorrelationSigmoid(), Fisher(), Logistic()], ids=repr)
@pytest.mark.parametrize("targets", [[0, 0, 0], [1, 1, 1], [0, 0.5, 1]])
def test_class_losses_refuse_other_targets(loss: Loss, targets: list[float]) -> None:
    with pytest.raises(LearningError, match="targets 0 and 1"):
        loss.evaluate(np.array([1e-9, 2e-9, 3e-9]), np.array(targets, dtype=float))


def test_bad_numbers_are_named() -> None:
    with pytest.raises(LearningError, match=r"outputs\[1\] is nan"):
        Correlation().evaluate(np.array([0, np.nan]), np.array([0.0, 1]))
    with pytest.raises(LearningError, match="3 values where 2"):
        Correlation().evaluate(np.array([0.0, 1e-9]), np.array([0.0, 1, 0]))
    with pytest.raises(LearningError, match="targets that differ"):
        Correlation().evaluate(np.array([0.0, 1e-9]), np.array([1.0, 1.0]))
    with pytest.raises(LearningError, match="positive current"):
        Logistic(scale=0.0)
    with pytest.raises(LearningError, match="must be finite and differ"):
        MeanSquaredError(low=1e-9, high=1e-9)


@pytest.mark.parametrize("loss", [Correlation(), Logistic(threshold=0.0), MeanSquaredError(0.0, 5e-9)], ids=repr)
def test_hessian_is_that_of_the_value(loss: Loss, rng: np.random.Generator) -> None:
    outputs, targets = rng.normal(0, 5e-9, 4), np.array([0.0, 1, 1, 0])
    hessian = loss_hessian(loss, outputs, targets)
    along, step = rng.normal(0, 1, 4), 2e-11
    f = [loss.evaluate(outputs + k * step * along, targets).value for k in (-1, 0, 1)]
    assert along @ hessian @ along == pytest.approx((f[0] - 2 * f[1] + f[2]) / step**2, rel=1e-3)
    assert (hessian == hessian.T).all()
