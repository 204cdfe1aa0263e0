from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.config import ConvergenceRun, change_run_file, load_run_file
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import Forecast, MeasurementResult, forecast, perform
from hgx_lab.experiments._nested import block_means, cosine_to, mean_cosine, scatter_square
from hgx_lab.figures import save_figures
from hgx_lab.records import open_record

CONFIG = Path(__file__).parents[2] / "configs" / "convergence.yaml"


def small(**changes: object) -> ConvergenceRun:
    quick = {
        "bench.rate": 20e3,
        "bench.delay": 50e-6,
        "bench.amplifier.bandwidth": None,
        "bench.stray_capacitance": [0.0],
        "calibration": {"kind": "fixed", "delay": 50e-6},
        "longest": 0.64,
        "points": 12,
    }
    run = change_run_file(load_run_file(CONFIG), {**quick, **changes})
    assert isinstance(run, ConvergenceRun)
    return run


def test_error_follows_the_bound_and_the_exact_derivative(tmp_path: Path) -> None:
    run = small()
    result = perform(run, record=tmp_path / "r.h5")
    assert isinstance(result, MeasurementResult)
    with open_record(tmp_path / "r.h5") as record:
        table, points = record["summary"].load(), record["points"].load()
        assert save_figures(record, tmp_path / "r.png").stat().st_size > 10_000
    np.testing.assert_allclose(table["duration"], 0.01 * 2.0 ** np.arange(7))
    np.testing.assert_allclose(table["bound"] * np.sqrt(table["duration"]), table["bound"][0] * 0.1)
    assert np.all(np.abs(table["error"] - table["bound"]) < 4 * table["error_std"] + 0.03 * table["bound"])
    np.testing.assert_allclose(table["exact_error"], table["error"], rtol=0.25)
    # The bound from the bench's own noise: 1e-23 A^2/Hz at 1 kHz, tones between 1.1 and 3 kHz, 10 mV, 10 ms.
    assert np.sqrt(1e-23 / 3.0 / 0.01) / 0.01 < table["bound"][0] < np.sqrt(1e-23 / 1.1 / 0.01) / 0.01
    assert result.figures["exponent"] == pytest.approx(-0.5, abs=0.03)
    assert points.sizes["tone"] == 5
    np.testing.assert_allclose(table["cosine"], table["exact_cosine"], atol=0.01)
    assert table["cosine"][0] < 0.97
    good = result.figures["good_direction_seconds"]
    assert table["cosine"].sel(duration=good) >= 0.95
    assert np.all(table["cosine"].values[table["duration"].values < good * 0.99] < 0.95)


def test_an_error_that_averaging_cannot_remove_shows_against_the_exact_derivative_only(tmp_path: Path) -> None:
    # A delay that isn't the bench's: in phase the derivative lacks 1 - cos(2 pi f 100 us), some 22 to 130 %.
    run = small(calibration={"kind": "fixed", "delay": 150e-6}, points=3, longest=0.32)
    perform(run, record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        table = record["summary"].load()
    assert table["exact_error"][-1] > 5 * table["error"][-1]
    assert table["exact_error"][-1] > 0.7 * table["exact_error"][0]
    assert table["exact_cosine"][-1] < 0.97 < table["cosine"][-1]


def test_scatter_and_cosine_are_unbiased_at_every_length(rng: np.random.Generator) -> None:
    gradient, sigma, windows, trials = np.array([3.0, -1.0, 2.0, 0.5]), 4.0, 32, 3000
    series = gradient + sigma * rng.standard_normal((trials, windows, 4))
    for size in (1, 4, 16):
        blocks = [block_means(s, size) for s in series]
        variance = np.array([scatter_square(b) for b in blocks])
        np.testing.assert_allclose(variance.mean(axis=0), sigma**2 / size, rtol=0.06)
        # A fresh block against the truth, which the estimate never sees.
        fresh = gradient + sigma / np.sqrt(size) * rng.standard_normal((100_000, 4))
        truth = cosine_to(fresh, gradient)
        found = np.nanmean([mean_cosine(b, size, s) for b, s in zip(blocks, series, strict=True)])
        assert found == pytest.approx(truth, abs=0.02)


def test_cosine_of_noise_without_a_gradient_is_not_a_number_or_small(rng: np.random.Generator) -> None:
    assert np.isnan(mean_cosine(np.array([[1.0, 0.0], [0.0, 1.0]]), 1, np.array([[1.0, 0.0], [-1.0, 0.1]])))
    means = block_means(np.arange(14.0).reshape(7, 2), 3)
    np.testing.assert_array_equal(means, [[2.0, 3.0], [8.0, 9.0]])


def test_it_refuses_before_anything_moves_and_tells_its_time(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="nothing to average"):
        perform(small(longest=15e-3), record=tmp_path / "r.h5")
    assert not list(tmp_path.iterdir())
    # 0.5 s is rounded down to 32 base periods, and two such blocks are measured.
    told = forecast(small(longest=0.5, points=2))
    assert isinstance(told, Forecast)
    assert told.seconds == pytest.approx(2 * (0.64 + 5e-3))
