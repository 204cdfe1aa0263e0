"""The stages of a run file reach the simulated bench, and runs on the three presets find their delay and train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated import Creep, Flicker, Hum, Telegraph
from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.experiments import simulated_plant, train, training_of
from hgx_lab.records import open_record
from hgx_lab.signals import ChainResponse

RUN = """
name: preset
seed: 2
bench: {bench}
electrodes:
  - {{name: e0, role: input, limits: [-1 V, 1 V]}}
  - {{name: e1, role: input, limits: [-1 V, 1 V]}}
  - {{name: e2, role: control, limits: [-1 V, 1 V]}}
  - {{name: e3, role: control, limits: [-1 V, 1 V]}}
  - {{name: e4, role: control, limits: [-1 V, 1 V]}}
tones: {{period: 10 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV}}
calibration: {{kind: measure, max_delay: 3 ms}}
task: {{kind: gate, gate: AND, inputs: {{e0: [0 V, 0.5 V], e1: [0 V, 0.5 V]}}}}
stop: {{iterations: 2}}
validation: null
"""


def run_with(bench: str) -> RunFile:
    return parse_run_file(RUN.format(bench=bench))


def test_every_stage_reaches_the_plant() -> None:
    run = run_with(
        "{kind: simulated, rate: 50 kHz, delay: 1 ms, electrode_time: external-capacitor,"
        " charging: {fraction: -3 %, time: 5 ms}, drift: {rate: 2 pA/s},"
        " stray_capacitance: [1 pF, 2 pF, 3 pF, 4 pF, 5 pF],"
        " amplifier: {gain: 39.5 nA/V, clip: null, bandwidth: null, inverting: true},"
        " noise: {white: 0 A^2/Hz, exponent: 1.2, lowest: 0.1 Hz, flicker_doubles_at: 20 nA,"
        " fluctuators: [{amplitude: 50 pA, up: 2 Hz, down: 5 Hz}, {amplitude: 0 A}],"
        " hum: {frequency: 60 Hz, amplitudes: [1 pA], wander: 0 Hz, wander_time: 5 s}}}"
    )
    chain = simulated_plant(run, run.bench).chain
    assert np.allclose(chain.electrode_seconds, np.linspace(22e-3, 37e-3, 5))
    assert chain.creep == Creep(-0.03, 5e-3)
    assert chain.delay_samples == pytest.approx(50.0)
    assert chain.drift_amperes_per_second == pytest.approx(2e-12)
    assert chain.stray_farads == pytest.approx((1e-12, 2e-12, 3e-12, 4e-12, 5e-12))
    assert (chain.clip_volts, chain.pole_hz, chain.white) == (None, None, None)
    assert chain.gain_volts_per_ampere == pytest.approx(-1 / 39.5e-9)
    assert chain.flicker == Flicker(1e-23, 1.2, 0.1, 20e-9)
    assert chain.telegraphs[0] == Telegraph(50e-12, 2.0, 5.0)
    assert len(chain.telegraphs) == 2
    assert chain.hum == Hum(60.0, (1e-12,), 0.0, 5.0)


def test_stages_that_are_off_are_off() -> None:
    run = run_with("{kind: simulated, noise: null, stray_capacitance: 0 F, output_converter: {bits: null}}")
    chain = simulated_plant(run, run.bench).chain
    assert [chain.flicker, chain.white, chain.hum, chain.creep, chain.dac] == [None] * 5
    assert chain.telegraphs == ()
    assert chain.stray_farads == 0.0
    assert chain.electrode_seconds == (0.0,) * 5


@pytest.mark.parametrize("preset", ["usb", "pcie", "cdaq"])
def test_a_run_on_a_preset_finds_its_delay(preset: str, tmp_path: Path) -> None:
    run = training_of(run_with(f"{{kind: simulated, preset: {preset}, device: {{kind: smooth, seed: 3}}}}"))
    outcome = train(run, record=tmp_path / "run.h5").outcome
    assert outcome.iterations == 2
    with open_record(tmp_path / "run.h5") as record:
        calibrated = [e for e in record.events if e.kind == "calibration"]
    measured = ChainResponse.from_dict(calibrated[-1].data["response"])
    plant = simulated_plant(run, run.bench)
    plant.configure(run.bench.rate)
    frequencies = np.array([500.0, 1000.0, 3000.0])
    true = plant.response(frequencies) * run.bench.amplifier.gain
    assert np.abs(measured(frequencies) / true - 1.0).max() < 0.05
