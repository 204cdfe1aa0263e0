from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.config import NoiseRun, change_run_file, load_run_file
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import Forecast, MeasurementResult, forecast, perform
from hgx_lab.experiments._spectrum import Welch, clear_of_mains, fit_power_law
from hgx_lab.figures import save_figures
from hgx_lab.records import open_record

CONFIG = Path(__file__).parents[2] / "configs" / "noise.yaml"


def small(**changes: object) -> NoiseRun:
    quick = {"bench.rate": 20e3, "duration": 8.0, "resolution": 4.0, "fit": [8.0, 3000.0]}
    quick |= {"bench.amplifier.bandwidth": None, "calibration": {"kind": "none"}}
    run = change_run_file(load_run_file(CONFIG), {**quick, **changes})
    assert isinstance(run, NoiseRun)
    return run


def power_law_noise(rng: np.random.Generator, n: int, rate: float, level: float, exponent: float) -> np.ndarray:
    """Gaussian noise made in the frequency domain, so that every Fourier line has the density asked for."""
    f = np.arange(1, n // 2 + 1) * rate / n
    std = np.sqrt(level * (1e3 / f) ** exponent * rate * n / 4)
    lines = np.concatenate([[0.0], std * (rng.standard_normal(f.size) + 1j * rng.standard_normal(f.size))])
    return np.fft.irfft(lines, n)


def spectrum(x: np.ndarray, segment: int, rate: float) -> Welch:
    welch = Welch(segment, rate)
    for half in x.reshape(-1, segment // 2):
        welch.add(half)
    return welch


def test_density_of_a_sine_and_of_white_noise(rng: np.random.Generator) -> None:
    rate, segment = 1e4, 1000
    n = np.arange(100 * segment)
    sine = spectrum(3e-9 * np.sin(2 * np.pi * 0.1 * n), segment, rate)
    # The power of a sine is half its peak squared, whatever the window.
    assert np.nansum(sine.density) * rate / segment == pytest.approx(4.5e-18, rel=1e-9)
    white = spectrum(2e-9 * rng.standard_normal(n.size), segment, rate)
    assert np.nanmean(white.density) == pytest.approx(2 * 4e-18 / rate, rel=0.02)
    scatter = np.nanstd(white.density[5:]) / np.nanmean(white.density)
    assert scatter == pytest.approx(white.relative_std, rel=0.15)


def test_error_bars_of_the_fit_are_those_of_its_scatter_over_recordings(rng: np.random.Generator) -> None:
    rate, segment, level, exponent = 1e4, 1000, 1e-23, 1.1
    pulls = []
    for _ in range(150):
        welch = spectrum(power_law_noise(rng, 20 * segment, rate, level, exponent), segment, rate)
        band = (welch.frequencies_hz >= 50) & (welch.frequencies_hz <= 4000)
        law = fit_power_law(welch, welch.density, band)
        pulls.append([(law.level - level) / law.level_std, (law.exponent - exponent) / law.exponent_std])
    pulls = np.array(pulls)
    assert np.all(np.abs(pulls.mean(axis=0)) < 4 / np.sqrt(len(pulls)))
    np.testing.assert_allclose(pulls.std(axis=0), 1.0, atol=0.2)


def test_a_disturbance_that_nobody_knew_of_does_not_raise_the_level(rng: np.random.Generator) -> None:
    rate, segment = 1e4, 1000
    x = power_law_noise(rng, 40 * segment, rate, 1e-23, 1.0)
    x += 2e-9 * np.sin(2 * np.pi * 0.0733 * np.arange(x.size))
    welch = spectrum(x, segment, rate)
    law = fit_power_law(welch, welch.density, welch.frequencies_hz >= 30)
    assert abs(law.level - 1e-23) < 4 * law.level_std
    assert not law.used[73]


def test_mains_lines_are_kept_out_and_nothing_else() -> None:
    f = np.arange(0.0, 400.0)
    clear = clear_of_mains(f, 60.0)
    assert not clear[[57, 60, 63, 117, 120, 123, 360]].any()
    assert clear[[1, 20, 56, 64, 90, 116]].all()
    assert clear_of_mains(f, None).all()


@pytest.mark.parametrize("exponent", [0.8, 1.2])
def test_it_finds_the_law_of_the_bench_under_strong_hum(tmp_path: Path, exponent: float) -> None:
    run = small(**{"points": 2, "bench.noise.exponent": exponent, "bench.noise.flicker": 4e-23, "seed": 3})
    run = change_run_file(run, {"bench.noise.hum.amplitudes": [5e-9, 1e-9]})
    path = tmp_path / "noise.h5"
    result = perform(run, record=path)
    assert isinstance(result, MeasurementResult)
    with open_record(path) as record:
        spectra = record["spectra"].load()
        assert record.status == "completed"
        assert save_figures(record, tmp_path / "noise.png").stat().st_size > 10_000
    assert spectra.sizes["point"] == 2
    for _, point in spectra.groupby("point"):
        level, exponents = point["level"].item(), point["exponent"].item()
        assert abs(level - 4e-23) < 4 * point["level_std"].item() + 0.005 * 4e-23
        assert abs(exponents - exponent) < 4 * point["exponent_std"].item() + 0.005
        assert point["level_std"].item() < 0.02 * level
    assert result.figures["level"] == pytest.approx(np.median(spectra["level"]))
    # The device stands at its start voltages first, where the mean current is the device's own.
    np.testing.assert_allclose(spectra["volts"][0], [0.2, 0.0, -0.3])


def test_it_refuses_before_anything_moves_what_cannot_be_fitted(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="too short"):
        perform(small(duration=0.5), record=tmp_path / "a.h5")
    with pytest.raises(ExperimentError, match="can't be fitted"):
        forecast(small(fit=[1.0, 3000.0]))
    assert not list(tmp_path.iterdir())


def test_the_forecast_counts_points_and_seconds() -> None:
    run = small(duration=4.0, points=2)
    told = forecast(run)
    assert isinstance(told, Forecast)
    assert told.seconds == pytest.approx(2 * 4.0, rel=0.01)
    assert told.rows == 2
