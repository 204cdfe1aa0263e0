"""The whole dashboard: from an empty desk to a trained gate, back through its iterations, and on from one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import DARK
from hgx_lab.live import RunProcess, RunState, Snapshot
from hgx_lab.records import open_record
from tests.dashboard.fake_run import FakeRun

XOR = Path(__file__).parents[2] / "configs" / "xor.yaml"
LEFT = QtCore.Qt.MouseButton.LeftButton


@pytest.fixture
def desk(qtbot: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    made = Desk(DARK, settings, tmp_path / "runs")
    # Windows are closed before fixtures end: nobody would answer the question what is to become of a run.
    monkeypatch.setattr(made, "ask_before_closing", lambda: "leave")
    monkeypatch.setattr(made.setup, "ask_to_save", lambda: "discard")
    qtbot.addWidget(made)
    made.show()
    yield made
    if isinstance(made.sources.own, RunProcess):
        made.sources.own.rest_now()
        made.sources.own.process.wait(timeout=30)


def ended(desk: Desk) -> bool:
    desk.draw()
    return not desk.snapshot.status.state.alive


def test_one_click_trains_xor_and_the_record_is_whole(desk: Desk, qtbot: Any) -> None:
    qtbot.mouseClick(desk.setup.start_button, LEFT)
    assert desk.pages.currentWidget() is desk.board
    qtbot.waitUntil(lambda: ended(desk), timeout=60_000)
    status = desk.snapshot.status
    assert status.state is RunState.FINISHED, status
    assert "margin" in status.detail
    assert desk.board.broken == {}
    assert desk.snapshot.latest is not None
    (path,) = Path("runs").glob("*.h5")
    with open_record(path) as record:
        assert record.status == "completed"
        assert record.rows("iterations") == status.iteration
        np.testing.assert_array_equal(record.column("iterations", "controls")[-1], desk.snapshot.latest.controls)


def test_a_record_is_rewound_and_the_panels_follow(desk: Desk, xor_record: Path) -> None:
    desk.open_path(xor_record)
    with open_record(xor_record) as record:
        loss = record.column("iterations", "loss")
    desk.rewind.number.setValue(3)
    assert desk.snapshot.rewound
    assert desk.snapshot.latest is not None
    assert desk.snapshot.latest.loss == loss[3]
    assert len(desk.snapshot.history) == 4
    assert not desk.now.stop.isEnabled()
    desk.rewind.back.click()
    desk.draw()
    assert not desk.snapshot.rewound
    assert desk.snapshot.status.state is RunState.FINISHED


def test_a_branch_begins_where_it_was_asked_for(desk: Desk, xor_record: Path, tmp_path: Path, qtbot: Any) -> None:
    copy = tmp_path / "xor.h5"
    copy.write_bytes(xor_record.read_bytes())
    desk.open_path(copy)
    desk.rewind.number.setValue(4)
    qtbot.mouseClick(desk.rewind.branch, LEFT)
    assert desk.sources.own is desk.source
    qtbot.waitUntil(lambda: ended(desk), timeout=60_000)
    (child,) = (path for path in tmp_path.glob("*.h5") if path != copy)
    with open_record(child) as branch, open_record(copy) as parent:
        assert branch.header["parent"]
        first = int(branch.column("iterations", "iteration")[0])
        assert first == 5
        # On the fast clock the controls of the next iteration are the ones that the parent had.
        np.testing.assert_allclose(
            branch.column("iterations", "controls")[0], parent.column("iterations", "controls")[first]
        )


def test_the_runs_are_listed_searched_and_opened(desk: Desk, xor_record: Path, qtbot: Any) -> None:
    desk.runs.folder = xor_record.parent
    desk.show_page(desk.runs)
    qtbot.waitUntil(lambda: desk.runs.table.rowCount() == 1, timeout=10_000)
    desk.runs.search.setText("nothing like it")
    assert desk.runs.table.isRowHidden(0)
    desk.runs.search.setText("xor complete")
    assert not desk.runs.table.isRowHidden(0)
    desk.runs.table.selectRow(0)
    qtbot.mouseClick(desk.runs.use, LEFT)
    assert desk.pages.currentWidget() is desk.setup
    assert desk.setup.run is not None
    assert desk.setup.run.record.raw is True
    desk.show_page(desk.runs)
    qtbot.mouseClick(desk.runs.look, LEFT)
    assert desk.pages.currentWidget() is desk.board
    assert desk.snapshot.rewound


def test_what_is_typed_shows_in_the_form_and_back(desk: Desk) -> None:
    text = desk.setup.text()
    desk.setup.editor.setPlainText(text.replace("gate: XOR", "gate: NAND"))
    desk.setup.check()
    assert desk.setup.run is not None
    desk.setup._edited(("optimizer", "rate"), "70 mV")
    assert "rate: 70 mV" in desk.setup.text()
    assert "gate: NAND" in desk.setup.text()
    # Comments and order are the user's.
    assert "# in the order of the device" in desk.setup.text()


def test_a_wrong_value_is_told_with_its_line_and_nothing_starts(desk: Desk, qtbot: Any) -> None:
    text = desk.setup.text()
    desk.setup.editor.setPlainText(text.replace("amplitude: 20 mV", "amplitude: 20 kg"))
    desk.setup.check()
    assert not desk.setup.start_button.isEnabled()
    (problem,) = desk.setup.problems
    assert problem.line == 1 + text[: text.index("amplitude: 20 mV")].count("\n")
    qtbot.mouseClick(desk.setup.start_button, LEFT)
    assert not Path("runs").exists()


def test_a_start_that_fails_says_why(desk: Desk, qtbot: Any) -> None:
    Path("runs").write_text("a file where a folder should be")
    qtbot.mouseClick(desk.setup.start_button, LEFT)
    boxes = desk.findChildren(QtWidgets.QMessageBox)
    assert boxes
    assert "can't be started" in boxes[0].text()
    boxes[0].close()


def test_everything_can_be_reached_by_keyboard(desk: Desk) -> None:
    keys = {
        action.shortcut().toString()
        for menu in desk.menuBar().findChildren(QtWidgets.QMenu)
        for action in menu.actions()
    }
    assert {"Ctrl+P", "Ctrl+.", "Ctrl+Shift+R", "Ctrl+1", "Ctrl+2", "Ctrl+3", "Ctrl+T", "Ctrl+0", "Ctrl+L"} <= keys
    for button in desk.findChildren(QtWidgets.QPushButton):
        assert button.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus, button.text()


def test_looking_at_the_run_that_was_started_here_disables_nothing(
    desk: Desk, xor_record: Path, learned: Snapshot, qtbot: Any
) -> None:
    own = FakeRun(learned, RunState.LEARNING, xor_record)
    desk.watch(own, owned=True)
    desk.watch(FakeRun(learned, RunState.FINISHED))
    desk.look_at(xor_record)  # as from the page Runs
    assert desk.source is own
    assert own.asked == []
    assert not desk.snapshot.rewound  # as it is now, with the bar to go back
    assert desk.rewind.isVisible()
    assert not desk.rewind.branch.isEnabled()
    assert desk.now.stop.isEnabled()
    desk.rewind.number.setValue(3)
    desk.draw()
    assert desk.snapshot.rewound
    assert desk.rewind.branch.isEnabled()
    qtbot.mouseClick(desk.now.rest, LEFT)
    assert own.asked == ["rest now"]
    assert "Now the run is learning" in desk.snapshot.status.detail


def test_a_refused_branch_leaves_what_is_looked_at(desk: Desk, xor_record: Path, learned: Snapshot) -> None:
    own = FakeRun(learned, RunState.LEARNING)
    desk.watch(own, owned=True)
    desk.look_at(xor_record)
    desk.rewind.number.setValue(4)
    desk.rewind.branch.click()
    (box,) = (b for b in desk.findChildren(QtWidgets.QMessageBox) if b.isVisible())
    assert "still going on" in box.text()
    assert desk.snapshot.rewound
    assert desk.rewind.number.value() == 4
    box.close()


def test_what_plays_stops_when_a_run_is_started(
    desk: Desk, xor_record: Path, learned: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = FakeRun(learned, RunState.LEARNING)
    monkeypatch.setattr("hgx_lab.dashboard._window.RunProcess", lambda *_, **__: fresh)
    desk.look_at(xor_record)
    desk.rewind.play.click()
    desk.start_run(desk.setup.text(), Path.cwd())
    desk.rewind._next()
    desk.draw()
    assert not desk.snapshot.rewound
    assert desk.snapshot.status.state is RunState.LEARNING
    assert not desk.rewind.isVisible()


def test_a_record_opened_over_another_breaks_no_panel(desk: Desk, xor_record: Path, qtbot: Any) -> None:
    desk.runs.folder = xor_record.parent
    desk.show_page(desk.runs)
    qtbot.waitUntil(lambda: desk.runs.table.rowCount() == 1, timeout=10_000)
    desk.runs.table.selectRow(0)
    for _ in range(2):
        qtbot.mouseClick(desk.runs.look, LEFT)
        desk.draw()
        assert desk.board.broken == {}
        desk.rewind.back.click()
        desk.draw()
        assert desk.board.broken == {}
        desk.show_page(desk.runs)


def test_a_run_that_goes_on_is_kept_at_hand_and_comes_to_rest(desk: Desk, xor_record: Path, qtbot: Any) -> None:
    """The whole of it with a process: looked away from, refused a second one, rested, seen."""
    # On the fast clock, for hours.
    run = change_run_file(load_run_file(XOR), {"stop.margin": None, "stop.iterations": 1_000_000})
    desk.start_run(run.to_yaml(), Path.cwd())
    own = desk.sources.own
    assert isinstance(own, RunProcess)
    qtbot.waitUntil(lambda: desk.snapshot.status.iteration > 0, timeout=60_000)
    desk.look_at(xor_record)
    qtbot.mouseClick(desk.setup.start_button, LEFT)
    (box,) = (b for b in desk.findChildren(QtWidgets.QMessageBox) if b.isVisible())
    box.close()
    assert own.running
    assert desk.sources.own is own
    desk.look_at(own.record)
    assert desk.source is own
    desk.look_at(xor_record)
    desk.draw()
    qtbot.mouseClick(desk.strip.rest, LEFT)
    qtbot.waitUntil(lambda: desk.sources.own_picture.status.state is RunState.FINISHED, timeout=60_000)
    assert own.process.wait(timeout=30) == 130
    with open_record(own.record) as record:
        assert record.status == "interrupted"
        assert [e.kind for e in record.events][-2:] == ["at-rest", "end"]
    desk.show_own_run()
    assert desk.snapshot.status.state is RunState.FINISHED
