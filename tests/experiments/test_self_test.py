"""A fault of the wires ends a run before it learns, with the name of the electrode."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgx_lab.config import parse_run_file
from hgx_lab.errors import SelfTestError
from hgx_lab.experiments import train
from hgx_lab.records import open_record

RUN = """
name: wires
seed: {seed}
bench: {{kind: simulated, rate: 50 kHz, device: {{kind: smooth, seed: {seed}}}{more}}}
electrodes:
  - {{name: e0, role: input, limits: [-1 V, 1 V]}}
  - {{name: e1, role: input, limits: [-1 V, 1 V]}}
  - {{name: e2, role: control, limits: [-1 V, 1 V]}}
  - {{name: e3, role: control, limits: [-1 V, 1 V]}}
  - {{name: e4, role: control, limits: [-1 V, 1 V]}}
tones: {{period: 10 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV}}
calibration: {{kind: measure, max_delay: 3 ms}}
self_test: {{duration: 2 s}}
task: {{kind: gate, gate: AND, inputs: {{e0: [0 V, 0.5 V], e1: [0 V, 0.5 V]}}}}
stop: {{iterations: 1}}
validation: null
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", wiring: [{kind: open, electrodes: [e1]}]", "e1 is open"),
        (", wiring: [{kind: dead-output, electrodes: [e3]}]", "e3 is open"),
        (", wiring: [{kind: shorted, electrodes: [e0, e4]}]", "e0 and e4 are shorted"),
        (", wiring: [{kind: dead-input}]", "converter or amplifier is dead"),
        (", amplifier: {clip: 0.1 V}", "was clipped"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_fault_is_found_and_named(tmp_path: Path, seed: int, more: str, said: str) -> None:
    path = tmp_path / "run.h5"
    with pytest.raises(SelfTestError, match=said) as caught:
        train(parse_run_file(RUN.format(seed=seed, more=more)), record=path)
    assert caught.value.exit_code == 4
    assert caught.value.remedy
    with open_record(path) as record:
        assert not any(e.kind == "calibration" for e in record.events)
        assert [e.data["passed"] for e in record.events if e.kind == "self-test"] == [False]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_bench_passes(tmp_path: Path, seed: int) -> None:
    train(parse_run_file(RUN.format(seed=seed, more="")), record=tmp_path / "run.h5")
