"""A record or a run file in the dashboard: opened, compared, rewound, edited, planned; nothing of it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.config import parse_run_file
from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._plain import plain_tool_tip
from hgx_lab.dashboard._theme import DARK
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import perform
from hgx_lab.live import LiveEvent, RunState, Snapshot
from tests.dashboard.fake_run import FakeRun
from tests.support.audited import audited
from tests.support.runs import TEXT

DEVICE = "def current(volts):\n    return 1e-8 * volts.sum(axis=0)\n"
MARKUP = "<b>bold</b> <img src='mark.png'> a < b & c"

LOOK = """
import time
from pathlib import Path
from pyqtgraph.Qt import QtCore, QtWidgets
from hgx_lab.dashboard._application import make_application
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import DARK

application = make_application()
settings = QtCore.QSettings("layout.ini", QtCore.QSettings.Format.IniFormat)
desk = Desk(DARK, settings, Path("."))
desk.setup.ask_to_save = lambda: "discard"
desk.show()

def settle():
    # Also what is read beside the windows.
    end = time.monotonic() + 60
    application.processEvents()
    while desk.setup._background.busy or desk.runs._background.busy:
        if time.monotonic() > end:
            raise SystemExit("busy for ever")
        time.sleep(0.01)
        application.processEvents()
    desk.draw()
    assert desk.board.broken == {}, desk.board.broken

def record():
    desk.open_path(Path("r.h5"))
    for iteration in range(4):
        desk.rewind.number.setValue(iteration)
        settle()
    desk.rewind.back.click()
    settle()

def runs():
    desk.show_page(desk.runs)
    desk.runs.refresh()
    settle()
    assert desk.runs.table.rowCount() == 2
    desk.runs.table.selectAll()
    settle()
    assert len(desk.runs.comparison.runs) == 2
    desk.runs.table.selectRow(0)
    desk.runs.look.click()
    settle()

def run_file():
    desk.open_path(Path("run.yaml"))
    settle()
    assert desk.setup.run is not None, desk.setup.problems
    assert "Longest duration" in desk.setup.plan.toPlainText()
    desk.use_run_file_of(Path("r.h5"))
    settle()
    desk.setup._edited(("seed",), 8)
    settle()

def tagged():
    desk.open_path(Path("tagged.yaml"))
    settle()
    assert desk.setup.problems
    desk.setup._edited(("seed",), 8)
    settle()

settle()
print(json.dumps({step.__name__: _watched(step) for step in (record, runs, run_file, tagged)}))
desk.setup.ask_to_save = lambda: "discard"
desk.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two records of a run whose device is a program, which has become another one since."""
    (tmp_path / "device.py").write_text(DEVICE)
    text = TEXT.replace("{kind: smooth, seed: 3}", "{kind: python, file: device.py}")
    (tmp_path / "run.yaml").write_text(text)
    perform(parse_run_file(text, folder=tmp_path), record=tmp_path / "r.h5")
    (tmp_path / "again.h5").write_bytes((tmp_path / "r.h5").read_bytes())
    (tmp_path / "device.py").write_text("from pathlib import Path\nPath('was run').touch()\nraise SystemExit(77)\n")
    tag = "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['was run']]"
    (tmp_path / "tagged.yaml").write_text(text.replace("name: small", f"name: {tag}"))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("[core]\n\tfsmonitor = \"touch 'was run'\"\n")
    return tmp_path


def test_the_dashboard_runs_nothing_of_what_it_opens(folder: Path) -> None:
    for step, noted in audited(LOOK, folder=folder).items():
        assert noted == [], step
    assert not (folder / "was run").exists()


def test_words_of_others_are_shown_letter_by_letter(qtbot: Any, settings: Any, learned: Snapshot) -> None:
    window = DashboardWindow(DARK, settings)
    qtbot.addWidget(window)
    window.show()
    run = FakeRun(learned, RunState.FINISHED, f"{MARKUP.replace('/', '')}.h5")
    window.watch(run)
    run.turn(RunState.FAULT, MARKUP)
    window.draw()
    window.complain(ExperimentError(MARKUP, remedy=MARKUP))
    (box,) = window.findChildren(QtWidgets.QMessageBox)
    shown = [
        label
        for label in window.findChildren(QtWidgets.QLabel)
        if "<img" in label.text() and not isinstance(label, Caption)  # a caption paints letters
    ]
    assert len(shown) >= 3  # the state's words, and text and remedy of the box
    for label in shown:
        assert label.textFormat() == QtCore.Qt.TextFormat.PlainText, label.text()
    box.close()
    window.close()


def test_a_tool_tip_is_shown_letter_by_letter() -> None:
    from pyqtgraph.Qt import QtGui

    assert plain_tool_tip("a plain one") == "a plain one"
    document = QtGui.QTextDocument()
    document.setHtml(plain_tool_tip(f"{MARKUP}\nsecond"))
    assert document.toPlainText() == f"{MARKUP}\nsecond"


def test_a_time_that_no_clock_shows_breaks_no_panel(qtbot: Any, settings: Any, learned: Snapshot) -> None:
    window = DashboardWindow(DARK, settings)
    qtbot.addWidget(window)
    window.show()
    for time in (float("nan"), float("inf"), -1e30):
        run = FakeRun(learned, RunState.FINISHED)
        object.__setattr__(run.shown, "events", (LiveEvent("start", "at a strange time", 0, time),))
        window.watch(run)
        assert window.board.broken == {}
    window.close()


def test_the_desk_says_why_a_run_that_goes_on_is_only_read(
    qtbot: Any, settings: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hgx_lab.live._record_source import RecordSource

    desk = Desk(DARK, settings, folder)
    qtbot.addWidget(desk)
    monkeypatch.setattr(desk.setup, "ask_to_save", lambda: "discard")
    desk.show()
    live = folder / "r.h5.live"
    live.write_text("{}")
    live.chmod(0o644)
    desk.look_at(folder / "r.h5")  # over: there is nothing that a command could reach
    assert desk.findChildren(QtWidgets.QMessageBox) == []
    assert [e.kind for e in desk.source.snapshot().events][-1] == "not attached"

    def goes_on(self: RecordSource, record: Any) -> None:
        self._board.take(Turned(RunState.LEARNING))

    from hgx_lab.live._words import Turned

    monkeypatch.setattr(RecordSource, "_look", goes_on)
    desk.look_at(folder / "r.h5")
    (box,) = desk.findChildren(QtWidgets.QMessageBox)
    assert "permissions are 0644" in box.text()
    box.close()
    desk.close()
