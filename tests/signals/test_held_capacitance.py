"""A held output charges a stray capacitance in steps: simulated sample by sample, calibrated, and taken out."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.signals import ChainResponse, derivatives, fit_chain_response
from hgx_lab.signals.response import calibration_sequence

AMPLITUDE = 0.02


def phasor_of_steps(frequency: float, rate: float, gradient: float, farads: float, delay: int) -> complex:
    """Of a sampled sine through a conductance and a capacitance that is charged by every step, by Fourier sums."""
    n = np.arange(-1, round(rate))  # one second: whole periods of whole hertz
    volts = AMPLITUDE * np.sin(2 * np.pi * frequency * (n - delay) / rate)
    current = gradient * volts[1:] + farads * np.diff(volts) * rate
    turning = np.exp(-2j * np.pi * frequency * n[1:] / rate)
    return complex(2j * np.mean(current * turning))


def test_a_picofarad_leaks_nothing_into_a_derivative() -> None:
    """At 3 kHz and 100 kS/s it leaks 1.8 nA/V when the steps aren't thought of."""
    z = np.array([[phasor_of_steps(3000.0, 1e5, 40e-9, 1e-12, 0)]])
    std = np.full((1, 1), 1e-12)
    blind = derivatives(z, std, [3000.0], [AMPLITUDE], ChainResponse())
    assert blind.value[0, 0] - 40e-9 == pytest.approx(1.8e-9, abs=0.05e-9)
    found = derivatives(z, std, [3000.0], [AMPLITUDE], ChainResponse(), rate_hz=1e5)
    assert found.value[0, 0] == pytest.approx(40e-9, abs=1e-15)


@pytest.mark.parametrize("rate", [20e3, 100e3])
def test_calibration_follows_the_steps(rate: float) -> None:
    """Up to 0.15 of the rate, where a pure capacitance is off by a third of a radian; no noise, so no excuse."""
    delay, points, electrodes = 7, 4, 3
    rng = np.random.default_rng(5)
    gradients = rng.choice([-1.0, 1.0], (points, electrodes)) * rng.uniform(5e-9, 60e-9, (points, electrodes))
    farads = np.array([1e-12, 0.5e-12, 0.2e-12])
    frequencies = calibration_sequence(np.arange(5, 151, 12) | 1, electrodes, 7) * (rate / 1000)
    phasors = np.array(
        [
            [
                [phasor_of_steps(float(f), rate, gradients[p, k], farads[k], delay) for k, f in enumerate(row)]
                for row in frequencies
            ]
            for p in range(points)
        ]
    )
    fit = fit_chain_response(
        frequencies[None],
        phasors,
        np.full(phasors.shape, 1e-13),
        AMPLITUDE,
        np.arange(points)[:, None, None],
        np.arange(electrodes),
        rate_hz=rate,
        max_delay_samples=50.0,
    )
    assert fit.response.delay_samples(rate) == pytest.approx(delay, abs=1e-4)
    np.testing.assert_allclose(fit.gradients, gradients, atol=1e-13)
    np.testing.assert_allclose(fit.capacitances, farads, rtol=1e-4)
