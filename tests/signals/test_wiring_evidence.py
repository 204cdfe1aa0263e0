"""The judgement of responses, on responses whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ncx2

from hgx_lab.errors import SignalError
from hgx_lab.signals import size_limits, wiring_evidence

SHAPE = (6, 5, 5)
STD = 3e-10
LEVEL = 1e-7


def noise(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    return STD * (rng.normal(size=shape) + 1j * rng.normal(size=shape))


def responses(seed: int) -> np.ndarray:
    """Gradients that differ by a factor of three and vary from point to point, with noise; (P, F, E)."""
    gradients = np.random.default_rng(seed).normal(size=(6, 1, 5)) * np.geomspace(5e-8, 1.5e-7, 5)
    return gradients + noise(seed)


@pytest.mark.parametrize("truth", [0.0, 1.0, 30.0])
def test_the_limits_hold_the_truth_as_often_as_they_say(truth: float) -> None:
    rng = np.random.default_rng(7)
    shape = (1500, 12)
    values = truth + rng.normal(size=shape) + 1j * rng.normal(size=shape)
    limits = [size_limits(row, np.ones(12), 0.05) for row in values]
    above = np.mean([limit.high < truth for limit in limits])
    below = np.mean([limit.low > truth for limit in limits])
    # Four standard deviations of a share of 0.05 in 1500.
    assert above < 0.05 + 0.023
    assert below == pytest.approx(0.05, abs=0.023)


def test_the_limits_are_those_of_the_noncentral_distribution() -> None:
    values, std = np.full(10, 0.5 + 0.2j), np.full(10, 0.1)
    limit = size_limits(values, std, 1e-6)
    ratio = np.sum(np.abs(values) ** 2) / 0.01
    assert ncx2.cdf(ratio, 20, 10 * limit.high**2 / 0.01) == pytest.approx(1e-6, rel=1e-3)
    assert ncx2.sf(ratio, 20, 10 * limit.low**2 / 0.01) == pytest.approx(1e-6, rel=1e-3)


def test_unequal_errors_count_by_their_moments() -> None:
    rng = np.random.default_rng(8)
    std = np.geomspace(0.1, 3.0, 30)
    limits = [size_limits(std * (rng.normal(size=30) + 1j * rng.normal(size=30)), std, 0.01) for _ in range(3000)]
    assert np.mean([limit.low > 0.0 for limit in limits]) == pytest.approx(0.01, abs=0.01)


def test_without_noise_the_size_is_known() -> None:
    limit = size_limits([3.0, 4.0j], [0.0, 0.0], 1e-6)
    assert limit.low == limit.size == limit.high == pytest.approx(np.sqrt(12.5))


def test_healthy_electrodes_need_no_second_look() -> None:
    looked = [wiring_evidence(responses(seed), np.full(SHAPE, STD), LEVEL) for seed in range(200)]
    assert np.mean([not evidence.clear for evidence in looked]) < 0.1
    assert all(evidence.heard for evidence in looked)


@pytest.mark.parametrize("electrode", range(5))
def test_an_electrode_of_noise_alone_is_faint(electrode: int) -> None:
    response = responses(electrode)
    response[:, :, electrode] = noise(100 + electrode)[:, :, electrode]
    evidence = wiring_evidence(response, np.full(SHAPE, STD), LEVEL)
    assert electrode in evidence.faint
    assert evidence.smallest_sizes[electrode] == 0.0
    assert evidence.largest_sizes[electrode] < 3 * STD


def test_noise_alone_is_not_heard() -> None:
    assert not any(wiring_evidence(noise(seed), np.full(SHAPE, STD), LEVEL).heard for seed in range(100))


def test_a_pair_that_differs_by_noise_alone_is_alike() -> None:
    response = responses(1)
    response[:, :, 1] = response[:, :, 4] + noise(1)[:, :, 0]
    assert (1, 4) in wiring_evidence(response, np.full(SHAPE, STD), LEVEL).alike


def test_equal_conductances_of_a_linear_device_are_not() -> None:
    response = np.full(SHAPE, 1e-7) + noise(2)
    assert wiring_evidence(response, np.full(SHAPE, STD), LEVEL).alike == ()


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(SignalError, match="finite"):
        wiring_evidence(np.full(SHAPE, np.nan), np.full(SHAPE, STD), LEVEL)
