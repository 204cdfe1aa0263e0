"""What else earlier formats left: calibrations with fingerprints, devices, notes and settings."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore

from hgx_drivers.simulated.devices import SurrogateDevice
from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.config.calibration_file import load_calibration
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import theme_named
from hgx_lab.dashboard.runs._notes import Note, Notebook
from hgx_lab.experiments import perform, subject_of
from hgx_lab.records import open_record
from hgx_lab.signals import Fingerprint
from tests.support.old_files import FORMATS, OldFiles

Home = Callable[[OldFiles], Path]

each_format = pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)


@pytest.fixture
def lab(old: OldFiles, home_of: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the old lab, as the working directory."""
    folder = home_of(old) / "lab"
    monkeypatch.chdir(folder)
    return folder


@each_format
@pytest.mark.parametrize("name", ["calibration", "calibration-load"])
def test_an_old_calibration_says_what_it_said(old: OldFiles, lab: Path, name: str) -> None:
    written = json.loads((lab / f"{name}.json").read_text(encoding="utf-8"))
    found = load_calibration(lab / f"{name}.json")
    assert (found.delay_samples, found.pole_hz) == (written["delay_samples"], written["pole_hz"])
    assert found.converter.offset_volts == written["converter"]["offset_volts"]
    assert found.converter.gain_volts_per_ampere == written["converter"]["gain_volts_per_ampere"]
    assert (found.converter.gain_volts_per_ampere is not None) == (name == "calibration-load")
    assert found.electrodes.keys() == written["electrodes"].keys()
    assert found.fingerprint is not None
    Fingerprint.from_dict(found.fingerprint)


@each_format
def test_a_run_uses_an_old_calibration_and_its_fingerprint(old: OldFiles, lab: Path, tmp_path: Path) -> None:
    run = load_run_file(lab / "saved-calibration.yaml")
    perform(change_run_file(run, {"stop.iterations": 1, "validation": None}), record=tmp_path / "run.h5")
    written = json.loads((lab / "calibration.json").read_text(encoding="utf-8"))
    with open_record(tmp_path / "run.h5") as record:
        assert (record.status, record.rows("iterations")) == ("completed", 1)
        told = [event for event in record.events if event.kind in ("self-test", "calibration", "old-calibration")]
    (tested,) = (event for event in told if event.kind == "self-test")
    assert tested.data["passed"]
    assert "fingerprint" in json.dumps(tested.data) + tested.message
    (given,) = (event for event in told if event.kind == "calibration" and "response" in event.data)
    assert given.data["response"]["delay_seconds"] == written["response"]["delay_seconds"]


@each_format
def test_a_run_corrects_its_currents_by_an_old_calibration(old: OldFiles, lab: Path, tmp_path: Path) -> None:
    perform(load_run_file(lab / "saved-load.yaml"), record=tmp_path / "iv.h5")
    with open_record(tmp_path / "iv.h5") as record:
        sweep = record["sweeps"]
    slope, zero = np.polyfit(sweep["volts"].values.ravel(), sweep["current"].values.ravel(), 1)
    # 10 MOhm behind a converter that is 7 % off and has 0.8 V, 80 nA, of offset.
    assert slope == pytest.approx(1 / 10e6, rel=0.01)
    assert abs(zero) < 3e-9


@each_format
def test_an_old_network_gives_its_currents(old: OldFiles, lab: Path) -> None:
    with np.load(lab / "surrogate.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    assert {name: list(array.shape) for name, array in arrays.items()} == old.expected["device"]
    device = SurrogateDevice.from_npz(lab / "surrogate.npz", dtype=np.float64)
    volts = np.random.default_rng(5).uniform(*arrays["voltage_ranges"].T[:, :, None], (device.electrodes, 50))
    layers = sum(name.startswith("W") for name in arrays)
    values = volts
    for i in range(layers):
        values = arrays[f"W{i}"] @ values + arrays[f"b{i}"][:, None]
        values = np.maximum(values, 0.0) if i < layers - 1 else values
    np.testing.assert_allclose(device.current(volts), values * arrays["amplification"] * 1e-9, rtol=1e-9, atol=1e-18)


@each_format
def test_an_old_layout_is_a_device(old: OldFiles, lab: Path) -> None:
    written = json.loads((lab / "layout.json").read_text(encoding="utf-8"))
    subject = subject_of(str(lab / "layout.json"))
    assert len(subject.names) == len(old.records["layout"]["electrodes"])
    assert written["name"] in subject.title
    current = subject.device.current(np.zeros((len(subject.names), 1)))
    assert np.isfinite(current).all()


@each_format
def test_old_notes_are_read_and_kept(old: OldFiles, lab: Path, tmp_path: Path) -> None:
    shutil.copy(lab / "runs" / "hgx-notes.json", tmp_path)
    notes = Notebook(tmp_path)
    known = {
        "solved.h5": Note(True, ("cold", "sample B"), "Solved at once; µ is high.\nSee page 12."),
        "killed.h5": Note(False, ("power cut",), ""),
    }
    assert notes.read() == known
    notes.put("gate.h5", Note(True))
    assert notes.read() == {**known, "gate.h5": Note(True)}


@each_format
def test_the_dashboard_takes_old_settings_and_old_runs(old: OldFiles, lab: Path, tmp_path: Path, qtbot: Any) -> None:
    kept = Path(shutil.copy(lab / "dashboard.ini", tmp_path))
    settings = QtCore.QSettings(str(kept), QtCore.QSettings.Format.IniFormat)
    assert settings.value("theme") == "light"
    window = Desk(theme_named(str(settings.value("theme"))), settings, lab / "runs")
    qtbot.addWidget(window)
    assert window.board.arranged
    assert window.height() == 666  # no narrower than the panels are, whatever the settings say
    window.show()
    table = window.runs.table
    window.show_page(window.runs)
    qtbot.waitUntil(lambda: table.rowCount() == len(old.records), timeout=20_000)
    rows = {table.item(row, 1).text(): row for row in range(table.rowCount())}
    assert rows.keys() == old.records.keys()
    for name in ("resumed-again", "noise", "killed-in-a-flush"):
        window.look_at(lab / "runs" / f"{name}.h5")
        window.draw()
        description = window.snapshot.description
        assert description is not None
        assert description.name == old.records[name]["name"]
    window.close()
