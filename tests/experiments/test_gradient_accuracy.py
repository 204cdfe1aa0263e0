"""All derivatives at once against one at a time, on benches whose derivatives are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import GradientAccuracyRun, change_run_file, parse_run_file
from hgx_lab.experiments import MeasurementResult, simulated_device
from hgx_lab.experiments._gradient_accuracy import GRADIENT_ACCURACY
from hgx_lab.figures._gradient_accuracy import gradient_accuracy_figure
from hgx_lab.records import Record, open_record
from tests.support.runs import IDEAL

TEXT = """\
experiment: gradient-accuracy
seed: 3
bench:
  kind: simulated
  rate: 10 kHz
  block: 20 ms
  lead: 40 ms
  delay: 200 us
  device: {kind: smooth, seed: 3}
  amplifier: {bandwidth: null}
  stray_capacitance: [2 pF]
electrodes:
  - {name: a, role: control, limits: [-0.8 V, 0.8 V]}
  - {name: x, role: input,   limits: [-1 V, 1 V]}
  - {name: b, role: control, limits: [-0.8 V, 0.8 V], amplitude: 10 mV}
  - {name: f, role: fixed,   limits: [-1 V, 1 V], value: 0.4 V}
  - {name: c, role: control, limits: [-0.8 V, 0.8 V]}
points: 12
tones: {amplitude: 20 mV, on_inputs: true}
timing: {slope: 500 V/s, settle: 2 ms}
calibration: {kind: fixed, delay: 200 us}
"""

Run = Callable[[Mapping[str, Any]], tuple[MeasurementResult, Record]]


def make(changes: Mapping[str, Any]) -> GradientAccuracyRun:
    run = change_run_file(parse_run_file(TEXT), changes)
    assert isinstance(run, GradientAccuracyRun)
    return run


@pytest.fixture
def measured(tmp_path: Path) -> Any:
    records: list[Record] = []

    def run(changes: Mapping[str, Any]) -> tuple[MeasurementResult, Record]:
        path = tmp_path / f"{len(records)}.h5"
        result = GRADIENT_ACCURACY.run(make(changes), record=path)
        records.append(open_record(path))
        return result, records[-1]

    yield run
    for record in records:
        record.close()


def test_without_noise_all_ways_agree_with_the_exact_derivative(measured: Run) -> None:
    result, record = measured(
        {**IDEAL, "finite_differences": 5, "tones.amplitude": 1e-3, "electrodes.2.amplitude": 1e-3}
    )
    settings = record["settings"]
    assert settings["tone"].values.tolist() == ["a", "x", "b", "c"]
    run = make({})
    jacobian = simulated_device(run.bench, 5).jacobian(np.ascontiguousarray(settings["volts"].values.T))[0]
    truth = jacobian[[0, 1, 2, 4]].T
    np.testing.assert_allclose(settings["exact"].values, truth, rtol=1e-12)
    size = np.sqrt(np.mean(truth**2))
    # The bias of third order, a^2/8 f''' and its cross terms, is below 1e-4 at 1 mV.
    for name in ("multi", "single"):
        np.testing.assert_allclose(settings[name].values, truth, atol=1e-4 * size)
    np.testing.assert_allclose(settings["finite_difference"].values[:5], truth[:5], atol=1e-4 * size)
    assert np.isnan(settings["finite_difference"].values[5:]).all()
    assert result.figures["r_squared"] > 0.999999
    assert "r_squared_low_pass" not in result.figures
    assert np.isnan(settings["low_pass_multi"].values).all()


def test_settings_keep_clear_of_the_limits_and_of_the_fixed_electrode(measured: Run) -> None:
    _, record = measured({"points": 4, "finite_differences": 4})
    volts, run = record["settings"]["volts"].values, make({})
    for k, electrode in enumerate(run.electrodes):
        room = run.tone_amplitude(electrode)
        assert volts[:, k].min() >= electrode.limits[0] + room
        assert volts[:, k].max() <= electrode.limits[1] - room
    assert np.all(volts[:, 3] == 0.4)
    assert len(np.unique(volts[:, 0])) == 4


def test_the_low_pass_chain_fails_at_narrow_spacing_where_whole_periods_do_not(measured: Run) -> None:
    narrow, _ = measured({"low_pass": 10.0, "points": 40, "seed": 5})
    wide, _ = measured({"low_pass": 10.0, "points": 40, "seed": 5, "spacing": 40.0})
    # Each neighbour 10 Hz away leaks two thirds of its amplitude: half of it squared, for one to two neighbours.
    assert narrow.figures["r_squared_low_pass"] < 0.85
    assert narrow.figures["r_squared"] > 0.998
    assert wide.figures["r_squared_low_pass"] > 0.99
    assert wide.figures["r_squared"] > 0.998


def test_differences_are_as_large_as_the_error_bars_say(measured: Run) -> None:
    _, record = measured({"points": 60, "finite_differences": 30, "bench.stray_capacitance": [0.0]})
    settings = record["settings"]
    for one, other in (("multi", "single"), ("multi", "exact"), ("finite_difference", "exact")):
        spread = settings[f"{one}_std"] ** 2 + (settings[f"{other}_std"] ** 2 if other != "exact" else 0.0)
        deviation = ((settings[one] - settings[other]) ** 2 / spread).values
        known = deviation[np.isfinite(deviation)]
        # Mean of chi^2 of one degree of freedom over 120 to 240 values; error bars are themselves uncertain.
        assert 0.7 < known.mean() < 1.6, (one, other)


def test_the_forecast_is_what_happens(measured: Run) -> None:
    run = make({"points": 5, "finite_differences": 2})
    forecast = GRADIENT_ACCURACY.forecast(run)
    _, record = measured({"points": 5, "finite_differences": 2})
    end = max(e.sample for e in record.events if e.sample is not None)
    assert forecast.rows == record.rows("settings") == 5
    assert end / run.bench.rate == pytest.approx(forecast.seconds, rel=0.15)
    assert forecast.lowest == (-0.8, -1.0, -0.8, -1.0, -0.8)


def test_the_same_run_gives_the_same_record(measured: Run) -> None:
    first, second = (measured({"points": 3, "low_pass": 10.0})[1]["settings"] for _ in range(2))
    assert first.identical(second.assign_attrs(first.attrs))


@pytest.mark.parametrize("changes", [{}, {"low_pass": 10.0, "finite_differences": 3}], ids=["plain", "all"])
def test_the_figure_has_a_panel_for_each_comparison(measured: Run, changes: dict[str, Any]) -> None:
    _, record = measured({"points": 3, **changes})
    figure = gradient_accuracy_figure(record)
    figure.canvas.draw()
    titles = [axes.get_title(loc="left")[3:] for axes in figure.axes]
    chain = ["Low-pass chain"] if changes else []
    steps = ["Finite differences"] if changes else []
    assert titles == ["Whole periods", *chain, "Against the truth", *steps]
