"""Devices without a bench: surveys, Monte Carlo checks, fits; and what the bench says of them when it is opened."""

from __future__ import annotations

import builtins
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import DriverError
from hgx_drivers.simulated.devices import SurrogateDevice, UserCodeError
from hgx_drivers.simulated.devices.dopant import DopantNetwork, make_layout, save_layout, standard_layout
from hgx_lab.config import RunFile, change_run_file, load_run_file
from hgx_lab.config.devices import STORED_LAYOUTS
from hgx_lab.errors import ExperimentError, MissingExtraError
from hgx_lab.experiments import (
    FitData,
    LayoutCheck,
    SilentAudience,
    check_layout,
    data_from_csv,
    data_from_record,
    data_of_device,
    fit_surrogate,
    open_bench,
    perform,
    simulated_device,
    subject_of,
    survey_device,
)
from hgx_lab.figures import device_figure
from hgx_lab.records import open_record

CONFIGS = Path(__file__).parents[2] / "configs"


def config(name: str, **changes: Any) -> RunFile:
    return change_run_file(load_run_file(CONFIGS / f"{name}.yaml"), changes)


# devices of run files -----------------------------------------------------------------------------------------------


def test_the_run_file_knows_the_stored_layouts() -> None:
    from hgx_drivers.simulated.devices.dopant import standard_names

    assert {name: len(standard_layout(name).driven) for name in standard_names()} == STORED_LAYOUTS


@pytest.mark.parametrize("name", ["xor-dopant", "mesh", "resistors", "own-device"])
def test_every_device_has_exact_derivatives(name: str, rng: np.random.Generator) -> None:
    run = config(name)
    device = simulated_device(run.bench, len(run.electrodes))
    volts = rng.uniform(-0.8, 0.8, (device.electrodes, 6))
    exact = device.jacobian(volts)[0]
    step = 1e-4
    for k in range(device.electrodes):
        shift = np.zeros((device.electrodes, 1))
        shift[k] = step
        rise = device.current(volts + shift)[0] - device.current(volts - shift)[0]
        np.testing.assert_allclose(rise / (2 * step), exact[k], atol=2e-3 * np.abs(exact).max())


def test_a_layout_file_with_another_number_of_electrodes_is_refused(tmp_path: Path) -> None:
    save_layout(make_layout(electrodes=5), tmp_path / "five.json")
    run = config("xor-dopant", **{"bench.device": {"kind": "dopant", "layout": str(tmp_path / "five.json")}})
    with pytest.raises(ExperimentError, match="has 4 electrodes and the run file names 7"):
        open_bench(run)


def test_user_code_is_loaded_when_the_bench_is_opened_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "own_device.py").write_text("raise ValueError('loaded')\n")
    (tmp_path / "own-device.yaml").write_text((CONFIGS / "own-device.yaml").read_text())
    run = load_run_file(tmp_path / "own-device.yaml")
    with pytest.raises(UserCodeError, match=r"own_device\.py:1: ValueError: loaded"):
        perform(run, record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == "failed"
        assert "own_device.py:1" in record.reason


def test_user_code_that_fails_in_the_middle_ends_the_run_at_rest(tmp_path: Path) -> None:
    text = "calls = []\ndef current(volts):\n    calls.append(1)\n    if len(calls) > 40:\n        raise OSError(7)\n"
    (tmp_path / "own_device.py").write_text(text + "    return 1e-9 * volts.sum(axis=0)\n")
    yaml = (CONFIGS / "own-device.yaml").read_text().replace(", jacobian: jacobian", "")
    (tmp_path / "own-device.yaml").write_text(yaml)
    with pytest.raises(DriverError, match=r"own_device\.py:5: OSError: 7"):
        perform(load_run_file(tmp_path / "own-device.yaml"), record=tmp_path / "r.h5")


class Notes(SilentAudience):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_the_record_says_which_code_the_device_was(tmp_path: Path) -> None:
    heard = Notes()
    run = config("own-device", **{"stop.iterations": 1, "stop.margin": None, "restart": None, "validation": None})
    perform(run, record=tmp_path / "r.h5", audience=heard)
    with open_record(tmp_path / "r.h5") as record:
        (event,) = [e for e in record.events if e.kind == "bench"]
    assert event.data["path"] == str(CONFIGS / "own_device.py")
    assert len(event.data["sha256"]) == 64
    assert heard.notes == [event.message]


def test_a_dopant_network_is_warmed_up_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[DopantNetwork] = []
    monkeypatch.setattr(DopantNetwork, "warm_up", lambda self: warmed.append(self))
    notes: list[str] = []

    def tell(message: str, /, **data: Any) -> None:
        notes.append(message)

    run = config("xor-dopant", **{"bench.device.compiled": False})
    open_bench(run, tell=tell).card.close()
    assert (warmed, notes) == ([], [])
    pytest.importorskip("numba")
    open_bench(config("xor-dopant", **{"bench.device.compiled": True}), tell=tell).card.close()
    assert len(warmed) == 1
    assert len(notes) == 1
    assert "Compiling" in notes[0]


# surveys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["n12", "mesh.yaml", "resistors.yaml", "abundance.yaml"])
def test_a_survey_is_of_the_device_itself(source: str) -> None:
    subject = subject_of(source if source == "n12" else str(CONFIGS / source))
    told: list[int] = []
    survey = survey_device(subject, points=60, progress=lambda done, total, words: told.append(done))
    count = len(subject.names)
    assert survey.gradient.shape == (count, 60)
    assert told[-1] == 60
    k = count - 1
    volts = np.repeat(survey.shown_volts[:, None], survey.sweep_volts.shape[1], axis=1)
    volts[k] = survey.sweep_volts[k]
    np.testing.assert_allclose(survey.sweep_current[k], subject.device.current(volts)[0], atol=1e-15)
    assert {g.gate for g in survey.gates} == {"AND", "OR", "NAND", "NOR", "XOR", "XNOR"}
    if source == "resistors.yaml":
        assert survey.negative_share == 0.0
        assert [g.solved for g in survey.gates if g.gate in ("XOR", "XNOR")] == [0, 0]  # no sum of voltages can
    device_figure(subject, survey).canvas.draw()


def test_what_is_not_a_device_is_refused() -> None:
    with pytest.raises(ExperimentError, match="neither a layout nor a run file"):
        subject_of("device.txt")
    with pytest.raises(DriverError, match="can't be read"):
        subject_of("none.json")


def test_mean_field_agrees_with_monte_carlo() -> None:
    found = check_layout(standard_layout("n12"), vectors=8, draws=6000)
    assert found.correlation > 0.995
    assert found.difference < 4 * found.statistics + 0.02
    with pytest.raises(ExperimentError, match="2 voltage vectors"):
        check_layout(standard_layout("n12"), vectors=2)


def test_monte_carlo_sees_a_wrong_device() -> None:
    """The same sites with their energies exchanged are another device: the comparison must notice."""
    layout = standard_layout("n12")
    right = check_layout(layout, vectors=8, draws=4000)
    other = check_layout(replace(layout, site_energies_ev=layout.site_energies_ev[::-1]), vectors=8, draws=4000)
    mixed = LayoutCheck(right.mean_field, other.monte_carlo, other.error)
    assert mixed.difference > 3 * right.difference
    assert mixed.correlation < right.correlation - 0.003


# fits ---------------------------------------------------------------------------------------------------------------


def test_a_fit_of_a_piecewise_linear_device_is_good_and_reads_as_a_surrogate(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(2)
    volts = rng.uniform([-1.0, 0.0], [1.0, 3.0], (2500, 2))

    def truth(v: np.ndarray) -> np.ndarray:
        return 20e-9 * np.abs(v[:, 0]) + 7e-9 * v[:, 1] + 100e-9

    data = FitData(volts, truth(volts), ("a", "b"), "formula")
    found = fit_surrogate(data, tmp_path / "d.npz", hidden=(24,), epochs=150, seed=1)
    assert found.samples + found.test_samples == 2500
    assert found.test_r2 > 0.99
    device = SurrogateDevice.from_npz(tmp_path / "d.npz")
    fresh = rng.uniform([-1.0, 0.0], [1.0, 3.0], (500, 2))
    error = device.current(np.ascontiguousarray(fresh.T))[0] - truth(fresh)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(found.test_rms, rel=0.5)
    assert np.allclose(device.voltage_ranges, [[-1, 1], [0, 3]], atol=0.02)
    assert device.meta["electrodes"] == ["a", "b"]


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    data = data_of_device(subject_of(str(CONFIGS / "resistors.yaml")), 200, seed=3)
    for name in ("one", "two"):
        fit_surrogate(data, tmp_path / f"{name}.npz", hidden=(8,), epochs=5, seed=4)
    volts = np.ascontiguousarray(data.volts.T)
    one, two = (SurrogateDevice.from_npz(tmp_path / f"{n}.npz").current(volts) for n in ("one", "two"))
    assert np.array_equal(one, two)


def test_tables_are_read_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,I,b\n0.1,1e-9,0.2\n0.3,2e-9,0.4\n")
    data = data_from_csv(path, "I")
    assert data.names == ("a", "b")
    np.testing.assert_array_equal(data.volts, [[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_array_equal(data.current, [1e-9, 2e-9])
    assert data_from_csv(path).names == ("a", "I")
    with pytest.raises(ExperimentError, match="no column 'J'"):
        data_from_csv(path, "J")
    path.write_text("a,I\n0.1,1e-9\n0.3,much\n")
    with pytest.raises(ExperimentError, match=r"d\.csv:3: "):
        data_from_csv(path)
    path.write_text("a,I\n0.1,1e-9,7\n")
    with pytest.raises(ExperimentError, match=r"d\.csv:2: "):
        data_from_csv(path)
    path.write_text("a,I\n0.1,nan\n")
    with pytest.raises(ExperimentError, match="finite"):
        data_from_csv(path)
    with pytest.raises(ExperimentError, match="can't be read"):
        data_from_csv(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["mesh", "abundance"])
def test_records_give_voltages_with_their_currents(name: str, tmp_path: Path) -> None:
    quiet = {"bench.noise": None, "bench.stray_capacitance": [0.0], "bench.device": {"kind": "smooth", "seed": 3}}
    small = {"settings": 20} if name == "abundance" else {"stop.iterations": 3, "stop.margin": None}
    run = config(name, **quiet, **small)
    perform(run, record=tmp_path / "r.h5")
    data = data_from_record(tmp_path / "r.h5")
    assert data.names == tuple(e.name for e in run.electrodes)
    exact = simulated_device(run.bench, len(data.names)).current(np.ascontiguousarray(data.volts.T))[0]
    # The mean under tones differs by a quarter of the curvature times their squared amplitudes.
    assert len(exact) >= 12
    assert np.abs(data.current - exact).max() < 0.02 * np.ptp(exact) + 0.1e-9


def test_a_record_of_another_experiment_is_refused(tmp_path: Path) -> None:
    run = config("iv", **{"sweep.steps": 3, "against": None})
    perform(run, record=tmp_path / "iv.h5")
    with pytest.raises(ExperimentError, match="'iv'"):
        data_from_record(tmp_path / "iv.h5")


def test_without_scikit_learn_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    data = FitData(np.zeros((60, 1)), np.arange(60.0), ("a",), "test")
    with pytest.raises(MissingExtraError, match=r"hgx-lab\[fit\]"):
        fit_surrogate(data, tmp_path / "d.npz")


def test_data_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    few = FitData(np.random.default_rng(0).normal(size=(10, 2)), np.arange(10.0), ("a", "b"), "few")
    still = FitData(np.zeros((100, 1)), np.arange(100.0), ("a",), "still")
    for data in (few, still):
        with pytest.raises(ExperimentError, match="no network learns that"):
            fit_surrogate(data, tmp_path / "d.npz")
    assert not list(tmp_path.iterdir())
