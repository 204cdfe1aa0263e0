"""A fault of the wires ends a run before it learns, with the name of the electrode; healthy benches go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import TrainRun, change_run_file, parse_run_file
from hgx_lab.config.calibration_file import load_calibration, save_calibration
from hgx_lab.errors import CalibrationError, SelfTestError, SignalError
from hgx_lab.experiments import calibrate_bench, open_bench, train
from hgx_lab.experiments._stream import Listening
from hgx_lab.experiments._wire_probe import WireProbe, free_electrodes, probe_bins
from hgx_lab.records import open_record
from tests.support.runs import IDEAL, Heard, run_to_its_end

RUN = """
name: wires
bench: {kind: simulated, rate: 50 kHz, device: {kind: smooth}}
electrodes:
  - {name: e0, role: input, limits: [-1 V, 1 V]}
  - {name: e1, role: input, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: e2, role: control, limits: [-1 V, 1 V]}
  - {name: e3, role: control, limits: [-1 V, 1 V], rest: -0.2 V}
  - {name: e4, role: control, limits: [-1 V, 1 V]}
tones: {period: 10 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV}
calibration: {kind: fixed, delay: 0 s}
self_test: {duration: 2 s}
task: {kind: gate, gate: AND, inputs: {e0: [0 V, 0.5 V], e1: [0 V, 0.5 V]}}
stop: {iterations: 1}
validation: null
"""
DOPANT = Path(__file__).parents[2] / "configs" / "xor-dopant.yaml"


def smooth(seed: int, changes: Mapping[str, Any] | None = None) -> TrainRun:
    run = change_run_file(parse_run_file(RUN), {"seed": seed, "bench.device.seed": seed, **(changes or {})})
    assert isinstance(run, TrainRun)
    return run


def dopant(seed: int, changes: Mapping[str, Any] | None = None) -> TrainRun:
    text = DOPANT.read_text(encoding="utf-8")
    more = {"seed": seed, "stop.iterations": 1, "validation": None, "self_test": {}}
    run = change_run_file(parse_run_file(text), more | dict(changes or {}))
    assert isinstance(run, TrainRun)
    return run


def fault(kind: str, *electrodes: str) -> dict[str, Any]:
    return {"bench.wiring": [{"kind": kind, "electrodes": list(electrodes)}]}


def linear(*conductances: float) -> dict[str, Any]:
    return {"bench.device": {"kind": "linear", "conductances": [f"{g} nA/V" for g in conductances]}}


def self_tests(path: Path) -> list[Mapping[str, Any]]:
    with open_record(path) as record:
        return [event.data for event in record.events if event.kind == "self-test"]


FAULTS = [
    (fault("open", "e1"), "e1 is open"),
    (fault("dead-output", "e3"), "e3 is open or its output converter dead"),
    (fault("shorted", "e0", "e4"), "e0 and e4 are shorted"),
    (fault("dead-input"), "converter or amplifier is dead"),
    ({"bench.amplifier.clip": 0.1}, "was clipped"),
    ({"bench.offset": 5.0}, "was clipped in 30 of 30 windows"),
    # A dead device behind a living amplifier: noise, and nothing else.
    (linear(0, 0, 0, 0, 0) | {"bench.stray_capacitance": [0.0]}, "Nothing reaches the input"),
]


@pytest.mark.parametrize(("changes", "said"), FAULTS)
@pytest.mark.parametrize("seed", [2])
def test_a_fault_ends_the_run_named_and_at_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, changes: dict[str, Any], said: str
) -> None:
    ended = run_to_its_end(smooth(seed, changes), tmp_path / "run.h5", monkeypatch)
    assert isinstance(ended.error, SelfTestError)
    assert said in ended.error.message
    assert ended.error.message.count(" is open") + ended.error.message.count(" are shorted") <= 1
    assert ended.error.exit_code == 4
    assert ended.error.remedy
    ended.assert_safe()
    ended.assert_at_rest()
    with ended.record() as record:
        kinds = [event.kind for event in record.events]
        assert "calibration" not in kinds
        assert said in next(event.message for event in record.events if event.kind == "self-test")
        assert record.dataset("iterations").sizes["iteration"] == 0
    assert [data["passed"] for data in self_tests(ended.path)] == [False]


@pytest.mark.parametrize(
    ("changes", "said"),
    [(fault("open", "e3"), "e3 is open"), (fault("shorted", "e0", "e4"), "e0 and e4 are shorted")],
)
def test_a_fault_on_a_dopant_network_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SelfTestError, match=said):
        train(dopant(4, changes), record=tmp_path / "run.h5")


@pytest.mark.parametrize(
    "run",
    [
        smooth(1),
        smooth(2, IDEAL),
        dopant(7),  # two of its electrodes respond alike
        dopant(8, {"bench.stray_capacitance": [0.0]}),
        smooth(3, linear(100, 100, 100, 100, 100)),
        smooth(3, linear(100, 100, 100, 100, 100) | dict(IDEAL)),
        smooth(3, linear(100, 50, 0, 20, 80)),  # one without conductance, seen by its stray capacitance
        smooth(3, linear(100, 50, 4, 20, 80) | {"bench.stray_capacitance": [0.0]}),
    ],
)
def test_a_healthy_bench_passes(tmp_path: Path, run: TrainRun) -> None:
    train(run, record=tmp_path / "run.h5")
    [data] = self_tests(tmp_path / "run.h5")
    assert data["passed"]
    assert data["notes"] == []


def test_noise_that_hides_everything_is_told_and_refuses_nothing(tmp_path: Path) -> None:
    heard = Heard()
    train(smooth(1, {"tones.amplitude": 20e-6}), record=tmp_path / "run.h5", audience=heard)
    [data] = self_tests(tmp_path / "run.h5")
    assert data["passed"]
    assert "couldn't be tested: noise" in data["notes"][0]


def test_the_test_does_not_depend_on_how_often_it_is_asked(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train(smooth(7), record=tmp_path / f"{name}.h5")
    first, second = (self_tests(tmp_path / f"{name}.h5")[0]["amperes_per_volt"] for name in ("a", "b"))
    assert first == second


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calibration of smooth device 5, taken in other noise than that of the runs."""
    folder = tmp_path_factory.mktemp("calibrated")
    run = smooth(5, {"seed": 99, "safety.slew": 50e3})
    save_calibration(calibrate_bench(run, record=folder / "c.h5", duration=1.0), folder / "c.json")
    return folder / "c.json"


def compared(path: Path, how: str, changes: Mapping[str, Any] | None = None) -> TrainRun:
    """A run that finds the fingerprint in its calibration, or by its name."""
    named = (
        {"calibration": {"kind": "saved", "file": str(path)}, "self_test": {}}
        if how == "saved"
        else {"self_test": {"fingerprint": str(path)}}
    )
    return smooth(5, {"seed": 1, **named, **(changes or {})})


@pytest.mark.parametrize("how", ["saved", "named"])
def test_wires_as_they_were_pass(tmp_path: Path, calibrated: Path, how: str) -> None:
    train(compared(calibrated, how), record=tmp_path / "run.h5")
    [data] = self_tests(tmp_path / "run.h5")
    assert data["passed"]
    assert data["fingerprint_compared"]
    assert data["notes"] == []


@pytest.mark.parametrize("how", ["saved", "named"])
@pytest.mark.parametrize("pair", [("e0", "e3"), ("e2", "e4")])
def test_swapped_wires_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibrated: Path, how: str, pair: tuple[str, str]
) -> None:
    run = compared(calibrated, how, fault("swapped", *pair))
    ended = run_to_its_end(run, tmp_path / "run.h5", monkeypatch)
    assert isinstance(ended.error, SelfTestError)
    assert f"{pair[0]} and {pair[1]} are swapped" in ended.error.message
    ended.assert_safe()
    ended.assert_at_rest()


def test_without_a_fingerprint_swapped_wires_pass(tmp_path: Path) -> None:
    train(smooth(5, fault("swapped", "e0", "e3")), record=tmp_path / "run.h5")


def test_two_exchanges_are_told_and_refuse_nothing(tmp_path: Path, calibrated: Path) -> None:
    both = {"bench.wiring": [{"kind": "swapped", "electrodes": pair} for pair in (["e0", "e3"], ["e1", "e2"])]}
    train(compared(calibrated, "saved", both), record=tmp_path / "run.h5")
    [data] = self_tests(tmp_path / "run.h5")
    assert "don't fit the fingerprint" in data["notes"][0]


def test_a_fingerprint_that_does_not_fit_the_run(tmp_path: Path, calibrated: Path) -> None:
    narrow = {"electrodes.2.limits": [-0.5, 0.5]}
    train(compared(calibrated, "saved", narrow), record=tmp_path / "saved.h5")
    [data] = self_tests(tmp_path / "saved.h5")
    assert "weren't looked for" in data["notes"][0]
    with pytest.raises(SignalError, match="limits of the run"):
        train(compared(calibrated, "named", narrow), record=tmp_path / "named.h5")


def test_a_calibration_without_fingerprint_is_refused_by_name_only(tmp_path: Path, calibrated: Path) -> None:
    bare = tmp_path / "bare.json"
    save_calibration(load_calibration(calibrated).model_copy(update={"fingerprint": None}), bare)
    train(compared(bare, "saved"), record=tmp_path / "saved.h5")
    with pytest.raises(CalibrationError, match="holds no fingerprint"):
        train(compared(bare, "named"), record=tmp_path / "named.h5")


def test_limits_without_a_common_voltage_leave_no_fingerprint(tmp_path: Path) -> None:
    run = smooth(5, {"safety.slew": 50e3, "electrodes.2.limits": [-1.0, 0.02]})
    run = change_run_file(run, {"electrodes.4.limits": [-0.02, 1.0]})
    found = calibrate_bench(run, record=tmp_path / "c.h5", duration=1.0)
    assert found.fingerprint is None
    with open_record(tmp_path / "c.h5") as record:
        assert [e.data["taken"] for e in record.events if e.kind == "fingerprint"] == [False]


@pytest.mark.parametrize(
    ("changes", "peaks"),
    [
        ({}, [20e-3] * 5),
        # Inputs without tones borrow the smallest, but never more than 20 mV or a twentieth of their limits.
        ({"tones.on_inputs": False, "tones.amplitude": 5e-3}, [5e-3] * 5),
        ({"tones.on_inputs": False, "tones.amplitude": 60e-3}, [20e-3, 20e-3, 60e-3, 60e-3, 60e-3]),
        ({"tones.on_inputs": False, "electrodes.0.limits": [0.0, 0.1]}, [5e-3, 20e-3, 20e-3, 20e-3, 20e-3]),
    ],
)
def test_amplitudes_are_the_runs_own_or_small(changes: dict[str, Any], peaks: list[float]) -> None:
    run = smooth(1, {"task.inputs": {"e0": [0.0, 0.05], "e1": [0.0, 0.5]}, "safety.slew": 50e3, **changes})
    bench = open_bench(run)
    try:
        tested = free_electrodes(run)
        bins = probe_bins(run, len(tested), bench.rate_hz)
        probe = WireProbe(run, bench, tested, bins, 500, 3e-3, Listening(lambda message: None, lambda: None))
        np.testing.assert_allclose(probe.peaks(), peaks)
    finally:
        bench.close()
