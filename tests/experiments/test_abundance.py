"""Abundance of gates: against enumeration of the device itself, and interval formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

from hgx_lab.config import AbundanceRun, RunFileError, change_run_file, load_run_file, parse_run_file
from hgx_lab.experiments import count_gates, forecast, gate_margins, perform, simulated_device
from hgx_lab.figures import figure_of
from hgx_lab.records import open_record

TEXT = """\
experiment: abundance
name: small
seed: 3
bench:
  kind: simulated
  rate: 20 kHz
  delay: 100 us
  device: {kind: smooth, seed: 3}
  amplifier: {bandwidth: null}
  noise: null
  stray_capacitance: 0
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V]}
  - {name: x, role: input,   limits: [-1 V, 1 V]}
  - {name: y, role: input,   limits: [-1 V, 1 V]}
  - {name: b, role: control, limits: [-1 V, 1 V]}
  - {name: c, role: fixed,   limits: [-1 V, 1 V], value: 0.3 V}
inputs: {x: [-0.5 V, 0.5 V], y: [0.6 V, -0.4 V]}
settings: 120
margin: 1 nA
settle: 1 ms
timing: {slope: 1 kV/s, periods: 1}
tones: {period: 5 ms}
"""


def small() -> AbundanceRun:
    run = parse_run_file(TEXT)
    assert isinstance(run, AbundanceRun)
    return run


def test_it_counts_what_the_device_computes(tmp_path: Path) -> None:
    run = small()
    path = tmp_path / "a.h5"
    perform(run, record=path)
    device = simulated_device(run.bench, 5)
    truth = {"AND": "0001", "OR": "0111", "NAND": "1110", "NOR": "1000", "XOR": "0110", "XNOR": "1001"}
    with open_record(path) as record:
        settings, abundance, best = record["settings"], record["abundance"], record["best"]
        volts = settings["volts"].values
        assert volts.shape == (120, 4, 5)
        np.testing.assert_array_equal(volts[0, :, 1], [-0.5, -0.5, 0.5, 0.5])
        np.testing.assert_array_equal(volts[0, :, 2], [0.6, -0.4, 0.6, -0.4])
        assert (volts[:, :, 4] == 0.3).all()
        assert np.ptp(volts[:, :, [0, 3]], axis=1).max() == 0.0
        assert np.unique(volts[:, 0, 0]).size == 120
        exact = device.current(volts.reshape(-1, 5).T)[0].reshape(120, 4)
        # 16-bit converters: 305 uV steps of the read-out are 30 pA, those of the outputs some 10 pA more.
        np.testing.assert_allclose(settings["current"].values, exact, atol=0.1e-9)
        assert list(settings["gate"].values) == list(truth)
        measured = settings["current"].values
        for index, bits in enumerate(truth.values()):
            high = [i for i in range(4) if bits[i] == "1"]
            low = [i for i in range(4) if bits[i] == "0"]
            wanted = sum(min(row[high]) - max(row[low]) >= 1e-9 for row in measured)
            assert abundance["solved"].values[index] == wanted
        assert abundance["solved"].values.sum() > 30
        assert (abundance["share_low"] <= abundance["share"]).all()
        assert (abundance["share"] <= abundance["share_high"]).all()
        for row in range(len(best["setting"])):
            gate, setting = int(best["gate_index"][row]), int(best["setting"][row])
            assert best["margin"][row] == settings["margin"].values[setting, gate]
        for gate, widest in enumerate(settings["margin"].values.max(axis=0)):
            listed = best["margin"].values[best["gate_index"].values == gate]
            assert listed.size == min(5, int((settings["margin"].values[:, gate] > 0).sum()))
            assert not listed.size or listed[0] == widest
        figure = figure_of(record)
        assert len(figure.axes) >= 3
        figure.canvas.draw()


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    """Against quantiles of the beta distribution; and none of n leaves at most 1 - (0.025)^(1/n)."""
    outputs = np.zeros((40, 4))
    outputs[:7, 3] = 2e-9  # seven ANDs
    counts = {c.gate: c for c in count_gates(gate_margins(outputs), 1e-9)}
    assert (counts["AND"].solved, counts["AND"].tried) == (7, 40)
    assert counts["AND"].low == pytest.approx(beta.ppf(0.025, 7, 34))
    assert counts["AND"].high == pytest.approx(beta.ppf(0.975, 8, 33))
    assert (counts["XOR"].solved, counts["XOR"].low) == (0, 0.0)
    assert counts["XOR"].high == pytest.approx(1 - 0.025 ** (1 / 40))
    assert count_gates(gate_margins(np.zeros((3, 4))), 0.0)[0].solved == 0  # equal outputs are no gate


def test_the_forecast_says_how_long_and_how_far(tmp_path: Path) -> None:
    run = small()
    said = forecast(run)
    path = tmp_path / "a.h5"
    perform(run, record=path)
    with open_record(path) as record:
        (end,) = [e for e in record.events if e.kind == "at-rest"]
    assert end.sample is not None
    assert end.sample / run.bench.rate == pytest.approx(said.seconds if hasattr(said, "seconds") else 0, rel=0.1)
    assert said.lowest[1:3] == (-0.5, -0.4)  # type: ignore[union-attr]
    assert said.highest[1:3] == (0.5, 0.6)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("{x: [0 V, 1 V], z: [0 V, 1 V]}", "there is no electrode 'z'"),
        ("{x: [0 V, 1 V], a: [0 V, 1 V]}", "a is of role control, and must be an input"),
        ("{x: [0 V, 1 V], y: [1 V, 1 V]}", "the levels are the same"),
        ("{x: [0 V, 1.5 V], y: [0 V, 1 V]}", "1.5 V is outside the limits of x"),
    ],
)
def test_inputs_that_cannot_be_played_are_refused_on_their_line(inputs: str, words: str) -> None:
    text = TEXT.replace("{x: [-0.5 V, 0.5 V], y: [0.6 V, -0.4 V]}", inputs)
    with pytest.raises(RunFileError, match=words) as error:
        parse_run_file(text)
    assert error.value.problems[0].line == 18


def test_the_standard_network_has_all_six_gates(tmp_path: Path) -> None:
    run = load_run_file(Path(__file__).parents[2] / "configs" / "abundance.yaml")
    path = tmp_path / "a.h5"
    perform(change_run_file(run, {"settings": 150}), record=path)
    with open_record(path) as record:
        solved = record["abundance"]["solved"].values
        assert (solved > 0).all()
        assert solved[:2].min() > solved[4:].max()  # AND and OR are commoner than XOR and XNOR
