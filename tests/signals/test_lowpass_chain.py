"""The low-pass chain against the analogue filter it imitates, and the expected error against trials."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from hgx_lab.errors import SignalError
from hgx_lab.signals.agreement import r_squared, root_mean_square
from hgx_lab.signals.lowpass_chain import lowpass_phasors, lowpass_weights
from hgx_lab.signals.window_error import expected_error, uniform_weights

RATE, N = 10e3, 1000
CHAIN = {"rate_hz": RATE, "cutoff_hz": 10.0}


def tone(bin_: float, start: int, samples: int, phasor: complex = 1.0) -> np.ndarray:
    return np.imag(phasor * np.exp(2j * np.pi * bin_ * (start + np.arange(samples)) / N))


@pytest.mark.parametrize("start", [0, 37, 123_456])
@pytest.mark.parametrize("phasor", [1.0, -0.3, 0.4 - 0.9j])
def test_a_tone_alone_comes_out_once_the_filter_has_settled(start: int, phasor: complex) -> None:
    read = lowpass_phasors(tone(51, start, 10 * N, phasor)[None], start, [51], N, **CHAIN)
    # What is left is the image at twice the frequency: 40 dB a decade from 10 Hz.
    assert abs(read[0, 0] - phasor) < 3 * abs(phasor) * (10.0 / 1020.0) ** 2


@pytest.mark.parametrize("distance", [1, 2, 4, 10])
def test_a_neighbour_leaks_as_the_analogue_butterworth_and_the_mean_say(distance: int) -> None:
    # |H| of an analogue Butterworth of second order, and the sinc of a mean over 20 ms; long after the start.
    hertz = 10.0 * distance
    expected = 1 / np.sqrt(1 + (hertz / 10.0) ** 4) * abs(np.sinc(hertz * 0.02))
    read = lowpass_phasors(tone(51 + distance, 0, 5 * N)[None], 0, [51], N, **CHAIN)
    assert abs(read[0, 0]) == pytest.approx(expected, rel=0.03, abs=2e-4)


def test_starting_at_zero_costs_what_the_step_response_says() -> None:
    # Step response of the analogue filter: 1 - exp(-u) (cos u + sin u), u = 2 pi f t / sqrt 2; mean of 80 to 100 ms.
    u = 2 * np.pi * 10.0 / np.sqrt(2) * np.linspace(0.08, 0.1, 2001)
    gain = np.mean(1 - np.exp(-u) * (np.cos(u) + np.sin(u)))
    assert lowpass_weights(N, **CHAIN).sum() == pytest.approx(gain, abs=2e-3)
    assert abs(gain - 1) > 0.02


def test_the_weights_are_the_chain(rng: np.random.Generator) -> None:
    samples, start, bins = rng.normal(size=(2, 700)), 4321, [51, 60, 333]
    angles = 2 * np.pi * np.outer(bins, start + np.arange(700)) / N
    direct = (
        2j * ((samples - samples.mean(axis=1, keepdims=True)) * lowpass_weights(700, **CHAIN)) @ np.exp(-1j * angles).T
    )
    np.testing.assert_allclose(lowpass_phasors(samples, start, bins, N, **CHAIN), direct, atol=1e-12)


def test_the_noise_bandwidth_is_that_of_a_butterworth_filter() -> None:
    # pi/2 / (2 sin(pi/4)) = 1.1107 times the cut-off, one-sided, when nothing is averaged behind it.
    weights = lowpass_weights(5 * N, average_seconds=1 / RATE, **CHAIN)
    assert RATE * float(weights @ weights) / 2 == pytest.approx(11.107, rel=0.01)
    frequencies = np.arange(0.0, 200.0, 0.5)
    _, response = signal.freqz(weights, worN=frequencies, fs=RATE)
    np.testing.assert_allclose(np.abs(response) ** 2, 1 / (1 + (frequencies / 10.0) ** 4), atol=2e-3)


@pytest.mark.parametrize(
    ("samples", "cutoff"), [(100, 10.0), (N, 0.0), (N, 5e3), (N, float("nan"))], ids=["short", "0", "Nyquist", "nan"]
)
def test_what_cannot_be_done_is_refused(samples: int, cutoff: float) -> None:
    with pytest.raises(SignalError):
        lowpass_weights(samples, rate_hz=RATE, cutoff_hz=cutoff)
    with pytest.raises(SignalError):
        lowpass_phasors(np.zeros((1, samples)), 0, [51], N, rate_hz=RATE, cutoff_hz=cutoff)


BINS = [51, 52, 53, 54, 56, 57, 58]
LINES = np.array([1.0, -2.0, 2.05, 1.0 + 0.2j, -2.05, 0.5, 0.1])
SCALE = 0.02 * np.exp(-0.2j * np.arange(7))


def test_the_expected_leakage_is_the_mean_over_every_beginning_of_a_window() -> None:
    weights = lowpass_weights(N, **CHAIN)
    expected = expected_error(weights, BINS, N, LINES, np.zeros(7), SCALE, rate_hz=RATE)
    errors = []
    for start in range(N):
        samples = 5.0 + sum(tone(m, start, N, line) for m, line in zip(BINS, LINES, strict=True))
        read = lowpass_phasors(samples[None], start, BINS, N, **CHAIN)[0]
        errors.append((read / SCALE).real - (LINES / SCALE).real)
    np.testing.assert_allclose(expected.total, np.mean(np.square(errors), axis=0), rtol=1e-9)
    assert np.all(expected.noise == 0)
    # An electrode alone: a few per cent of its own derivative, from the start of the filter.
    own = np.abs((LINES / SCALE).real) * abs(weights.sum() - 1)
    np.testing.assert_allclose(np.sqrt(expected.alone), own, rtol=0.1, atol=1.0)


def test_two_equal_neighbours_add_as_amplitudes() -> None:
    weights = lowpass_weights(N, **CHAIN)
    one, both, opposite = (
        expected_error(weights, [50, 52, 54], N, np.array([a, 0.0, b]), np.zeros(3), np.ones(3), rate_hz=RATE)
        for a, b in ((1.0, 0.0), (1.0, 1.0), (1.0, -1.0))
    )
    assert both.leakage[1] == pytest.approx(4 * one.leakage[1], rel=1e-2)
    assert opposite.leakage[1] < 1e-2 * one.leakage[1]


def test_whole_periods_leave_nothing_but_noise() -> None:
    density = np.linspace(1.0, 2.0, 7)
    expected = expected_error(uniform_weights(N), BINS, N, LINES, density, SCALE, rate_hz=RATE)
    assert np.all(expected.own + np.abs(expected.leakage) < 1e-20)
    np.testing.assert_allclose(expected.noise, density / 0.1 / 0.02**2)  # S / (T a^2)


def test_the_expected_noise_is_the_scatter_of_trials(rng: np.random.Generator) -> None:
    samples = rng.normal(size=(1000, N)) * np.sqrt(RATE / 2)  # density 1
    expected = expected_error(lowpass_weights(N, **CHAIN), BINS, N, np.zeros(7), np.ones(7), SCALE, rate_hz=RATE)
    read = lowpass_phasors(samples, 17, BINS, N, **CHAIN)
    scatter = np.mean((read / SCALE).real ** 2, axis=0)
    np.testing.assert_allclose(scatter, expected.noise, rtol=0.2)
    assert np.mean(scatter / expected.noise) == pytest.approx(1.0, abs=0.08)


def test_it_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(SignalError, match="7 tones"):
        expected_error(uniform_weights(N), BINS, N, np.ones(6), np.ones(7), SCALE, rate_hz=RATE)


def test_a_constant_current_does_not_show() -> None:
    samples = tone(51, 3, N)[None]
    alone, lifted = (lowpass_phasors(samples + level, 3, [51, 60], N, **CHAIN) for level in (0.0, 50.0))
    np.testing.assert_allclose(lifted, alone, atol=1e-12)


def test_agreement_is_counted_from_the_values_themselves() -> None:
    x = np.array([1.0, 2.0, 3.0, np.nan])
    assert r_squared(x, x) == 1.0
    assert r_squared(x, 2 * x) == pytest.approx(1 - 14 / 2)  # a factor is an error, although the correlation is 1
    assert r_squared(x, [2.0, 2.0, 2.0, 9.0]) == pytest.approx(0.0)
    assert np.isnan(r_squared([1.0, 1.0], [1.0, 2.0]))
    assert np.isnan(root_mean_square([np.nan], [1.0]))
    assert root_mean_square(x, x + 0.5) == pytest.approx(0.5)
