from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.config import AmplitudeRun, change_run_file, load_run_file
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import MeasurementResult, forecast, perform, simulated_device
from hgx_lab.experiments._amplitude_analysis import extrapolate, law
from hgx_lab.figures import save_figures
from hgx_lab.records import open_record

CONFIG = Path(__file__).parents[2] / "configs" / "amplitude.yaml"


def small(**changes: object) -> AmplitudeRun:
    quick = {
        "bench.rate": 20e3,
        "bench.amplifier.bandwidth": None,
        "points": 4,
        "repeats": 4,
        "amplitudes": [10e-3, 20e-3, 40e-3, 60e-3, 90e-3],
        "bench.delay": 50e-6,  # a whole sample: the interpolation of a fraction settles slowly, to 1e-6
        "calibration": {"kind": "fixed", "delay": 50e-6},
    }
    run = change_run_file(load_run_file(CONFIG), {**quick, **changes})
    assert isinstance(run, AmplitudeRun)
    return run


def exact_third(run: AmplitudeRun, volts: np.ndarray, step: float = 2e-3) -> np.ndarray:
    """f_kkk + 2 sum_j f_kjj by central differences of the exact derivatives, (points, K)."""
    device = simulated_device(run.bench, len(run.electrodes))
    found = np.empty(volts.shape)
    for p, v in enumerate(volts):
        second = []
        for move in np.eye(v.size) * step:
            three = np.stack([v - move, v, v + move], axis=1)
            second.append(device.jacobian(three)[0] @ np.array([1.0, -2.0, 1.0]) / step**2)
        second = np.array(second)  # [j, k] = f_kjj
        found[p] = 2 * second.sum(axis=0) - np.diag(second)
    return found


def test_without_noise_the_bias_is_the_third_derivative_and_the_limit_is_exact(tmp_path: Path) -> None:
    # A drift that is fitted takes a little of the mixing lines for itself, and gives it back to the tones.
    ideal = {"bench.noise": None, "tones.drift": False}
    ideal |= {"bench.input_converter": {"bits": None}, "bench.output_converter": {"bits": None}}
    run = small(**ideal, amplitudes=[5e-3, 10e-3, 15e-3, 20e-3], points=3, repeats=2)
    perform(run, record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        points, errors = record["points"].load(), record["errors"].load()
    truth = exact_third(run, points["volts"].values)
    size = np.abs(truth).max()
    np.testing.assert_allclose(points["third"], truth, atol=0.01 * size)
    np.testing.assert_allclose(points["limit"], points["exact"], atol=1e-13)
    bias = np.sqrt(np.mean(truth**2)) * errors["amplitude"].values ** 2 / 8
    np.testing.assert_allclose(errors["total"], bias, rtol=0.03)
    np.testing.assert_allclose(errors["exact"], bias, rtol=0.03)


def test_total_error_is_the_one_against_the_exact_derivative(tmp_path: Path) -> None:
    run = small()
    result = perform(run, record=tmp_path / "r.h5")
    assert isinstance(result, MeasurementResult)
    with open_record(tmp_path / "r.h5") as record:
        points, errors, laws = (record[name].load() for name in ("points", "errors", "laws"))
        assert save_figures(record, tmp_path / "r.png").stat().st_size > 10_000
    # The limit takes no derivative at its word, and yet finds what nobody told it, within its own error bars.
    pull = ((points["limit"] - points["exact"]) / points["limit_std"]).values
    assert np.abs(pull).max() < 5
    np.testing.assert_allclose(errors["total"], errors["exact"], rtol=0.2)
    third = float(np.sqrt(np.mean(exact_third(run, points["volts"].values) ** 2)))
    assert laws["third"].item() == pytest.approx(third, rel=0.2)
    noise = laws["noise"].item()
    best = laws["best_amplitude"].item()
    grid = np.geomspace(1e-3, 1.0, 20_000)
    assert best == pytest.approx(grid[np.argmin((noise / grid) ** 2 + (laws["third"].item() * grid**2 / 8) ** 2)], 1e-3)
    # sqrt(S/T) of the bench, averaged over the tones between 1 and 3 kHz.
    window = run.timing.periods * run.tones.period
    assert np.sqrt(1e-23 * 1 / 3 / window) < noise < np.sqrt(1e-23 / window) * 1.1
    np.testing.assert_allclose(errors["noise"] * errors["amplitude"], noise, rtol=0.25)
    assert result.figures["best_amplitude"] == best


def test_noise_leaves_no_bias_in_the_bias(rng: np.random.Generator) -> None:
    amplitudes, third, sigma = np.array([0.01, 0.02, 0.04, 0.08]), 4e-6, 10e-12
    std = np.repeat(sigma / amplitudes[:, None], 4000, axis=1)
    true = 20e-9 + third * amplitudes[:, None] ** 2 / 8
    fit = extrapolate(amplitudes, true + std * rng.standard_normal(std.shape), std)
    assert np.std((fit.limit - 20e-9) / fit.limit_std) == pytest.approx(1.0, rel=0.05)
    assert np.std((fit.third - third) / fit.third_std) == pytest.approx(1.0, rel=0.05)
    bias = np.mean(fit.bias_square, axis=1)
    spread = np.std(fit.bias_square, axis=1) / np.sqrt(std.shape[1])
    assert np.all(np.abs(bias - (third * amplitudes**2 / 8) ** 2) < 4 * spread)
    found = law(amplitudes, std, fit.third, fit.third_std)
    assert found.third == pytest.approx(third, rel=0.05)
    assert found.noise == pytest.approx(sigma)
    assert law(amplitudes, std, np.zeros(5), np.ones(5)).best_amplitude is None


def test_it_refuses_before_anything_moves(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="single amplitude"):
        forecast(small(amplitudes=[0.02, 0.02]))
    with pytest.raises(ExperimentError, match="moves e0 at"):
        perform(small(amplitudes=[0.01, 0.5]), record=tmp_path / "r.h5")
    with pytest.raises(ExperimentError, match="e0 has 2 V between its limits"):
        forecast(small(amplitudes=[0.01, 1.1], **{"safety.slew": 1e5}))
    assert not list(tmp_path.iterdir())
