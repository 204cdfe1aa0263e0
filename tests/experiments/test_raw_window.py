from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.acquisition import Block, Plateau
from hgx_lab.config import parse_run_file
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import Declaration, laboratory, plan_tones
from hgx_lab.experiments._raw_window import SampleBuffer, measure_raw
from hgx_lab.experiments._truth import exact_derivatives
from hgx_lab.records import Column, TableSpec

RUN = """
experiment: noise
bench:
  kind: simulated
  rate: 20 kHz
  delay: 0 s
  device: {kind: linear, conductances: [30 nA/V, -70 nA/V]}
  amplifier: {gain: 100 nA/V, bandwidth: null}
  noise: null
  stray_capacitance: [0 F]
  input_converter: {bits: null}
  output_converter: {bits: null}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V]}
  - {name: b, role: control, limits: [-1 V, 1 V]}
tones: {plan: manual, frequencies: [1300 Hz, 1700 Hz], period: 10 ms}
calibration: {kind: none}
timing: {settle: 5 ms, periods: 3}
"""


def test_samples_of_a_window_are_the_currents_of_the_voltages_played(tmp_path: Path) -> None:
    run = parse_run_file(RUN)
    tones = plan_tones(run)
    nothing = Declaration((TableSpec("none", (Column("x"),)),), ())
    volts = np.array([[0.2, -0.3], [-0.5, 0.1]])
    with laboratory(run, "noise", nothing, record=tmp_path / "r.h5") as lab:
        plateaus = [Plateau(v, tones.amplitudes, lab.samples(run.timing.settle), 3) for v in volts]
        readings = list(measure_raw(lab, tones, lab.known_response(), plateaus, before=40))
    device = LinearDevice((30e-9, -70e-9))
    for v, raw in zip(volts, readings, strict=True):
        assert raw.current.shape == (1, 40 + 3 * 200)
        n = raw.start + np.arange(raw.current.shape[1])
        played = v[:, None] + 0.02 * np.sin(2 * np.pi * np.array([[1300.0], [1700.0]]) * n / 20e3)
        np.testing.assert_allclose(raw.current, device.current(played), atol=1e-18)
        assert raw.start + 40 == raw.reading.window.window.start


def test_the_buffer_hands_out_stretches_across_blocks_and_refuses_what_it_has_not(rng: np.random.Generator) -> None:
    stream = rng.standard_normal((2, 100))
    buffer = SampleBuffer()
    for start in range(0, 100, 7):
        buffer.hear(Block(start, stream[:, start : start + 7]))
    np.testing.assert_array_equal(buffer.take(3, 33), stream[:, 3:33])
    np.testing.assert_array_equal(buffer.take(20, 21), stream[:, 20:21])
    with pytest.raises(ExperimentError, match="0 to 5"):
        buffer.take(0, 5)
    with pytest.raises(ExperimentError, match="90 to 101"):
        buffer.take(90, 101)


def test_exact_derivatives_are_those_of_the_device() -> None:
    run = parse_run_file(RUN)
    exact = exact_derivatives(run, np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))
    np.testing.assert_allclose(exact, np.tile([30e-9, -70e-9], (3, 1)), rtol=1e-12)
