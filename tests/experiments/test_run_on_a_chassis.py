"""A run on modules of a cDAQ chassis: two output modules, one input module, a watchdog; what the record says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated import FastClock, SimulatedCard
from hgx_lab.config import RunFile, SimulatedBench, parse_run_file
from hgx_lab.config.calibration_file import save_calibration
from hgx_lab.errors import CalibrationError
from hgx_lab.experiments import calibrate_bench, perform, simulated_plant
from hgx_lab.records import open_record
from tests.doors.ni_devices import cdaq, x_series
from tests.doors.ni_engine import NiRig

pytest.importorskip("nidaqmx")

COMMON = """
experiment: train
name: chassis
seed: 4
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.1 V}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
self_test: null
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
stop: {iterations: 2}
"""
SIMULATED = "bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: {kind: smooth, seed: 5}}"
CHASSIS = """
bench:
  kind: nidaq
  rate: 20 kHz
  block: 5 ms
  lead: 20 ms
  outputs: {a: cDAQ1Mod1/ao0, b: cDAQ1Mod1/ao1, c: cDAQ1Mod2/ao0, d: cDAQ1Mod2/ao1}
  input: {terminal: cDAQ1Mod3/ai0}
  outputs_known_at_volts: 0 V
  amplifier: {clip: 4 V}
"""
#: Nobody else tells where the outputs of these modules stand.
AT_ZERO = dict.fromkeys("abcd", 0.0)
WIRES = {"cDAQ1Mod1/ao0": 0, "cDAQ1Mod1/ao1": 1, "cDAQ1Mod2/ao0": 2, "cDAQ1Mod2/ao1": 3, "cDAQ1Mod3/ai0": 0}


def run_file(more: str = "", after: str = "") -> RunFile:
    return parse_run_file(CHASSIS + more + COMMON + after)


@pytest.fixture
def card() -> SimulatedCard:
    run = parse_run_file(SIMULATED + COMMON)
    assert isinstance(run.bench, SimulatedBench)
    return SimulatedCard(simulated_plant(run, run.bench), FastClock())


@pytest.fixture
def rig(card: SimulatedCard) -> Iterator[NiRig]:
    from tests.doors.ni_library import installed

    # A card that has nothing to do with the bench is what the driver lists first.
    rig = NiRig([x_series(), *cdaq()], card, wires=WIRES)
    with installed(rig):
        yield rig


def test_the_record_names_the_modules_and_says_what_the_watchdog_does(
    rig: NiRig, card: SimulatedCard, tmp_path: Path
) -> None:
    perform(run_file("  watchdog: 2 s\n"), record=tmp_path / "r.h5", outputs_at=AT_ZERO)
    np.testing.assert_allclose(card.levels(), 0.0, atol=2e-3)
    with open_record(tmp_path / "r.h5") as kept:
        told = {event.kind: event for event in kept.events}
    assert told["instrument"].data["model"] == "NI 9264 + NI 9263 + NI 9215"
    assert told["instrument"].data["serial"] == "00000011 + 00000012 + 00000013"
    assert "cDAQ1Mod1, cDAQ1Mod2" in told["watchdog"].message
    assert "after 2 s" in told["watchdog"].message


def test_the_record_says_that_nothing_watches(rig: NiRig, tmp_path: Path) -> None:
    perform(run_file(), record=tmp_path / "r.h5", outputs_at=AT_ZERO)
    with open_record(tmp_path / "r.h5") as kept:
        (told,) = [event.message for event in kept.events if event.kind == "watchdog"]
    assert "if the program dies, the outputs hold" in told


def test_a_calibration_belongs_to_its_modules(rig: NiRig, tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    save_calibration(calibrate_bench(run_file(), record=tmp_path / "c.h5", duration=1.0, outputs_at=AT_ZERO), file)
    saved = f"calibration: {{kind: saved, file: '{file}'}}\n"
    # The record of the calibration tells that it left them at rest.
    perform(run_file(after=saved), record=tmp_path / "same.h5")
    text = file.read_text(encoding="utf-8")
    assert "00000012" in text
    file.write_text(text.replace("00000012", "000000FF"), encoding="utf-8")
    with pytest.raises(CalibrationError, match="other instruments"):
        perform(run_file(after=saved), record=tmp_path / "other.h5")
