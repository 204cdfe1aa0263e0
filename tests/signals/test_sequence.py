"""The maximum-length sequence: its slew, its spectrum, its delay; and the held fit on exact data."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.errors import CalibrationError
from hgx_lab.signals import correlation_delay, fit_held_chain, sequence_responses, sequence_waves


@pytest.mark.parametrize("slew", [300.0, 2e3, 1e6])
def test_no_step_is_faster_than_the_slew(slew: float) -> None:
    waves = sequence_waves(peak=0.05, slew=slew, rate_hz=1e5, longest_samples=200)
    assert waves.period_samples >= 800
    block = np.zeros((2, 3 * waves.period_samples))
    waves.add(block, 17, np.array([0.0, 0.05]), (0, 1))
    assert not block[0].any()
    assert np.abs(np.diff(block[1])).max() * 1e5 <= slew * (1 + 1e-9)
    assert np.abs(block[1]).max() == pytest.approx(0.05)
    assert np.abs(np.diff(block[1])).max() * 1e5 <= 2 * np.pi * waves.bound_hz(1e5) * 0.05 * (1 + 1e-9)


@pytest.mark.parametrize("slew", [-5.0, 0.0, 20.0])
def test_too_little_slew_is_refused(slew: float) -> None:
    with pytest.raises(CalibrationError, match="to spare"):
        sequence_waves(peak=0.05, slew=slew, rate_hz=1e5, longest_samples=200)


@pytest.mark.parametrize("delay", [0, 3, 200])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_delay_and_a_gain_come_back(delay: int, sign: float) -> None:
    """Through a recursive pole and a stepwise charge, computed sample by sample."""
    rate, keep, peak = 1e5, np.exp(-2 * np.pi * 3e3 / 1e5), 0.02
    waves = sequence_waves(peak=peak, slew=3e3, rate_hz=rate, longest_samples=200)
    period = waves.period_samples
    volts = peak * np.tile(waves.wave, 6)
    rng = np.random.default_rng(3)
    gradients = sign * np.array([60e-9, 20e-9])
    observed, spread = [], []
    lines = np.arange(1, period // 12)
    for gradient, farads in zip(gradients, (1e-12, 0.3e-12), strict=True):
        current = gradient * volts + farads * rate * np.diff(volts, prepend=0.0)
        seen = np.empty_like(current)
        state = 0.0
        for n, value in enumerate(np.roll(current, delay)):
            state = keep * state + (1 - keep) * value
            seen[n] = state
        seen += 1e-12 * rng.standard_normal(seen.size)
        response, std = sequence_responses(seen[2 * period :].reshape(-1, period), waves.wave, peak, lines)
        observed.append(response)
        spread.append(std)
    weights = np.array([1 / np.mean(std**2) for std in spread])
    coarse = correlation_delay(np.array(observed), weights, lines, period, 210)
    assert abs(coarse - delay) <= 4
    chain = fit_held_chain(
        lines * rate / period,
        np.array(observed)[None],
        np.array(spread)[None],
        np.zeros((1, 1, 1), dtype=int),
        np.arange(2)[None, :, None],
        rate_hz=rate,
        near_samples=coarse,
        longest_samples=200,
    )
    assert abs(chain.delay_samples - delay) < max(4 * chain.delay_std_samples, 1e-3)
    assert chain.pole_hz == pytest.approx(3e3, rel=0.005)
    np.testing.assert_allclose(chain.gradients[0], gradients, rtol=0.005)
    np.testing.assert_allclose(chain.capacitances, [1e-12, 0.3e-12], rtol=0.01)
    assert 0.7 < chain.reduced_chi2 < 1.4
