"""Scatter of the readings against the Cramer-Rao bound, and error bars against the scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from hgx_lab.signals.demodulation import Demodulator
from hgx_lab.signals.types import Window

RATE_HZ = 10_000.0
PERIOD = 1000
DENSITY = 1e-5  # nA^2/Hz
OCTAVE = list(range(7, 14))
HESSIAN = [7, 8, 18, 31, 35, 37, 40]


def coloured_noise(rng: np.random.Generator, channels: int, samples: int, knee_hz: float) -> np.ndarray:
    """Gaussian noise in nA of one-sided density DENSITY (1 + knee/f), made line by line of the spectrum."""
    f = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    f[0] = f[1]
    scale = np.sqrt(DENSITY * (1 + knee_hz / f) * RATE_HZ * samples / 4)
    lines = rng.standard_normal((channels, len(f), 2)).view(np.complex128)[..., 0] * scale
    lines[:, 0] = 0
    return np.fft.irfft(lines, samples, axis=1)


@dataclass(frozen=True)
class Statistics:
    deviation: np.ndarray  # (windows, K), complex: reading minus truth
    phasor: np.ndarray
    std: np.ndarray
    mean: np.ndarray  # (channels, windows of a channel)
    mean_std: np.ndarray
    bound: np.ndarray
    promised_scatter: np.ndarray


def many_windows(
    bins: list[int],
    noise_bins: list[int],
    periods: int,
    knee_hz: float,
    *,
    windows: int = 10_000,
    drift: bool = False,
    truth_scale: float = 0.0,
) -> Statistics:
    """Windows side by side in as many channels; random true in-phase amplitudes in every window."""
    rng = np.random.default_rng(7)
    per_channel, channels = 8, 250
    samples = PERIOD * periods
    bound = np.sqrt(DENSITY * (1 + knee_hz / (np.array(bins) * RATE_HZ / PERIOD)) * RATE_HZ / samples)
    angles = 2 * np.pi * (np.array(bins)[:, None] * np.arange(samples) % PERIOD) / PERIOD
    found: list[list[np.ndarray]] = [[], [], [], [], []]
    for _ in range(windows // (per_channel * channels)):
        x = coloured_noise(rng, channels, per_channel * samples, knee_hz)
        truth = truth_scale * bound * rng.standard_normal((per_channel, channels, len(bins)))
        for w in range(per_channel):
            x[:, w * samples : (w + 1) * samples] += truth[w] @ np.sin(angles)
        demodulator = Demodulator(bins, PERIOD, channels, noise_bins=noise_bins, drift=drift)
        for w in range(per_channel):
            demodulator.expect(Window(w * samples, periods))
        readings = demodulator.process(x, 0)
        found[0] += [r.phasor - t for r, t in zip(readings, truth, strict=True)]
        found[1] += [r.phasor for r in readings]
        found[2] += [r.phasor_std for r in readings]
        found[3].append(np.stack([r.mean for r in readings], axis=1))
        found[4].append(np.stack([r.mean_std for r in readings], axis=1))
    deviation, phasor, std, mean, mean_std = (np.concatenate(part) for part in found)
    promised = Demodulator(bins, PERIOD, noise_bins=noise_bins, drift=drift).std_scatter(periods)
    return Statistics(deviation, phasor, std, mean, mean_std, bound, promised)


def empty(bins: list[int], up_to: int = 90) -> list[int]:
    """Bins without tone, harmonic or sum of two tones."""
    used = {*bins, *(a + b for a in bins for b in bins)}
    return [m for m in range(1, up_to) if m not in used]


REGIMES = [
    pytest.param(OCTAVE, empty(OCTAVE), 1, 10_000, id="octave-one-period"),
    pytest.param(HESSIAN, empty(HESSIAN, 120), 1, 10_000, id="hessian-one-period"),
    pytest.param(OCTAVE, [], 5, 2_000, id="octave-no-noise-bins"),
    pytest.param(OCTAVE, empty(OCTAVE), 10, 2_000, id="octave-ten-periods"),
]


@pytest.mark.parametrize("knee_hz", [0.0, 1000.0])
@pytest.mark.parametrize(("bins", "noise_bins", "periods", "windows"), REGIMES)
def test_scatter_error_bars_and_coverage(
    bins: list[int], noise_bins: list[int], periods: int, windows: int, knee_hz: float
) -> None:
    s = many_windows(bins, noise_bins, periods, knee_hz, windows=windows)
    scatter = np.sqrt(np.mean(np.abs(s.deviation) ** 2, axis=0) / 2)
    # Efficiency, rms over tones, with room of 4 standard errors of the simulation.
    efficiency = np.sqrt(np.mean((scatter / s.bound) ** 2))
    allowance = 4 / np.sqrt(4 * windows * len(bins))
    assert 1 - allowance < efficiency < (1.02 if knee_hz == 0 else 1.05) + allowance
    # Reported against true scatter, every tone by itself.
    reported = np.sqrt(np.mean(s.std**2, axis=0))
    np.testing.assert_allclose(reported / scatter, 1.0, atol=0.10)
    # The error bar's own scatter is what std_scatter promises.
    relative = s.std.std(axis=0) / s.std.mean(axis=0)
    np.testing.assert_allclose(relative, s.promised_scatter, rtol=0.15)
    assert np.all(relative < 0.2)
    # Coverage: Gaussian, widened by the error bar's scatter to a Student distribution.
    z = np.concatenate([s.deviation.real, s.deviation.imag]) / np.concatenate([s.std, s.std])
    beyond = np.mean(np.abs(z) > 3, axis=0)
    expected = 2 * student.sf(3.0, 1 / (2 * s.promised_scatter**2))
    assert np.all(expected >= 2 * norm.sf(3.0))
    error = np.sqrt(expected.mean() / z.size)
    assert beyond.mean() < 1.25 * expected.mean() + 4 * error
    assert beyond.mean() > 0.7 * 2 * norm.sf(3.0) - 4 * error
    np.testing.assert_allclose(np.mean(np.abs(z) < 1), norm.cdf(1) - norm.cdf(-1), atol=0.03)


#: Bins of 10 Hz: white noise, a corner among the bins, 1/f with a corner above them, 1/f alone.
KNEES = [0.0, 100.0, 1000.0, 1e5]


@pytest.mark.parametrize("knee_hz", KNEES)
@pytest.mark.parametrize(
    ("bins", "lowest"),
    [
        pytest.param([12, 16, 20], 13, id="next-to-the-lowest-noise-bin"),
        pytest.param([7, 23], 12, id="most-of-an-octave-below"),
    ],
)
def test_below_all_noise_bins_the_error_bar_is_the_scatter(bins: list[int], lowest: int, knee_hz: float) -> None:
    """Windows of one base period where the mains leave no bin below the lowest tone."""
    windows = 4_000
    s = many_windows(bins, [m for m in empty(bins, 200) if m >= lowest], 1, knee_hz, windows=windows)
    scatter = np.sqrt(np.mean(np.abs(s.deviation) ** 2, axis=0) / 2)
    ratio = np.sqrt(np.mean(s.std**2, axis=0)) / scatter
    error = 2 / np.sqrt(4 * windows)  # of the scatter, two standard deviations
    assert np.all(ratio > 0.9 - error), ratio
    assert np.all(ratio < (1.15 if knee_hz == 0.0 else 1.1) + error), ratio
    relative = s.std.std(axis=0) / s.std.mean(axis=0)
    np.testing.assert_allclose(relative, s.promised_scatter, rtol=0.15)
    z = np.concatenate([s.deviation.real, s.deviation.imag]) / np.concatenate([s.std, s.std])
    expected = 2 * student.sf(3.0, 1 / (2 * s.promised_scatter**2))
    # An error bar a tenth too small takes 3 sigma to 2.7.
    assert np.all(np.mean(np.abs(z) > 3, axis=0) < 2 * expected + 4 * np.sqrt(expected / len(z)))


@pytest.mark.parametrize("knee_hz", KNEES)
def test_above_all_noise_bins_the_error_bar_is_never_too_small(knee_hz: float) -> None:
    bins = [40, 60, 110]
    s = many_windows(bins, [m for m in range(20, 70) if m not in bins], 1, knee_hz, windows=4_000)
    scatter = np.sqrt(np.mean(np.abs(s.deviation) ** 2, axis=0) / 2)
    ratio = np.sqrt(np.mean(s.std**2, axis=0)) / scatter
    assert np.all(np.abs(ratio[:2] - 1) < 0.1)
    assert 0.95 < ratio[2] < 1.6


@pytest.mark.parametrize("knee_hz", KNEES)
def test_with_few_noise_bins_the_error_bar_is_still_in_the_middle_of_the_scatter(knee_hz: float) -> None:
    """Too few powers for a slope of their own: the prior's alone carries on to the tone."""
    bins = [7, 23]
    s = many_windows(bins, [11, 12, 13], 1, knee_hz, windows=4_000)
    scatter = np.sqrt(np.mean(np.abs(s.deviation) ** 2, axis=0) / 2)
    ratio = np.sqrt(np.mean(s.std**2, axis=0)) / scatter
    assert 0.85 < ratio[0] < 1.35


@pytest.mark.parametrize("knee_hz", [0.0, 1000.0])
def test_signs_beyond_three_sigma_are_right(knee_hz: float) -> None:
    s = many_windows(HESSIAN, empty(HESSIAN, 120), 1, knee_hz, truth_scale=3.0)
    truth = (s.phasor - s.deviation).real
    significant = np.abs(s.phasor.real) > 3 * s.std
    wrong = np.sign(s.phasor.real) != np.sign(truth)
    assert np.count_nonzero(significant) > 10_000
    assert np.count_nonzero(wrong & significant) / np.count_nonzero(significant) < 0.002


@pytest.mark.parametrize("knee_hz", [0.0, 1000.0])
def test_drift_term_costs_little_and_says_so(knee_hz: float) -> None:
    s = many_windows(OCTAVE, empty(OCTAVE), 1, knee_hz, windows=6_000, drift=True)
    scatter = np.sqrt(np.mean(np.abs(s.deviation) ** 2, axis=0) / 2)
    allowance = 4 / np.sqrt(4 * 6_000 * len(OCTAVE))
    assert np.sqrt(np.mean((scatter / s.bound) ** 2)) < (1.02 if knee_hz == 0 else 1.05) + allowance
    np.testing.assert_allclose(np.sqrt(np.mean(s.std**2, axis=0)) / scatter, 1.0, atol=0.10)


@pytest.mark.parametrize("knee_hz", [0.0, 1000.0])
@pytest.mark.parametrize("periods", [1, 10])
def test_std_of_the_mean_is_the_scatter_between_neighbouring_windows(knee_hz: float, periods: int) -> None:
    s = many_windows(OCTAVE, empty(OCTAVE), periods, knee_hz, windows=2_000)
    between = np.sqrt(np.mean(np.diff(s.mean, axis=1) ** 2) / 2)
    reported = np.sqrt(np.mean(s.mean_std**2))
    assert 0.8 < reported / between < 1.4


def test_a_stray_line_does_not_lift_the_error_bars(rng: np.random.Generator) -> None:
    noise_bins = empty(OCTAVE)
    x = rng.standard_normal((200, PERIOD))
    stray = x + 3.0 * np.sin(2 * np.pi * noise_bins[9] * np.arange(PERIOD) / PERIOD)
    stds: list[float] = []
    for data in (x, stray):
        demodulator = Demodulator(OCTAVE, PERIOD, 200, noise_bins=noise_bins)
        demodulator.expect(Window(0, 1))
        stds.append(float(np.sqrt(np.mean(demodulator.process(data, 0)[0].phasor_std ** 2))))
    assert stds[1] / stds[0] < 1.15
