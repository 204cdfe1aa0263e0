"""The chain's response: convention, calibration against simulated chains, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.signal import lfilter

from hgx_lab.errors import CalibrationError, SignalError
from hgx_lab.signals.response import (
    IDENTITY_RESPONSE,
    ChainResponse,
    calibration_bank,
    calibration_bins,
    calibration_sequence,
    fit_chain_response,
)

RATE = 1e5
PERIOD = 1000  # 10 ms
ELECTRODES = 7
AMPLITUDE = 0.02
# Currents in nA, capacitances in nF (nA s / V).
PICOFARAD = 1e-3


def published_noise(frequencies, seconds):
    """Std of a phasor part: 1e-5 nA^2/Hz at 1 kHz as 1/f, and the converter's white noise."""
    return np.sqrt((1e-5 * 1e3 / frequencies + 3.3e-10) / seconds)


def random_derivatives(rng, shape):
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(12, 100, shape)


def observe(rng, chain, frequencies, derivatives, capacitances, *, noise=published_noise):
    """Phasors and their std of one window a step; the noise passes the pole like the signal."""
    std = noise(frequencies, PERIOD / RATE) * np.abs(chain(frequencies))
    phasors = AMPLITUDE * (derivatives + 2j * np.pi * frequencies * capacitances) * chain(frequencies)
    phasors = phasors + std * (rng.standard_normal(phasors.shape) + 1j * rng.standard_normal(phasors.shape))
    return phasors, np.broadcast_to(std, phasors.shape)


def calibrate(frequencies, phasors, std, *, max_delay_samples=50.0):
    points = np.arange(len(phasors))[:, None, None]
    return fit_chain_response(
        frequencies,
        phasors,
        std,
        AMPLITUDE,
        points,
        np.arange(phasors.shape[-1]),
        rate_hz=RATE,
        max_delay_samples=max_delay_samples,
    )


def sine_phasors(samples, bins):
    """X + iY of X sin + Y cos at bins of a whole period."""
    spectrum = np.fft.rfft(samples)[bins] * 2 / samples.size
    return -spectrum.imag + 1j * spectrum.real


def standard_frequencies(highest_hz=4000.0, steps=7):
    bins = calibration_bins(14, rate_hz=RATE, period_samples=PERIOD, lowest_hz=500, highest_hz=highest_hz)
    return calibration_bank(calibration_sequence(bins, ELECTRODES, steps)).frequencies_hz(RATE, PERIOD)


class TestChainResponse:
    def test_identity(self):
        np.testing.assert_array_equal(IDENTITY_RESPONSE([0.0, 1e3, 1e6]), 1.0)

    def test_turns_a_delayed_sine_as_the_convention_says(self):
        n, bin_, delay = np.arange(PERIOD), 13, 7
        samples = np.sin(2 * np.pi * bin_ * (n - delay) / PERIOD)
        theta = 2 * np.pi * bin_ * n / PERIOD
        phasor = 2 / PERIOD * (samples @ np.sin(theta) + 1j * (samples @ np.cos(theta)))
        assert ChainResponse(delay / RATE)(bin_ * RATE / PERIOD) == pytest.approx(phasor, abs=1e-12)

    def test_pole_against_the_differential_equation(self):
        # tau y' + y = sin(w t) has the steady state (sin(w t) - w tau cos(w t)) / (1 + (w tau)^2).
        ratio = 0.7
        h = ChainResponse(0.0, 2000.0)(ratio * 2000.0)
        assert h == pytest.approx((1 - 1j * ratio) / (1 + ratio**2), abs=1e-14)

    def test_json_round_trip_is_exact(self):
        chain = ChainResponse(1 / 3e4, 2000 / 7, ((1e-13 / 3, -2e-14), (-2e-14, 5e-13)))
        assert ChainResponse.from_dict(json.loads(json.dumps(chain.to_dict()))) == chain
        assert ChainResponse.from_dict(json.loads(json.dumps(IDENTITY_RESPONSE.to_dict()))) == IDENTITY_RESPONSE

    def test_delay_in_samples(self):
        assert ChainResponse(12.25e-5).delay_samples(RATE) == pytest.approx(12.25)

    def test_phase_std_is_the_propagated_covariance(self, rng):
        covariance = np.array([[4e-12, -3e-12], [-3e-12, 9e-12]])
        chain = ChainResponse(1e-4, 2000.0, tuple(map(tuple, covariance.tolist())))
        drawn = rng.multivariate_normal([1e-4, chain.time_constant_seconds], covariance, size=20_000)
        f = np.array([300.0, 1500.0, 5000.0])
        phases = np.array([np.angle(ChainResponse(d, 1 / (2 * np.pi * t))(f) / chain(f)) for d, t in drawn])
        np.testing.assert_allclose(chain.phase_std(f), phases.std(axis=0), rtol=0.03)
        poles = 1 / (2 * np.pi * drawn[:, 1])
        assert chain.pole_std_hz == pytest.approx(poles.std(), rel=0.03)
        assert chain.delay_std_seconds == pytest.approx(2e-6)

    @pytest.mark.parametrize(
        "build",
        [
            lambda: ChainResponse(np.nan),
            lambda: ChainResponse(0.0, 0.0),
            lambda: ChainResponse(0.0, -5.0),
            lambda: ChainResponse(0.0, None, ((-1.0, 0.0), (0.0, 0.0))),
            lambda: ChainResponse.from_dict({"delay_seconds": 0.0}),
            lambda: ChainResponse.from_dict({**IDENTITY_RESPONSE.to_dict(), "delay_seconds": "soon"}),
            lambda: ChainResponse.from_dict({**IDENTITY_RESPONSE.to_dict(), "covariance": [1.0]}),
        ],
    )
    def test_nonsense_is_refused(self, build):
        with pytest.raises(CalibrationError):
            build()


class TestCalibrationSequence:
    @pytest.mark.parametrize(
        ("electrodes", "steps", "count"), [(1, 1, 1), (7, 7, 14), (7, 4, 7), (7, 7, 7), (32, 6, 40)]
    )
    def test_is_a_latin_rectangle_that_spans_the_band(self, electrodes, steps, count):
        bins = np.arange(5, 5 + 2 * count, 2)
        sequence = calibration_sequence(bins, electrodes, steps)
        assert sequence.shape == (steps, electrodes)
        assert set(sequence.ravel()) <= set(bins)
        for row in sequence:
            assert len(set(row)) == electrodes
        for column in sequence.T:
            places = np.sort(np.searchsorted(bins, column))
            assert len(set(column)) == steps
            gaps = np.diff(np.append(places, places[0] + count))
            assert gaps.max() <= 2 * np.ceil(count / steps)

    def test_bins_are_odd_distinct_and_cover_the_band(self):
        bins = calibration_bins(14, rate_hz=RATE, period_samples=PERIOD, lowest_hz=500, highest_hz=8000)
        assert len(set(bins)) == 14
        assert np.all(bins % 2 == 1)
        assert (bins[0], bins[-1]) == (5, 79)
        assert np.all(np.diff(np.log(bins)) < 2.5 * np.log(79 / 5) / 13)

    def test_bank_switches_exactly_the_tones_of_the_step(self):
        sequence = calibration_sequence([5, 7, 11, 13], 3, 4)
        bank = calibration_bank(sequence)
        volts = bank.amplitudes([0.01, 0.02, 0.03])
        assert volts.shape == (4, bank.tone_bins.size)
        assert len(set(zip(bank.tone_electrodes, bank.tone_bins, strict=True))) == bank.tone_bins.size
        for step, row in enumerate(volts):
            on = {(int(bank.tone_electrodes[t]), int(bank.tone_bins[t])): row[t] for t in np.flatnonzero(row)}
            assert on == {(k, int(sequence[step, k])): (k + 1) / 100 for k in range(3)}
            np.testing.assert_array_equal(bank.pick(bank.bins, step), sequence[step])

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: calibration_sequence([5, 7], 3, 1),
            lambda: calibration_sequence([5, 7], 1, 3),
            lambda: calibration_sequence([5, 5, 7], 2, 2),
            lambda: calibration_sequence([0, 5], 1, 1),
            lambda: calibration_sequence([5.5, 7.0], 1, 1),
            lambda: calibration_bank([[5, 5]]),
            lambda: calibration_bins(40, rate_hz=RATE, period_samples=PERIOD, lowest_hz=500, highest_hz=4000),
            lambda: calibration_bins(4, rate_hz=RATE, period_samples=PERIOD, lowest_hz=500, highest_hz=6e4),
        ],
    )
    def test_impossible_requests_are_refused(self, ask):
        with pytest.raises(SignalError):
            ask()


class TestCalibration:
    @pytest.mark.parametrize("stray_pf", [0.0, 0.5])
    def test_unknown_delay_and_pole_every_sign_is_restored(self, rng, stray_pf):
        """280 ms of tones in 0.5-4 kHz; then 10 ms windows with tones of 1-2 kHz."""
        f = standard_frequencies()
        used = np.arange(11, 18) * RATE / PERIOD
        errors, pulls, chi2, wrong, threshold_wrong = [], [], [], 0, []
        delays = np.concatenate(([0.0, 50.0], rng.uniform(0, 50, 28)))
        for delay in delays:
            chain = ChainResponse(delay / RATE, 2000.0)
            stray = rng.uniform(0, stray_pf, ELECTRODES) * PICOFARAD
            z, std = observe(rng, chain, f, random_derivatives(rng, (4, 1, ELECTRODES)), stray)
            fit = calibrate(f, z, std)
            errors.append(fit.response.delay_samples(RATE) - delay)
            pulls.append(errors[-1] / fit.delay_std_samples)
            chi2.append(fit.reduced_chi2)
            truth = random_derivatives(rng, (50, ELECTRODES))
            z, _ = observe(rng, chain, used, truth, stray)
            wrong += np.count_nonzero(np.sign((z / fit.response(used)).real) != np.sign(truth))
            threshold_wrong.append(np.mean(np.where(np.abs(np.angle(z)) < np.pi / 2, 1, -1) != np.sign(truth)))
        assert np.max(np.abs(errors)) < 0.2
        assert wrong == 0
        assert 0.4 < np.mean(threshold_wrong) < 0.8
        assert 0.7 < np.std(pulls) < 1.35
        assert np.mean(chi2) == pytest.approx(1.0, abs=0.03)

    def test_narrow_band_of_the_training_tones_is_enough_for_every_sign(self, rng):
        """Calibration within 1.1-1.9 kHz only, 540 ms."""
        f = calibration_sequence(np.arange(11, 20), ELECTRODES, 9) * RATE / PERIOD
        for delay in rng.uniform(0, 50, 20):
            chain = ChainResponse(delay / RATE, 2000.0)
            stray = rng.uniform(0, 0.5, ELECTRODES) * PICOFARAD
            z, std = observe(rng, chain, f, random_derivatives(rng, (6, 1, ELECTRODES)), stray)
            fit = calibrate(f, z, std)
            assert abs(fit.response.delay_samples(RATE) - delay) < 0.2
            assert np.max(np.abs(np.angle(fit.response(f) / chain(f)))) < np.radians(1)

    def test_recovers_derivatives_pole_and_capacitances(self, rng):
        f = standard_frequencies(8000.0)
        chain = ChainResponse(23.4 / RATE, 2000.0)
        truth = random_derivatives(rng, (4, 1, ELECTRODES))
        stray = rng.uniform(0.1, 0.5, ELECTRODES) * PICOFARAD
        fit = calibrate(f, *observe(rng, chain, f, truth, stray))
        assert fit.response.pole_hz is not None
        assert fit.response.pole_std_hz is not None
        assert abs(fit.response.pole_hz - 2000.0) < 4 * fit.response.pole_std_hz < 40.0
        # One window gives 1.6 nA/V at 1 kHz; seven steps are averaged.
        np.testing.assert_allclose(fit.gradients, truth[:, 0], atol=4.0)
        np.testing.assert_allclose(fit.capacitances, stray, atol=0.05 * PICOFARAD)
        assert fit.rival_chi2 > 1000

    def test_chain_without_a_pole(self, rng):
        f = standard_frequencies(8000.0)
        chain = ChainResponse(7.3 / RATE)
        fit = calibrate(f, *observe(rng, chain, f, random_derivatives(rng, (4, 1, ELECTRODES)), 0.0))
        assert np.max(np.abs(np.angle(fit.response(f) / chain(f)))) < np.radians(1)
        assert abs(fit.response.delay_samples(RATE) - 7.3) < 4 * fit.delay_std_samples
        assert fit.response.time_constant_seconds < 4 * np.sqrt(fit.response.covariance[1][1])

    @pytest.mark.parametrize("pole_hz", [2000.0, 6400.0, 20000.0])
    @pytest.mark.parametrize("kind", ["impulse invariant", "held"])
    def test_sampled_stream_through_a_discrete_pole(self, rng, pole_hz, kind):
        """Bank, samples, a curved device, stray charge, a recursive pole, an integer delay, one window a step."""
        bins = calibration_bins(14, rate_hz=RATE, period_samples=PERIOD, lowest_hz=500, highest_hz=8000)
        bank = calibration_bank(calibration_sequence(bins, ELECTRODES, 7))
        volts = bank.amplitudes(AMPLITUDE)
        delay, settle, points = 31, 2 * PERIOD, 4
        n = np.arange(settle + PERIOD)
        sines = np.sin(2 * np.pi * np.outer(bank.tone_bins, n) / PERIOD)
        cosines = np.cos(2 * np.pi * np.outer(bank.tone_bins, n) / PERIOD)
        omega = 2 * np.pi * bank.tone_bins * RATE / PERIOD
        on_electrode = np.equal.outer(np.arange(ELECTRODES), bank.tone_electrodes).astype(float)
        truth = random_derivatives(rng, (points, ELECTRODES))
        stray = rng.uniform(0, 0.5, ELECTRODES) * PICOFARAD
        keep = np.exp(-2 * np.pi * pole_hz / RATE)
        numerator = [0.0, 1 - keep] if kind == "held" else [1 - keep]
        std = np.sqrt(1e-5 / (PERIOD / RATE))
        phasors = np.empty((points, 7, ELECTRODES), dtype=complex)
        for p in range(points):
            for step in range(7):
                tones = volts[step][:, None]
                v = on_electrode @ (tones * sines)
                # 20 nA/V times 1/V of curvature: even products, which odd bins keep off the tones.
                current = truth[p] @ v + 20.0 * v.sum(axis=0) ** 2
                current += stray @ (on_electrode @ (omega[:, None] * tones * cosines))
                seen = np.roll(lfilter(numerator, [1, -keep], current), delay)[settle:]
                seen += rng.standard_normal(PERIOD) * std * np.sqrt(PERIOD / 2)
                phasors[p, step] = bank.pick(sine_phasors(seen, bank.bins), step)
        f = bank.frequencies_hz(RATE, PERIOD)
        fit = calibrate(f, phasors, np.full(phasors.shape, std))
        np.testing.assert_array_equal(np.sign(fit.gradients), np.sign(truth))
        z = np.exp(2j * np.pi * f / RATE)
        exact = z**-delay * (1 - keep) / (1 - keep / z) * (1 / z if kind == "held" else 1.0)
        assert np.max(np.abs(np.angle(fit.response(f) / exact))) < np.radians(1.5)
        # The recursion lags about half a sample less (impulse invariant) or more (held) than a continuous pole.
        offset = 0.5 if kind == "held" else -0.5
        assert abs(fit.response.delay_samples(RATE) - delay - offset) < 0.1 + 3 * fit.delay_std_samples


class TestRefusals:
    def test_noise_alone(self, rng):
        f = standard_frequencies()
        z, std = observe(rng, ChainResponse(1e-4, 2000.0), f, np.zeros((4, 1, ELECTRODES)), 0.0)
        with pytest.raises(CalibrationError, match=r"degrees|equally well|edge"):
            calibrate(f, z, std)

    def test_nothing_at_all(self):
        f = standard_frequencies()
        with pytest.raises(CalibrationError):
            calibrate(f, np.zeros((4, *f.shape), dtype=complex), np.ones((4, *f.shape)))

    def test_odd_bins_leave_half_a_base_period_open(self, rng):
        """500 samples more turn every odd bin of 1000 samples by half a period: all signs the other way round."""
        f = standard_frequencies()
        z, std = observe(rng, ChainResponse(10 / RATE, 2000.0), f, random_derivatives(rng, (4, 1, ELECTRODES)), 0.0)
        assert calibrate(f, z, std, max_delay_samples=400).response.delay_samples(RATE) == pytest.approx(10, abs=0.2)
        with pytest.raises(CalibrationError, match="equally well"):
            calibrate(f, z, std, max_delay_samples=600)

    def test_what_is_accepted_under_heavy_noise_is_right(self, rng):
        """80 times the published noise amplitude: most calibrations pass, none with a wrong phase."""
        f, accepted = standard_frequencies(), 0
        chain = ChainResponse(10 / RATE, 2000.0)
        for _ in range(10):
            truth = random_derivatives(rng, (4, 1, ELECTRODES))
            z, std = observe(rng, chain, f, truth, 0.0, noise=lambda f, t: 80 * published_noise(f, t))
            try:
                fit = calibrate(f, z, std)
            except CalibrationError:
                continue
            accepted += 1
            turned = np.abs(np.angle(fit.response(f) / chain(f)))
            assert np.all(turned < np.minimum(np.radians(60), 5 * fit.response.phase_std(f)))
        assert accepted >= 5

    def test_a_phase_that_stays_uncertain(self, rng):
        f = standard_frequencies()
        truth = random_derivatives(rng, (4, 1, ELECTRODES))
        chain = ChainResponse(1e-4, 2000.0)
        z, std = observe(rng, chain, f, truth, 0.0, noise=lambda f, t: 200 * published_noise(f, t))
        with pytest.raises(CalibrationError, match="degrees only"):
            calibrate(f, z, std)

    def test_signs_that_a_narrow_band_leaves_open(self, rng):
        """Two neighbouring tones on one electrode: half a period more or less can't be told."""
        f = np.array([[1500.0], [1600.0]])
        z, std = observe(rng, ChainResponse(1e-4, 2000.0), f, np.full((3, 1, 1), 15.0), 0.0)
        with pytest.raises(CalibrationError, match=r"equally well|degrees"):
            calibrate(f, z, std)

    @pytest.mark.parametrize(("delay", "message"), [(53.0, "edge of the range"), (70.0, "delay")])
    def test_delay_beyond_the_range(self, rng, delay, message):
        f = standard_frequencies()
        z, std = observe(rng, ChainResponse(delay / RATE, 2000.0), f, random_derivatives(rng, (4, 1, ELECTRODES)), 0.0)
        with pytest.raises(CalibrationError, match=message):
            calibrate(f, z, std)

    def test_a_resonance_is_no_pole(self, rng):
        f = standard_frequencies()
        z, std = observe(rng, ChainResponse(10 / RATE), f, random_derivatives(rng, (4, 1, ELECTRODES)), 0.0)
        with pytest.raises(CalibrationError, match="reduced chi"):
            calibrate(f, z / (1 - (f / 1500.0) ** 2 + 0.1j * f / 1500.0), std)

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("frequencies_hz", -1.0, "frequency"),
            ("phasors", np.nan, "phasor"),
            ("phasor_std", 0.0, "standard deviation"),
            ("amplitudes", 0.0, "amplitude"),
            ("points", -1, "point"),
            ("electrodes", -1, "electrode"),
            ("electrodes", [0, 1, 2], "broadcast"),
            ("rate_hz", 0.0, "rate"),
            ("max_delay_samples", -1.0, "largest delay"),
        ],
    )
    def test_unusable_observations(self, name, value, message):
        arguments = {
            "frequencies_hz": [500.0, 900.0],
            "phasors": [1.0 + 0j, 1.0 + 0j],
            "phasor_std": 0.01,
            "amplitudes": 0.02,
            "points": 0,
            "electrodes": 0,
            "rate_hz": RATE,
            "max_delay_samples": 50.0,
        }
        with pytest.raises(CalibrationError, match=message):
            fit_chain_response(**{**arguments, name: value})

    def test_too_few_observations(self):
        with pytest.raises(CalibrationError, match="frequencies"):
            fit_chain_response([500.0], [1 + 0j], 0.01, 0.02, 0, 0, rate_hz=RATE, max_delay_samples=50)
