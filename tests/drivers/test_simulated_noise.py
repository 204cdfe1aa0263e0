"""Spectra, stationarity and independence of the simulated noise, against the laws they are made by."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import signal

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated import Flicker, Hum, White
from hgx_drivers.simulated._flicker_design import design_flicker_filter
from hgx_drivers.simulated._noise_sources import NoiseStream, Source

RATE_HZ = 1e4


def stream_of(source: Source, samples: int) -> np.ndarray:
    out = np.zeros(samples)
    NoiseStream([source]).add_to(out)
    return out


class TestFlickerDesign:
    @pytest.mark.parametrize("rate_hz", [1e3, 1e5, 1e6])
    @pytest.mark.parametrize("exponent", [0.8, 1.0, 1.3])
    def test_the_exact_spectrum_follows_the_law(self, rate_hz: float, exponent: float) -> None:
        design = design_flicker_filter(rate_hz, 0.01, exponent)
        frequencies = np.geomspace(0.01, 0.49 * rate_hz, 4000)
        ratio = design.density(frequencies) * (frequencies / 1000.0) ** exponent
        assert np.abs(ratio - 1.0).max() < 0.0125
        inside = (frequencies > 0.1) & (frequencies < 0.1 * rate_hz)
        assert np.abs(ratio[inside] - 1.0).max() < 0.01
        slope = np.polyfit(np.log(frequencies), np.log(design.density(frequencies)), 1)[0]
        assert slope == pytest.approx(-exponent, abs=0.002)

    def test_the_spectrum_is_that_of_the_sections(self) -> None:
        design = design_flicker_filter(RATE_HZ, 0.01, 1.0)
        frequencies = np.geomspace(0.05, 4900.0, 300)
        _, response = signal.sosfreqz(design.sections(), frequencies, fs=RATE_HZ)
        assert np.allclose(2.0 / RATE_HZ * np.abs(response) ** 2, design.density(frequencies), rtol=1e-7)

    def test_it_levels_off_below_its_lowest_frequency(self) -> None:
        design = design_flicker_filter(RATE_HZ, 0.01, 1.0)
        low = design.density(np.array([1e-6, 1e-5, 1e-4]))
        assert np.ptp(low) / low.mean() < 0.01
        assert low[0] < 1.5 * design.density(np.array([0.005]))[0]

    @pytest.mark.parametrize("rate_hz", [1e3, 1e5])
    def test_the_registers_start_with_the_covariance_they_keep(self, rate_hz: float) -> None:
        """One step of the recursion, found by feeding sosfilt unit vectors, leaves F F' as it is."""
        design = design_flicker_filter(rate_hz, 0.01, 1.0)
        sections = design.sections()
        count = len(sections)

        def step(register: np.ndarray, x: float) -> np.ndarray:
            state = np.zeros((count, 2))
            state[:, 0] = register
            return signal.sosfilt(sections, [x], zi=state)[1][:, 0]

        matrix = np.stack([step(unit, 0.0) for unit in np.eye(count)], axis=1)
        drive = step(np.zeros(count), 1.0)
        factor = design.stationary_factor()
        covariance = factor @ factor.T
        after = matrix @ covariance @ matrix.T + np.outer(drive, drive)
        scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
        assert np.abs((after - covariance) / scale).max() < 1e-11
        # Of itself that is a weak statement about slow poles, so also: what one step adds is what one step loses.
        lost = covariance - matrix @ covariance @ matrix.T
        assert np.allclose(np.diag(lost), drive**2, rtol=1e-6)

    def test_the_first_sample_has_the_variance_of_the_spectrum(self, rng: np.random.Generator) -> None:
        design = design_flicker_filter(RATE_HZ, 0.01, 1.0)
        frequencies = np.concatenate([[0.0], np.geomspace(1e-5, RATE_HZ / 2, 100_000)])
        expected = np.trapezoid(design.density(frequencies), frequencies)
        runs = 20_000
        factor = design.stationary_factor()
        state = np.zeros((len(factor), runs, 2))
        state[:, :, 0] = factor @ rng.standard_normal((len(factor), runs))
        samples, _ = signal.sosfilt(design.sections(), rng.standard_normal((runs, 50)), axis=1, zi=state)
        for column in (0, 1, 49):
            assert samples[:, column].var() == pytest.approx(expected, rel=5 * np.sqrt(2 / runs))


class TestSources:
    @pytest.mark.slow
    def test_flicker_has_its_slope_and_level_over_four_decades(self) -> None:
        exponent = 1.0
        flicker = Flicker(1e-23, exponent, 0.01)
        samples = stream_of(flicker.source(RATE_HZ, 3, 0), 2**23)
        length = 2**15
        frequencies, density = signal.welch(samples, RATE_HZ, "hann", length, detrend=False)
        use = (frequencies > 0.6) & (frequencies < 4500.0)
        frequencies, density = frequencies[use], density[use]
        ratio = density / (1e-23 * (1000.0 / frequencies) ** exponent)
        assert ratio.mean() == pytest.approx(1.0, abs=0.01)
        edges = np.geomspace(0.6, 4500.0, 13)
        bands = np.array([ratio[(frequencies >= a) & (frequencies < b)].mean() for a, b in itertools.pairwise(edges)])
        lines = np.histogram(frequencies, edges)[0]
        # Half-overlapping Hann segments are worth 1.9 periodograms for every length, but each of their lines is
        # 1.5 lines wide.
        deviation = 1.0 / np.sqrt(lines / 1.5 * 1.9 * len(samples) / length)
        assert (np.abs(bands - 1.0) < 0.01 + 4.0 * deviation).all()
        slope = np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(bands), 1, w=1 / deviation)[0]
        assert abs(slope) < 0.01

    def test_the_published_level_is_a_third_of_a_nanoampere(self) -> None:
        design = design_flicker_filter(1e5, 0.01, 1.0)
        frequencies = np.geomspace(1.0, 5000.0, 20_000)
        rms = np.sqrt(np.trapezoid(Flicker().density_at_1_khz * design.density(frequencies), frequencies))
        assert rms == pytest.approx(0.29e-9, rel=0.01)

    def test_white_noise_has_its_density(self) -> None:
        samples = stream_of(White(2e-26).source(RATE_HZ, 1, 0), 400_000)
        assert samples.var() == pytest.approx(2e-26 * RATE_HZ / 2, rel=5 * np.sqrt(2 / 400_000))
        assert abs(np.corrcoef(samples[1:], samples[:-1])[0, 1]) < 5 / np.sqrt(400_000)

    def test_hum_has_its_lines_and_stays_near_its_frequency(self) -> None:
        hum = Hum(50.0, (0.05e-9, 0.0, 0.02e-9), wander_hz=0.02)
        seconds = 10
        samples = stream_of(hum.source(RATE_HZ, 1, 0), seconds * int(RATE_HZ))
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        for harmonic, amplitude in ((1, 0.05e-9), (3, 0.02e-9)):
            centre = 50 * harmonic * seconds
            power = np.sum(spectrum[centre - 20 : centre + 21] ** 2)
            # A line's power within its lobe: (a/2)^2 N sum(w^2).
            expected = (amplitude / 2) ** 2 * len(samples) * np.sum(np.hanning(len(samples)) ** 2)
            assert power == pytest.approx(expected, rel=0.01)
        steady = stream_of(Hum(50.0, (1.0,), wander_hz=0.0).source(RATE_HZ, 1, 0), 20_000)
        index = np.arange(20_000)
        basis = np.stack([np.sin(2 * np.pi * 50 * index / RATE_HZ), np.cos(2 * np.pi * 50 * index / RATE_HZ)])
        residual = steady - basis.T @ np.linalg.lstsq(basis.T, steady)[0]
        assert np.abs(residual).max() < 1e-9

    @pytest.mark.parametrize("kind", [White(), Flicker(), Hum()])
    def test_seeds_channels_and_eras_are_independent_and_repeatable(self, kind: White | Flicker | Hum) -> None:
        def samples(*key: int) -> np.ndarray:
            return stream_of(kind.source(RATE_HZ, *key), 5000)

        first = samples(1, 0, 0)
        assert np.array_equal(first, samples(1, 0, 0))
        for other in ((2, 0, 0), (1, 1, 0), (1, 0, 1)):
            assert not np.allclose(first, samples(*other), rtol=0.1, atol=0.0)

    @pytest.mark.parametrize("kind", [White(), Flicker(), Hum()])
    def test_any_cut_gives_the_same_samples(self, kind: White | Flicker | Hum, rng: np.random.Generator) -> None:
        whole = stream_of(kind.source(RATE_HZ, 1, 0), 20_000)
        stream, cut = NoiseStream([kind.source(RATE_HZ, 1, 0)]), np.zeros(20_000)
        assert stream.peek() == whole[0]
        begin = 0
        while begin < 20_000:
            end = min(begin + int(rng.integers(1, 3000)), 20_000)
            stream.add_to(cut[begin:end])
            begin = end
        assert np.array_equal(cut, whole)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: White(-1e-28),
            lambda: White(float("nan")),
            lambda: Flicker(exponent=2.5),
            lambda: Flicker(lowest_hz=0.0),
            lambda: Flicker(density_at_1_khz=float("inf")),
            lambda: Hum(frequency_hz=0.0),
            lambda: Hum(wander_hz=-1.0),
            lambda: Flicker(lowest_hz=100.0).source(1000.0, 0, 0),
        ],
    )
    def test_noise_that_cannot_be_is_refused(self, make: object) -> None:
        with pytest.raises(RangeError):
            make()  # type: ignore[operator]
