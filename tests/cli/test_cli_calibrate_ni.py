"""hgx calibrate on an NI card, and trainings that use its file or refuse it on another card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hgx_drivers.simulated import FastClock, SimulatedCard
from hgx_lab.config import SimulatedBench, parse_run_file
from hgx_lab.config.calibration_file import load_calibration
from hgx_lab.experiments import simulated_plant
from hgx_lab.records import open_record
from tests.doors.ni_devices import NiModel, x_series
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
safety: {slew: 20 kV/s}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
self_test: null
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
loss: {kind: logistic, scale: 3 nA}
optimizer: {kind: adam, rate: 100 mV}
stop: {iterations: 60, margin: 1 nA}
validation: {periods: 2}
"""
SAVED = "calibration: {kind: saved, file: c.json, oldest: 2 d}\n"
#: What is behind the card, and hidden from it: 8 samples of delay, with the converter's half of one.
HIDDEN = (
    "bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 20 ms, delay: 400 us, gain_error: 6 %,"
    " device: {kind: smooth, seed: 5}}"
)
NI = "bench: {kind: nidaq, rate: %s, block: 5 ms, lead: 20 ms, device: Dev1, amplifier: {clip: 4 V}%s}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


def rig_of(model: NiModel) -> NiRig:
    run = parse_run_file(HIDDEN + COMMON)
    assert isinstance(run.bench, SimulatedBench)
    return NiRig([model], SimulatedCard(simulated_plant(run, run.bench), FastClock()))


@pytest.mark.parametrize("door", [behind_the_library, behind_a_server], ids=["library", "server"])
def test_calibrated_trained_and_refused_elsewhere(door, hgx, tmp_path: Path) -> None:
    with door(rig_of(x_series())) as remote:
        Path("run.yaml").write_text(NI % ("20 kHz", remote) + COMMON, encoding="utf-8")
        assert hgx("calibrate", "run.yaml", "-o", "c.json", "--duration", "2 s").code == 0
        saved = load_calibration(tmp_path / "c.json")
        assert [one.serial for one in saved.instruments] == ["01A2B3C4"]
        assert saved.outputs == {"a": "ao0", "b": "ao1", "c": "ao2", "d": "ao3"}
        assert abs(saved.delay_samples - 8.0) < 4 * saved.delay_std_samples < 0.8, saved
        Path("saved.yaml").write_text(NI % ("20 kHz", remote) + COMMON + SAVED, encoding="utf-8")
        assert hgx("run", "saved.yaml", "--output", "trained.h5", "--quiet").code == 0
    with open_record(tmp_path / "trained.h5") as record:
        assert record.status == "completed"
        given = [e for e in record.events if e.kind == "calibration" and "response" in e.data]
        assert [e.data["response"] for e in given] == [saved.response]

    other = replace(x_series(), serial=0x77)
    for model, rate, told in (
        (other, "20 kHz", "other instruments: National Instruments PCIe-6363, serial 01A2B3C4 there"),
        (x_series(), "25 kHz", "another rate: 20000 Hz there, 25000 Hz on this bench"),
    ):
        rig = rig_of(model)
        with door(rig) as remote:
            Path("elsewhere.yaml").write_text(NI % (rate, remote) + COMMON + SAVED, encoding="utf-8")
            said = hgx("run", "elsewhere.yaml", "--output", f"{rate.replace(' ', '')}{model.serial}.h5")
        assert said.code == 4, said.err
        assert told in said.err
        assert not rig.asked("start_task")
        assert rig.counts["write_analog"] == 0
