"""One run file, three benches: only its section ``bench`` differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated import FastClock, SimulatedCard
from hgx_lab import open_record
from hgx_lab.config import SimulatedBench, TrainRun, parse_run_file
from hgx_lab.config.self_test import SelfTest
from hgx_lab.errors import SelfTestError
from hgx_lab.experiments import simulated_plant, train
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig
from tests.support.or_gate import NI, OR_GATE, SIMULATED, behind_a_server, behind_the_library, or_run, simulated_card

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")


@pytest.fixture
def truth(tmp_path: Path) -> tuple[Path, TrainRun]:
    run = or_run(SIMULATED)
    result = train(run, record=tmp_path / "simulated.h5")
    assert result.outcome.solved
    return result.record, run


@pytest.mark.parametrize("door", [behind_the_library, behind_a_server], ids=["library", "server"])
def test_the_same_gate_is_learned_with_the_same_derivatives(door, truth: tuple[Path, TrainRun], tmp_path: Path) -> None:
    record, run = truth
    assert isinstance(run.bench, SimulatedBench)
    card = SimulatedCard(simulated_plant(run, run.bench), FastClock())
    with door(NiRig([x_series()], card)) as remote:
        result = train(or_run(NI % remote), record=tmp_path / "ni.h5")
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


def as_written(bench: str) -> TrainRun:
    """The run as a user writes it, without a word about the self-test."""
    run = parse_run_file(bench + OR_GATE.replace("self_test: null\n", "") + "stop: {iterations: 2}\n")
    assert isinstance(run, TrainRun)
    return run


def test_a_training_on_a_card_has_a_self_test_unless_the_file_speaks_of_it() -> None:
    assert as_written(NI % "").self_test == SelfTest()
    assert or_run(NI % "").self_test is None
    assert as_written(SIMULATED).self_test is None
    again = parse_run_file(as_written(NI % "").to_yaml())
    assert again == as_written(NI % "")


def test_the_wires_of_a_card_are_tested_before_it_learns(tmp_path: Path) -> None:
    with behind_the_library(NiRig([x_series()], simulated_card())):
        train(as_written(NI % ""), record=tmp_path / "ni.h5")
    with open_record(tmp_path / "ni.h5") as record:
        (event,) = (e for e in record.events if e.kind == "self-test")
    assert event.data["passed"]
    assert set(event.data["amperes_per_volt"]) == {"a", "b", "c", "d"}


def test_a_wire_that_is_off_ends_the_run_before_it_learns(tmp_path: Path) -> None:
    broken = SIMULATED.replace("device:", "wiring: [{kind: open, electrodes: [c]}], device:")
    card = simulated_card(bench=broken)
    with behind_the_library(NiRig([x_series()], card)), pytest.raises(SelfTestError, match=r"\bc\b") as caught:
        train(as_written(NI % ""), record=tmp_path / "ni.h5")
    assert caught.value.exit_code == 4
    assert np.all(np.abs(card.levels()) < 1e-3)
    with open_record(tmp_path / "ni.h5") as record:
        assert record.status == "failed"
        assert record.rows("iterations") == 0
