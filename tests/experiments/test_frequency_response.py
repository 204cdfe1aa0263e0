from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.config import FrequencyResponseRun, change_run_file, load_run_file
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import MeasurementResult, forecast, perform
from hgx_lab.experiments._response_analysis import Sweeps
from hgx_lab.experiments._single_tones import even_bins
from hgx_lab.figures import save_figures
from hgx_lab.records import open_record

CONFIG = Path(__file__).parents[2] / "configs" / "frequency-response.yaml"
DELAY, FARADS, RATE = 100e-6, np.array([0.0, 3e-12]), 50e3


def small(**changes: object) -> FrequencyResponseRun:
    """A linear device behind a delay, no noise; its second electrode has a stray capacitance."""
    ideal = {
        "bench.rate": RATE,
        "bench.delay": DELAY,
        "bench.device": {"kind": "linear", "conductances": [40e-9, -25e-9]},
        "bench.amplifier.bandwidth": None,
        "bench.stray_capacitance": FARADS.tolist(),
        "bench.noise": None,
        "bench.input_converter": {"bits": None},
        "bench.output_converter": {"bits": None},
        "electrodes": [{"name": n, "role": "control", "limits": [-1.0, 1.0]} for n in "ab"],
        "span": [100.0, 5000.0],
        "points": 1,
        "steps": 12,
        "tones.period": 50e-3,
        "calibration": {"kind": "fixed", "delay": DELAY},
    }
    run = change_run_file(load_run_file(CONFIG), {**ideal, **changes})
    assert isinstance(run, FrequencyResponseRun)
    return run


def test_steps_on_every_bin_are_refused_since_they_leave_no_error_bar() -> None:
    dense = {"tones.period": 1e-3, "span": [2000.0, 24e3], "steps": 100, "tones.mains": None, "tones.amplitude": 1e-4}
    with pytest.raises(ExperimentError, match=r"2000, 3000, .* would have no error bar"):
        forecast(small(**dense))
    forecast(small(**dense, **{"timing.periods": 2}))


def test_a_delay_turns_the_phase_and_its_correction_turns_it_back(tmp_path: Path) -> None:
    run = small(**{"bench.stray_capacitance": [0.0]})
    result = perform(run, record=tmp_path / "r.h5")
    assert isinstance(result, MeasurementResult)
    with open_record(tmp_path / "r.h5") as record:
        rows, steps = record["responses"].load(), record["deviations"].load()
    f = rows["frequency"].values
    for g, row in zip([40e-9, -25e-9], range(2), strict=True):
        # The charge moves once per sample, so what is exact here is exact to rounding.
        np.testing.assert_allclose(rows["raw"][row], g * np.cos(2 * np.pi * f * DELAY), atol=1e-14)
        np.testing.assert_allclose(rows["raw_quadrature"][row], -g * np.sin(2 * np.pi * f * DELAY), atol=1e-14)
        np.testing.assert_allclose(rows["derivative"][row], g, rtol=1e-6)
        assert rows["exact"][row] == g
    np.testing.assert_allclose(steps["raw_phase"], -360 * f * DELAY, atol=1e-3)
    np.testing.assert_allclose(steps["raw"], 1 - np.cos(2 * np.pi * f * DELAY), atol=1e-6)
    assert steps["corrected"].max() < 1e-6
    first = f[2 * np.pi * f * DELAY > np.arccos(0.9)].min()
    assert result.figures == {"raw_fails_hz": first}


def test_a_stray_capacitance_is_found_and_leaks_in_phase_by_half_a_sample(tmp_path: Path) -> None:
    perform(small(), record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        rows, strays = record["responses"].load(), record["strays"].load()
    # C (V_n - V_n-1) fs for V = sin: in phase C fs (1 - cos w), ahead by 90 degrees C fs sin w; w per sample.
    w = 2 * np.pi * rows["frequency"].values / RATE
    np.testing.assert_allclose(rows["quadrature"][1], FARADS[1] * RATE * np.sin(w), rtol=1e-4, atol=1e-13)
    np.testing.assert_allclose(rows["derivative"][1], -25e-9 + FARADS[1] * RATE * (1 - np.cos(w)), atol=2e-12)
    np.testing.assert_allclose(strays["capacitance"], FARADS, atol=0.1e-12)


def test_it_agrees_with_the_exact_derivative_of_a_noisy_nonlinear_bench(tmp_path: Path) -> None:
    run = change_run_file(
        load_run_file(CONFIG),
        {"bench.rate": 20e3, "bench.amplifier.bandwidth": None, "span": [300.0, 2000.0], "steps": 5, "points": 2},
    )
    run = change_run_file(run, {"bench.stray_capacitance": [0.0], "tones.period": 50e-3})
    run = change_run_file(run, {"tones.band": [300.0, 2000.0], "calibration": {"kind": "fixed", "delay": 60e-6}})
    perform(run, record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        rows = record["responses"].load()
        assert save_figures(record, tmp_path / "r.png").stat().st_size > 10_000
    pull = (rows["derivative"] - rows["exact"]) / np.hypot(rows["derivative_std"], 0.03 * rows["exact"])
    assert rows["overload"].sum() == 0
    assert 0.4 < float(pull.std()) < 1.5
    assert float(np.abs(pull).max()) < 5
    assert float(np.abs(rows["raw"] - rows["exact"]).max()) > 3 * float(rows["derivative_std"].max())


def test_noise_is_taken_out_of_a_deviation_without_bias(rng: np.random.Generator) -> None:
    f, sigma = np.geomspace(100.0, 1e4, 30), 5e-9
    sweeps = Sweeps(f, 1e3)
    for row in range(400):
        g = rng.standard_normal() * 20e-9
        true = g * (1 + 0.3 * (f > 5e3))
        z = true + sigma * (rng.standard_normal(f.size) + 1j * rng.standard_normal(f.size))
        sweeps.add(row % 2, z, z, np.full(f.size, sigma), g)
    found = sweeps.deviations()
    np.testing.assert_allclose(found["noise"], 0.25, rtol=0.15)
    assert found["corrected"][f < 5e3].max() < 0.12
    np.testing.assert_allclose(found["corrected"][f > 5e3], 0.3, atol=0.06)
    assert sweeps.fails(np.where(f > 5e3, 0.3, 0.0)) == f[f > 5e3].min()
    assert sweeps.fails(np.zeros(30)) is None


def test_frequencies_keep_away_from_the_mains_and_within_the_span() -> None:
    run = small(**{"tones.period": 0.1, "span": [95.0, 3000.0], "steps": 30})
    f = np.array(even_bins(run)) * 10.0
    low = f[f < 1000]
    assert np.all(np.abs(low - 50 * np.rint(low / 50)) >= 20)
    assert f.min() >= 80
    assert f.max() <= 3000


def test_it_refuses_before_anything_moves(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="Begin the span at 40 Hz"):
        forecast(small(span=[30.0, 5e3]))
    with pytest.raises(ExperimentError, match="can't be made at 50 kHz"):
        forecast(small(span=[100.0, 25e3]))
    with pytest.raises(ExperimentError, match="moves a at"):
        perform(small(**{"safety.slew": 700.0}), record=tmp_path / "r.h5")
    assert not list(tmp_path.iterdir())
