"""Signed derivatives, curvature and compression against polynomials whose derivatives are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtr

from hgx_lab.errors import SignalError
from hgx_lab.signals.derivatives import (
    Derivatives,
    SecondOrderLine,
    compression_corrected,
    curvature,
    derivatives,
    hessian,
)
from hgx_lab.signals.response import IDENTITY_RESPONSE, ChainResponse

RATE = 1e5
PERIOD = 4096
BINS = np.array([97, 161, 268])  # every line of first, second and third order has a bin of its own
TONES = BINS * RATE / PERIOD
CHAIN = ChainResponse(delay_seconds=17.3 / RATE, pole_hz=2000.0)
PAIRS = list(combinations(range(3), 2))
LINES = [SecondOrderLine(k, k) for k in range(3)]
LINES += [SecondOrderLine(i, j, sign) for i, j in PAIRS for sign in (1, -1)]


class Cubic:
    """I(V) = c1.V + c2:VV/2 + c3:VVV/6 with symmetric random coefficients; its derivatives at V are exact."""

    def __init__(self, rng, cubic=1.0):
        c2, c3 = rng.standard_normal((3, 3)), rng.standard_normal((3, 3, 3))
        self.c1 = rng.standard_normal(3)
        self.c2 = c2 + c2.T
        self.c3 = cubic * sum(
            np.transpose(c3, p) for p in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
        )

    def __call__(self, v):
        second = np.einsum("ij,in,jn->n", self.c2, v, v) / 2
        return self.c1 @ v + second + np.einsum("ijk,in,jn,kn->n", self.c3, v, v, v) / 6

    def gradient(self, v):
        return self.c1 + self.c2 @ v + np.einsum("ijk,j,k->i", self.c3, v, v) / 2

    def hessian(self, v):
        return self.c2 + np.einsum("ijk,k->ij", self.c3, v)


class Reading:
    """One whole period of a device with tones in sine phase, read at any bin, behind a chain."""

    def __init__(self, device, point, amplitudes, chain):
        theta = 2 * np.pi * np.outer(BINS, np.arange(PERIOD)) / PERIOD
        samples = device(point[:, None] + amplitudes[:, None] * np.sin(theta))
        spectrum = np.fft.rfft(samples) * 2 / PERIOD
        self.at = (-spectrum.imag + 1j * spectrum.real) * chain(np.arange(spectrum.size) * RATE / PERIOD)

    def lines(self, bins):
        return self.at[np.asarray(bins)][None]


def line_bins():
    return np.abs([BINS[line.first] + line.sign * BINS[line.second] for line in LINES])


def zeros(*shape):
    return np.zeros(shape)


@pytest.fixture(params=["identity", "delay and pole"])
def chain(request):
    return IDENTITY_RESPONSE if request.param == "identity" else CHAIN


def test_the_plan_of_these_tests_has_private_lines():
    combs = {tuple(c) for c in np.ndindex(7, 7, 7)}
    orders = [np.array(c) - 3 for c in combs if 0 < np.abs(np.array(c) - 3).sum() <= 3]
    lines: dict[int, set[tuple[int, ...]]] = {}
    for order in orders:
        signed = int(order @ BINS)
        lines.setdefault(abs(signed), set()).add(tuple((order if signed > 0 else -order).tolist()))
    assert all(len(makers) == 1 for makers in lines.values())
    assert min(lines) > 0 and max(lines) < PERIOD / 2


class TestFirstOrder:
    def test_exact_on_a_quadratic_device(self, rng, chain):
        """Even orders are in quadrature, or elsewhere: at any amplitude nothing is added to the derivative."""
        device, point, a = Cubic(rng, cubic=0.0), rng.standard_normal(3), np.array([0.5, 0.02, 1.0])
        got = derivatives(Reading(device, point, a, chain).lines(BINS), zeros(1, 3), TONES, a, chain)
        np.testing.assert_allclose(got.value[0], device.gradient(point), rtol=1e-10)
        np.testing.assert_allclose(got.quadrature, 0.0, atol=1e-9)

    def test_second_order_line_on_a_tone_stays_in_quadrature(self):
        """Bins 97 and 194: twice the first falls on the second, as a cosine."""
        theta = 2 * np.pi * np.outer([97, 194], np.arange(PERIOD)) / PERIOD
        v = np.array([0.1, 0.1])[:, None] * np.sin(theta)
        spectrum = np.fft.rfft(5.0 * v[0] - 3.0 * v[1] + 40.0 * v[0] ** 2)[[97, 194]] * 2 / PERIOD
        z = (-spectrum.imag + 1j * spectrum.real)[None]
        got = derivatives(z, zeros(1, 2), [1.0, 2.0], [0.1, 0.1], IDENTITY_RESPONSE)
        np.testing.assert_allclose(got.value, [[5.0, -3.0]], rtol=1e-12)
        assert abs(got.quadrature[0, 1]) > 1.0

    def test_bias_of_a_cubic_falls_with_the_square_of_the_amplitude(self, rng):
        device, point = Cubic(rng), rng.standard_normal(3)
        diagonal = np.einsum("kjj->kj", device.c3)
        per_a2 = diagonal.sum(axis=1) / 4 - np.diag(diagonal) / 8
        for a in (0.1, 0.01):
            volts = np.full(3, a)
            got = derivatives(Reading(device, point, volts, CHAIN).lines(BINS), zeros(1, 3), TONES, volts, CHAIN)
            np.testing.assert_allclose(got.value[0] - device.gradient(point), per_a2 * a**2, rtol=1e-6)

    def test_stray_capacitance_is_quadrature_and_never_gradient(self):
        g, capacitance, a = np.array([20.0, -15.0, 0.0]), 0.5e-3, np.array([0.02, 0.02, 0.02])
        z = a * (g + 2j * np.pi * TONES * capacitance) * CHAIN(TONES)
        got = derivatives(z[None], zeros(1, 3), TONES, a, CHAIN)
        np.testing.assert_allclose(got.value[0], g, atol=1e-12)
        np.testing.assert_allclose(got.quadrature[0], 2 * np.pi * TONES * capacitance, rtol=1e-12)

    def test_every_channel_may_have_its_own_chain(self, rng):
        chains = [CHAIN, IDENTITY_RESPONSE]
        g, a = rng.standard_normal((2, 3)), np.array([0.02, 0.03, 0.04])
        z = a * g * np.stack([c(TONES) for c in chains])
        np.testing.assert_allclose(derivatives(z, zeros(2, 3), TONES, a, chains).value, g, rtol=1e-12)

    def test_a_silent_tone_is_not_measured(self):
        got = derivatives(np.ones((1, 2), complex), np.full((1, 2), 0.1), [1e3, 2e3], [0.02, 0.0], IDENTITY_RESPONSE)
        for field in (got.value, got.std, got.quadrature):
            np.testing.assert_array_equal(np.isnan(field), [[False, True]])
        np.testing.assert_array_equal(got.significant(), [[True, False]])
        assert got.sign_probability[0, 1] == 0.5

    def test_exact_readings_have_certain_signs(self):
        got = derivatives(np.array([[1.0 + 0j, 0.0]]), zeros(1, 2), [1e3, 2e3], [0.02, 0.02], IDENTITY_RESPONSE)
        np.testing.assert_array_equal(got.sign_probability, [[1.0, 0.5]])

    @pytest.mark.parametrize(
        ("phasors", "std", "frequencies", "amplitudes", "response"),
        [
            (np.ones((1, 2), complex), zeros(1, 2), [1e3, 2e3], [0.02, -0.02], CHAIN),
            (np.ones((1, 2), complex), zeros(1, 2), [1e3, 2e3], [0.02, np.nan], CHAIN),
            (np.ones((1, 2), complex), zeros(1, 2), [1e3, 2e3], [0.02], CHAIN),
            (np.ones(2, complex), zeros(2), [1e3, 2e3], [0.02, 0.02], CHAIN),
            (np.ones((1, 2), complex), zeros(2, 2), [1e3, 2e3], [0.02, 0.02], CHAIN),
            (np.ones((1, 2), complex), zeros(1, 2), [1e3], [0.02, 0.02], CHAIN),
            (np.ones((1, 2), complex), zeros(1, 2), [1e3, 2e3], [0.02, 0.02], [CHAIN, CHAIN]),
        ],
    )
    def test_what_does_not_fit_is_refused(self, phasors, std, frequencies, amplitudes, response):
        with pytest.raises(SignalError):
            derivatives(phasors, std, frequencies, amplitudes, response)


class TestErrorBars:
    @pytest.fixture
    def noisy(self, rng):
        """20,000 points, 7 electrodes, derivatives from 0 to 40 nA/V, 10 mV, 10 ms at 1e-5 nA^2/Hz (1 kHz / f)."""
        tones = np.arange(11, 18) * 100.0
        truth = rng.uniform(-40, 40, (20_000, 7))
        std = np.broadcast_to(np.sqrt(1e-5 * 1e3 / tones / 0.01) * np.abs(CHAIN(tones)), truth.shape)
        noise = rng.standard_normal(truth.shape) + 1j * rng.standard_normal(truth.shape)
        z = 0.01 * (truth + 2j * np.pi * tones * 0.5e-3) * CHAIN(tones) + std * noise
        return truth, derivatives(z, std, tones, np.full(7, 0.01), CHAIN)

    def test_scatter_is_the_reported_one_and_there_is_no_bias(self, noisy):
        truth, got = noisy
        pull = (got.value - truth) / got.std
        np.testing.assert_allclose(pull.std(axis=0), 1.0, atol=0.02)
        np.testing.assert_allclose(pull.mean(axis=0), 0.0, atol=0.03)
        # 1e-5 nA^2/Hz at 1 kHz, 10 ms, 10 mV: sqrt(S / T) / a.
        np.testing.assert_allclose(got.std[0] * np.sqrt(np.arange(11, 18) / 10), 3.162, rtol=1e-3)

    def test_wrong_signs_beyond_three_sigma_are_as_rare_as_they_should_be(self, noisy):
        truth, got = noisy
        wrong = np.sign(got.value) != np.sign(truth)
        significant = got.significant(3)
        assert significant.sum() > 50_000
        assert wrong[significant].mean() <= 0.002
        assert wrong[~significant].mean() > 0.02  # the noise does matter at this level

    def test_sign_probability_is_the_share_of_right_signs(self, noisy):
        truth, got = noisy
        right = np.sign(got.value) == np.sign(truth)
        for low, high in [(0.5, 0.6), (0.6, 0.75), (0.75, 0.9), (0.9, 0.97), (0.97, 0.999)]:
            inside = (got.sign_probability >= low) & (got.sign_probability < high)
            assert right[inside].mean() == pytest.approx(got.sign_probability[inside].mean(), abs=0.02)

    def test_sign_probability_is_the_normal_distribution(self):
        got = Derivatives(np.array([[-2.0, 1.0]]), np.array([[1.0, 1.0]]), np.zeros((1, 2)))
        np.testing.assert_allclose(got.sign_probability, ndtr([[2.0, 1.0]]))


class TestCurvature:
    def test_every_line_gives_the_exact_second_derivative(self, rng, chain):
        device, point, a = Cubic(rng), rng.standard_normal(3), np.array([0.3, 0.5, 0.2])
        z = Reading(device, point, a, chain).lines(line_bins())
        got = curvature(z, np.full((1, 9), 1e-3), LINES, TONES, a, chain)
        exact = device.hessian(point)
        np.testing.assert_allclose(got.value[0], [exact[x.first, x.second] for x in LINES], rtol=1e-9)

    def test_a_difference_keeps_its_sign_whichever_tone_is_higher(self, rng):
        device, point, a = Cubic(rng), rng.standard_normal(3), np.array([0.3, 0.5, 0.2])
        z = Reading(device, point, a, CHAIN).lines([BINS[2] - BINS[0]])
        for line in (SecondOrderLine(0, 2, -1), SecondOrderLine(2, 0, -1)):
            got = curvature(z, zeros(1, 1), [line], TONES, a, CHAIN)
            assert got.value[0, 0] == pytest.approx(device.hessian(point)[0, 2], rel=1e-9)

    def test_hessian_is_symmetric_and_exact(self, rng, chain):
        device, point, a = Cubic(rng), rng.standard_normal(3), np.array([0.3, 0.5, 0.2])
        z = Reading(device, point, a, chain).lines(line_bins())
        for std in (0.0, 1e-3):
            got = hessian(z, np.full((1, 9), std), LINES, TONES, a, chain)
            np.testing.assert_allclose(got.value[0], device.hessian(point), rtol=1e-9)

    def test_reported_scatter_of_the_hessian(self, rng):
        device, point, a = Cubic(rng), rng.standard_normal(3), np.array([0.3, 0.5, 0.2])
        z = np.repeat(Reading(device, point, a, CHAIN).lines(line_bins()), 20_000, axis=0)
        std = np.broadcast_to(rng.uniform(0.5e-3, 2e-3, 9), z.shape)
        z = z + std * (rng.standard_normal(z.shape) + 1j * rng.standard_normal(z.shape))
        got = hessian(z, std, LINES, TONES, a, CHAIN)
        np.testing.assert_allclose(got.value.std(axis=0), got.std[0], rtol=0.03)
        single = curvature(z[:1], std[:1], LINES, TONES, a, CHAIN).std[0]
        for pair, (up, down) in zip(PAIRS, single[3:].reshape(3, 2), strict=True):
            assert got.std[0][pair] < min(up, down)

    def test_pairs_without_a_line_or_a_tone_are_nan(self):
        got = hessian(np.ones((1, 2), complex), np.ones((1, 2)), LINES[1:3], TONES, [0.1, 0.1, 0.0], CHAIN)
        measured = np.zeros((3, 3), dtype=bool)
        measured[1, 1] = True
        np.testing.assert_array_equal(~np.isnan(got.value[0]), measured)
        np.testing.assert_array_equal(~np.isnan(got.std[0]), measured)

    @pytest.mark.parametrize(
        "build",
        [
            lambda: SecondOrderLine(0, 0, -1),
            lambda: SecondOrderLine(0, 1, 2),
            lambda: SecondOrderLine(-1, 1),
            lambda: curvature(np.ones((1, 1), complex), zeros(1, 1), [SecondOrderLine(0, 3)], TONES, [0.1] * 3, CHAIN),
            lambda: curvature(np.ones((1, 2), complex), zeros(1, 2), LINES[:1], TONES, [0.1] * 3, CHAIN),
        ],
    )
    def test_impossible_lines_are_refused(self, build):
        with pytest.raises(SignalError):
            build()


class TestCompression:
    @staticmethod
    def corrected(reading, a, chain, std=0.0):
        cross = BINS[:, None] + 2 * BINS[None, :]
        z = reading.lines(BINS), reading.lines(3 * BINS), reading.lines(cross)
        errors = [np.full(x.shape, std) for x in z]
        return compression_corrected(z[0], errors[0], z[1], errors[1], z[2], errors[2], TONES, a, chain)

    def test_exact_on_a_cubic_at_large_amplitude(self, rng, chain):
        device, point, a = Cubic(rng), rng.standard_normal(3), np.array([0.3, 0.5, 0.2])
        reading = Reading(device, point, a, chain)
        plain = derivatives(reading.lines(BINS), zeros(1, 3), TONES, a, chain).value[0]
        assert np.max(np.abs(plain / device.gradient(point) - 1)) > 0.01
        got = self.corrected(reading, a, chain)
        np.testing.assert_allclose(got.value[0], device.gradient(point), rtol=1e-9)

    def test_a_silent_tone_changes_nothing_for_the_others(self, rng):
        device, point, a = Cubic(rng), rng.standard_normal(3), np.array([0.3, 0.0, 0.2])
        got = self.corrected(Reading(device, point, a, CHAIN), a, CHAIN, std=1e-3)
        np.testing.assert_allclose(got.value[0, [0, 2]], device.gradient(point)[[0, 2]], rtol=1e-9)
        assert np.isnan(got.value[0, 1])
        # sqrt(1 + 9 + 4) times the single line's noise, before the chain is taken out.
        unit = np.sqrt(
            1 / abs(CHAIN(TONES[0])) ** 2
            + 9 / abs(CHAIN(3 * TONES[0])) ** 2
            + 4 / abs(CHAIN(TONES[0] + 2 * TONES[2])) ** 2
        )
        assert got.std[0, 0] == pytest.approx(1e-3 * unit / 0.3)

    def test_shapes_that_do_not_fit_are_refused(self):
        z, s = np.ones((1, 3), complex), zeros(1, 3)
        with pytest.raises(SignalError, match="2 f_j"):
            compression_corrected(z, s, z, s, z, s, TONES, [0.1] * 3, CHAIN)
