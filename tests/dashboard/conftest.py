"""Qt without a screen, and a failure for whoever leaves a timer, a thread or a window behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")

import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.experiments import perform
from hgx_lab.live import Snapshot, snapshot_at
from hgx_lab.records import open_record
from tests.dashboard.leaks import Leaks


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: QtWidgets.QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    leaks = Leaks(monkeypatch)
    yield
    qapp.processEvents()
    open_windows = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    found = leaks.found()
    leaks.end()
    if open_windows:
        pytest.fail(f"windows are still open: {open_windows!r}")
    if found:
        pytest.fail("\n".join(found))


@pytest.fixture(scope="session")
def xor_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of the README's run, with the raw samples."""
    run = load_run_file(Path(__file__).parents[2] / "configs" / "xor.yaml")
    path = tmp_path_factory.mktemp("dashboard") / "xor.h5"
    perform(change_run_file(run, {"record.raw": True}), record=path)
    return path


@pytest.fixture(scope="session")
def learned(xor_record: Path) -> Snapshot:
    """Its last iteration."""
    with open_record(xor_record) as record:
        return snapshot_at(record, record.rows("iterations") - 1)


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    return QtCore.QSettings(str(tmp_path / "layout.ini"), QtCore.QSettings.Format.IniFormat)
