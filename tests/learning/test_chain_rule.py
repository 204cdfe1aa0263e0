"""The gradient in the controls and its error bar."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.errors import LearningError
from hgx_lab.learning import CorrelationSigmoid, Logistic, chain_rule, loss_hessian

TARGETS = np.array([0.0, 1.0, 1.0, 0.0])


def test_gradient_is_that_of_the_composed_function(rng: np.random.Generator) -> None:
    mixing = rng.normal(0, 10e-9, (4, 5))

    def outputs(controls: np.ndarray) -> np.ndarray:
        return 10e-9 * np.tanh(mixing @ controls / 10e-9)

    point, loss = rng.normal(0, 0.3, 5), CorrelationSigmoid()
    slopes = mixing / np.cosh(mixing @ point / 10e-9)[:, None] ** 2
    gradient, std = chain_rule(loss.evaluate(outputs(point), TARGETS).gradient, slopes, np.zeros((4, 5)))
    for k in range(5):
        shift = 1e-6 * (np.arange(5) == k)
        above, below = (loss.evaluate(outputs(point + s * shift), TARGETS).value for s in (1, -1))
        assert gradient[k] == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-7)
    assert (std == 0).all()


def test_deviation_is_the_scatter(rng: np.random.Generator) -> None:
    outputs, slopes = np.array([1e-9, 6e-9, 4e-9, -2e-9]), rng.normal(0, 20e-9, (4, 3))
    slopes_std = rng.uniform(0.5e-9, 3e-9, (4, 3))
    outputs_std = np.array([0.05e-9, 0.1e-9, 0.02e-9, 0.05e-9])
    loss = Logistic(threshold=2e-9)
    exact = loss.evaluate(outputs, TARGETS).gradient
    draws = 5_000
    by_slopes = [chain_rule(exact, rng.normal(slopes, slopes_std), slopes_std)[0] for _ in range(draws)]
    _, std = chain_rule(exact, slopes, slopes_std)
    assert np.std(by_slopes, axis=0) == pytest.approx(std, rel=0.05)  # 1 % of statistics

    both = []
    for _ in range(draws):
        gradient = loss.evaluate(rng.normal(outputs, outputs_std), TARGETS).gradient
        both.append(chain_rule(gradient, rng.normal(slopes, slopes_std), slopes_std)[0])
    hessian = loss_hessian(loss, outputs, TARGETS)
    _, wider = chain_rule(exact, slopes, slopes_std, output_std=outputs_std, hessian=hessian)
    assert np.std(both, axis=0) == pytest.approx(wider, rel=0.05)
    assert (wider > std).all()


def test_what_does_not_fit_is_refused() -> None:
    slopes = np.zeros((4, 2))
    with pytest.raises(LearningError, match="don't fit together"):
        chain_rule(np.zeros(3), slopes, slopes)
    with pytest.raises(LearningError, match="hessian"):
        chain_rule(np.zeros(4), slopes, slopes, output_std=np.zeros(4))
