"""Tones on a grid, and the error that their spacing makes, against a device of known conductances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.config import ToneSpacingRun, change_run_file, parse_run_file
from hgx_lab.errors import ConfigurationError, ExperimentError, TonePlanError
from hgx_lab.experiments._tone_grid import tone_grid
from hgx_lab.experiments._tone_spacing import TONE_SPACING
from hgx_lab.figures._tone_spacing import tone_spacing_figure
from hgx_lab.records import open_record
from hgx_lab.signals.lowpass_chain import lowpass_weights

CONDUCTANCES = np.array([60e-9, -30e-9, 10e-9, 20.5e-9, 40e-9])
DENSITY = 1e-23
TEXT = """\
experiment: tone-spacing
seed: 4
bench:
  kind: simulated
  rate: 5 kHz
  block: 100 ms
  lead: 100 ms
  output_buffer: 0.5 s
  delay: 400 us
  device: {kind: linear, offset: 30 nA, conductances: [60 nA/V, -30 nA/V, 10 nA/V, 20.5 nA/V, 40 nA/V]}
  amplifier: {bandwidth: null}
  noise: {white: 1e-5 nA^2/Hz, flicker: 0}
  stray_capacitance: [0 F]
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], start: 0.1 V}
  - {name: b, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.3 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: 0.4 V}
  - {name: e, role: control, limits: [-1 V, 1 V], start: 0.5 V}
spacings: [10 Hz, 40 Hz]
repeats: 400
tones: {amplitude: 20 mV, mains: null, band: [300 Hz, 2 kHz]}
calibration: {kind: fixed, delay: 400 us}
"""


def make(**changes: object) -> ToneSpacingRun:
    run = change_run_file(parse_run_file(TEXT), changes)
    assert isinstance(run, ToneSpacingRun)
    return run


def test_the_error_is_what_the_formulas_say(tmp_path: Path) -> None:
    result = TONE_SPACING.run(make(), record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        found = record["spacings"]
        figure = tone_spacing_figure(record)
    figure.canvas.draw()
    size = 1e-9
    np.testing.assert_allclose(found["exact"].values[0], CONDUCTANCES, rtol=1e-12)
    # 400 windows of 0.1 s, and 16 bits: 0.3 mV on tones of 20 mV.
    np.testing.assert_allclose(found["derivative"].values, np.tile(CONDUCTANCES, (2, 1)), atol=0.3 * size)
    # The density comes from the bench, not from what was measured.
    np.testing.assert_allclose(found["density"].values, DENSITY, rtol=0.08)
    bound = DENSITY / 0.1 / 0.02**2
    np.testing.assert_allclose(found["expected"].values, bound, rtol=0.08)
    np.testing.assert_allclose(found["measured"].values.mean(axis=1), bound, rtol=0.15)
    # Leakage of the neighbours 10 Hz away, by hand: all tones are sines of one counter, so both sides add up.
    weights = lowpass_weights(500, rate_hz=5e3, cutoff_hz=10.0)
    passed = abs(np.sum(weights * np.exp(2j * np.pi * 10.0 * np.arange(500) / 5e3)))
    beside = CONDUCTANCES[1] + CONDUCTANCES[3]
    beyond = abs(np.sum(weights * np.exp(2j * np.pi * 20.0 * np.arange(500) / 5e3)))
    leakage = (passed * beside) ** 2 / 2 + (beyond * (CONDUCTANCES[0] + CONDUCTANCES[4])) ** 2 / 2
    noise = DENSITY * 5e3 * float(weights @ weights) / 0.02**2
    gain = (weights.sum() - 1) ** 2 * CONDUCTANCES[2] ** 2
    by_hand = leakage + noise + gain
    assert found["low_pass_expected"].values[0, 2] == pytest.approx(by_hand, rel=0.05)
    assert found["low_pass_measured"].values[0, 2] == pytest.approx(by_hand, rel=0.15)
    ratio = (found["low_pass_measured"] / found["low_pass_expected"]).values
    np.testing.assert_allclose(ratio.mean(axis=1), 1.0, atol=0.15)
    assert result.figures["worst_deviation_low_pass"] < 0.15
    # One electrode at a time knows no neighbours; equally strong ones of random signs add up as powers.
    own = DENSITY * 5e3 * float(weights @ weights) / 0.02**2 + (weights.sum() - 1) ** 2 * CONDUCTANCES**2
    np.testing.assert_allclose(found["low_pass_alone"].values, np.tile(own, (2, 1)), rtol=0.08)
    extra = (found["low_pass_equal"] - found["low_pass_alone"]).values[0, 2]
    assert extra == pytest.approx(CONDUCTANCES[2] ** 2 * (passed**2 + beyond**2), rel=0.05)
    weak = (found["low_pass_weak"] - found["low_pass_alone"]).values[0, 2]
    assert weak == pytest.approx(400 * extra)
    assert found["neighbours"].values[0, 2] == pytest.approx(np.sqrt((30**2 + 20.5**2) / 2) / 10, rel=0.05)


def test_tones_keep_off_the_mains() -> None:
    grid = tone_grid(make(**{"tones.mains": 50.0}), lowest=510.0, spacing=10.0, window=0.1)
    assert grid.frequencies_hz.tolist() == [510.0, 520.0, 530.0, 540.0, 560.0]
    sixty = tone_grid(make(**{"tones.mains": 60.0}), lowest=510.0, spacing=30.0, window=0.1)
    assert sixty.frequencies_hz.tolist() == [510.0, 570.0, 630.0, 690.0, 750.0]
    even = tone_grid(make(), lowest=510.0, spacing=40.0, window=0.1)
    assert even.frequencies_hz.tolist() == [510.0, 550.0, 590.0, 630.0, 670.0]
    np.testing.assert_array_equal(even.amplitudes, 0.02)


@pytest.mark.parametrize(
    ("grid", "mains", "words"),
    [
        ({"lowest": 515.0, "spacing": 10.0, "window": 0.1}, None, "lowest tone of 515 Hz"),
        ({"lowest": 510.0, "spacing": 15.0, "window": 0.1}, None, "multiple of 10 Hz"),
        ({"lowest": 510.0, "spacing": 10.0, "window": 0.10003}, None, "samples"),
        ({"lowest": 500.0, "spacing": 50.0, "window": 0.1}, 50.0, "Every tone"),
        ({"lowest": 500.0, "spacing": 100.0, "window": 0.01}, 50.0, "shorter than a period of the mains"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(grid: dict[str, float], mains: float | None, words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        tone_grid(make(**{"tones.mains": mains}), **grid)


def test_a_grid_beyond_half_the_rate_is_refused_before_anything_moves() -> None:
    with pytest.raises(TonePlanError, match="N/2"):
        TONE_SPACING.declare(make(spacings=[400.0]))


def test_a_grid_that_leaves_no_error_bar_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    # Side by side up to half the rate: sums, differences and products of third order fall on every bin.
    run = make(window=0.01, lowest=400.0, spacings=(100.0,), **{"bench.rate": 2e3, "tones.band": (100.0, 900.0)})
    for use in (TONE_SPACING.forecast, lambda run: TONE_SPACING.run(run, record=tmp_path / "r.h5")):
        with pytest.raises(ConfigurationError, match="The derivatives of a, b, c, d, e would have no error bars"):
            use(run)
    assert not (tmp_path / "r.h5").exists()


def test_the_forecast_knows_the_time_and_the_voltages() -> None:
    forecast = TONE_SPACING.forecast(make())
    assert forecast.seconds == pytest.approx(2 * 400 * 0.1, rel=0.02)
    assert forecast.rows == 2
    np.testing.assert_allclose(forecast.lowest, np.arange(0.1, 0.6, 0.1) - 0.02)
    np.testing.assert_allclose(forecast.highest, np.arange(0.1, 0.6, 0.1) + 0.02)
