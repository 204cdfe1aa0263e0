"""One run file, three benches: only its section ``bench`` differs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated import FastClock, SimulatedCard
from hgx_lab import open_record
from hgx_lab.config import SimulatedBench, TrainRun, parse_run_file
from hgx_lab.experiments import simulated_plant, train
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")

COMMON = """
experiment: train
name: or
seed: 4
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.1 V}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
loss: {kind: logistic, scale: 3 nA}
optimizer: {kind: adam, rate: 100 mV}
stop: {iterations: 60, margin: 1 nA}
validation: {periods: 2}
"""
SIMULATED = "bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: {kind: smooth, seed: 5}}"
NI = "bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1, amplifier: {clip: 4 V}%s}"


def parsed(bench: str) -> TrainRun:
    run = parse_run_file(bench + COMMON)
    assert isinstance(run, TrainRun)
    return run


@contextmanager
def behind_the_library(rig: NiRig) -> Iterator[str]:
    from tests.doors.ni_library import installed

    with installed(rig):
        yield ""


@contextmanager
def behind_a_server(rig: NiRig) -> Iterator[str]:
    from tests.doors.ni_grpc import serving

    with serving(rig) as server:
        yield f", remote: '{server.remote}'"


@pytest.fixture
def truth(tmp_path: Path) -> tuple[Path, TrainRun]:
    run = parsed(SIMULATED)
    result = train(run, record=tmp_path / "simulated.h5")
    assert result.outcome.solved
    return result.record, run


@pytest.mark.parametrize("door", [behind_the_library, behind_a_server], ids=["library", "server"])
def test_the_same_gate_is_learned_with_the_same_derivatives(door, truth: tuple[Path, TrainRun], tmp_path: Path) -> None:
    record, run = truth
    assert isinstance(run.bench, SimulatedBench)
    card = SimulatedCard(simulated_plant(run, run.bench), FastClock())
    with door(NiRig([x_series()], card)) as remote:
        result = train(parsed(NI % remote), record=tmp_path / "ni.h5")
    assert result.outcome.solved
    assert np.all(np.abs(card.levels()) < 1e-3)
    with open_record(record) as here, open_record(result.record) as there:
        assert there.status == "completed"
        assert any(e.kind == "instrument" and "PCIe-6363" in e.message for e in there.events)
        # The first iteration is at the same controls on both benches, with noise of its own on each.
        first, second = here["iterations"].isel(iteration=0), there["iterations"].isel(iteration=0)
        assert np.array_equal(first["controls"].values, second["controls"].values)
        spread = np.hypot(first["derivative_std"].values, second["derivative_std"].values)
        pulls = (first["derivative"].values - second["derivative"].values) / spread
        assert np.all(np.abs(pulls) < 4.5)
        assert np.sqrt(np.mean(pulls**2)) < 2
