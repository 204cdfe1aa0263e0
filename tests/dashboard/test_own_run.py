"""The run that a window started stays under its control, whatever is looked at; what commands go to is plain to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.config import load_run_file
from hgx_lab.dashboard import _window as window_module
from hgx_lab.dashboard._theme import DARK
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.live import LiveEvent, RunState, Snapshot
from tests.dashboard.fake_run import FakeRun

LEFT = QtCore.Qt.MouseButton.LeftButton
XOR = Path(__file__).parents[2] / "configs" / "xor.yaml"
OVER = (RunState.FINISHED, RunState.FAULT, RunState.LOST)
ALIVE = tuple(state for state in RunState if state.alive)


@pytest.fixture
def window(qtbot: Any, settings: Any) -> Iterator[DashboardWindow]:
    made = DashboardWindow(DARK, settings)
    qtbot.addWidget(made)
    made.add_page(QtWidgets.QLineEdit(), "Other")
    made.show()
    made.ask_before_closing = lambda: "leave"  # type: ignore[method-assign]
    yield made


@pytest.fixture
def own(window: DashboardWindow, learned: Snapshot) -> FakeRun:
    run = FakeRun(learned, RunState.LEARNING, "own.h5")
    window.watch(run, owned=True)
    return run


@pytest.fixture
def no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "RunProcess", lambda *_, **__: pytest.fail("a run was started"))


def shown_boxes(window: DashboardWindow) -> list[QtWidgets.QMessageBox]:
    return [box for box in window.findChildren(QtWidgets.QMessageBox) if box.isVisible()]


def press(box: QtWidgets.QMessageBox, words: str) -> None:
    next(button for button in box.buttons() if words in button.text()).click()


def key(window: DashboardWindow, keys: str) -> None:
    menus: Any = window.menuBar()
    actions = {a.shortcut().toString(): a for m in menus.findChildren(QtWidgets.QMenu) for a in m.actions()}
    actions[keys].trigger()


def commanded(run: FakeRun) -> list[str]:
    return [word for word in run.asked if word != "close"]


START: dict[str, Callable[[DashboardWindow], None]] = {
    "start": lambda w: w.start_run(XOR.read_text(encoding="utf-8"), XOR.parent),
    "branch": lambda w: w.branch(Path("parent.h5"), 3),
}


@pytest.fixture(autouse=True)
def parent_of_a_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that a branch goes on from isn't there: only what is asked of the window counts."""
    monkeypatch.setattr("hgx_lab.dashboard._window.resumed", lambda record, iteration: (load_run_file(XOR), None))


@pytest.mark.usefixtures("no_start")
@pytest.mark.parametrize("how", START)
@pytest.mark.parametrize("state", ALIVE)
def test_a_second_run_is_refused_with_a_way_to_the_first(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, how: str, state: RunState
) -> None:
    own.turn(state)
    past = FakeRun(learned, RunState.FINISHED, "past.h5")
    window.watch(past)
    START[how](window)
    (box,) = shown_boxes(window)
    assert "own, which was started in this window, is still going on" in box.text()
    assert window.source is past
    press(box, "Show the running run")
    assert window.source is own
    assert own.asked == []  # neither closed nor commanded
    assert shown_boxes(window) == []


@pytest.mark.parametrize("how", START)
@pytest.mark.parametrize("state", OVER)
def test_a_run_is_started_when_the_one_before_is_over(
    window: DashboardWindow,
    own: FakeRun,
    learned: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    how: str,
    state: RunState,
) -> None:
    monkeypatch.chdir(tmp_path)
    own.turn(state)
    fresh = FakeRun(learned, RunState.OPENING, "fresh.h5")
    monkeypatch.setattr(window_module, "RunProcess", lambda *_, **__: fresh)
    START[how](window)
    assert window.source is fresh
    assert window.sources.own is fresh
    assert own.asked == ["close"]


def test_a_run_out_of_sight_whose_process_lives_is_no_run_that_is_over(
    window: DashboardWindow, own: FakeRun, no_start: None, qtbot: Any
) -> None:
    own.running = True
    for trouble in (lambda: own.turn(RunState.LOST), lambda: setattr(own, "error", OSError("gone"))):
        trouble()
        START["start"](window)
        (box,) = shown_boxes(window)
        press(box, "Cancel")
        window.draw()
        assert window.now.rest.isEnabled()
        qtbot.mouseClick(window.now.rest, LEFT)
    assert own.asked == ["rest now", "rest now"]


def look_at_past(window: DashboardWindow, other: FakeRun, learned: Snapshot) -> None:
    other.turn(RunState.FINISHED)
    window.watch(other)


def look_at_another_run(window: DashboardWindow, other: FakeRun, learned: Snapshot) -> None:
    window.watch(other)


def rewind_another(window: DashboardWindow, other: FakeRun, learned: Snapshot) -> None:
    window.watch(other)
    window.show_past(replace(learned, rewound=True))


def rewind_the_own(window: DashboardWindow, other: FakeRun, learned: Snapshot) -> None:
    window.show_past(replace(learned, rewound=True))


LOOKS = [look_at_past, look_at_another_run, rewind_another, rewind_the_own]


@pytest.mark.parametrize("look", LOOKS)
def test_commands_go_to_the_own_run_whatever_is_looked_at(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, qtbot: Any, look: Callable[..., None]
) -> None:
    other = FakeRun(learned, RunState.LEARNING, "other.h5")
    look(window, other, learned)
    window.draw()
    for button in (window.now.pause, window.now.stop, window.now.rest):
        assert button.isEnabled()
        qtbot.mouseClick(button, LEFT)
    key(window, "Ctrl+P")
    key(window, "Ctrl+.")
    key(window, "Ctrl+Shift+R")
    assert window.strip.isVisible()
    qtbot.mouseClick(window.strip.rest, LEFT)
    assert own.asked == ["pause", "stop", "rest now", "pause", "stop", "rest now", "rest now"]
    assert commanded(other) == []
    # And it is said which run that is.
    assert window.now.commands.words.text() == "Commands go to own, not to what is shown."
    assert "own: learning" in window.strip.words.text()


def test_rest_reaches_the_own_run_from_every_page_and_without_the_panel(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, qtbot: Any
) -> None:
    own.turn(RunState.FINISHED)
    window.draw()  # what the buttons show is of now, also while nobody sees them
    window.pages.setCurrentIndex(1)
    own.turn(RunState.LEARNING)
    window.draw()
    key(window, "Ctrl+Shift+R")
    qtbot.mouseClick(window.strip.rest, LEFT)
    window.show_page(window.board)
    window.board.docks["now"].hide()
    window.draw()
    key(window, "Ctrl+Shift+R")
    qtbot.mouseClick(window.strip.rest, LEFT)
    assert own.asked == ["rest now"] * 4


def test_the_own_run_is_shown_again_by_button_strip_and_key(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, qtbot: Any
) -> None:
    for go in (
        lambda: qtbot.mouseClick(window.now.commands.show_button, LEFT),
        lambda: qtbot.mouseClick(window.strip.show_button, LEFT),
        lambda: key(window, "Ctrl+G"),
    ):
        window.watch(FakeRun(learned, RunState.FINISHED, "past.h5"))
        window.draw()
        go()
        assert window.source is own
        assert not window.strip.isVisible()
        assert not window.now.commands.show_button.isVisible()
        assert window.now.commands.words.text() == "Commands go to own, started here."
    assert own.asked == []


def test_a_run_of_somebody_else_is_commanded_also_while_its_past_is_looked_at(
    window: DashboardWindow, learned: Snapshot, qtbot: Any
) -> None:
    other = FakeRun(learned, RunState.LEARNING, "other.h5")
    window.watch(other)
    window.show_past(replace(learned, rewound=True))
    qtbot.mouseClick(window.now.rest, LEFT)
    assert other.asked == ["rest now"]
    assert window.now.commands.words.text() == "Commands go to other, not to what is shown."
    assert not window.strip.isVisible()


def test_a_click_that_was_meant_for_the_own_run_reaches_no_other(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("hgx_lab.dashboard._sources.time.monotonic", lambda: clock[0])
    other = FakeRun(learned, RunState.LEARNING, "other.h5")
    window.watch(other)
    window.draw()
    own.turn(RunState.FINISHED)  # since the frame that the user sees
    qtbot.mouseClick(window.now.rest, LEFT)
    assert own.asked == ["rest now"]
    window.draw()
    assert "Commands go to other" in window.now.commands.words.text()
    assert not window.now.rest.isEnabled()
    key(window, "Ctrl+Shift+R")
    clock[0] += 1.1
    window.draw()
    assert commanded(other) == []
    qtbot.mouseClick(window.now.rest, LEFT)
    assert commanded(other) == ["rest now"]


def test_how_the_own_run_ended_is_said_until_it_has_been_seen(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, qtbot: Any
) -> None:
    window.watch(FakeRun(learned, RunState.FINISHED, "past.h5"))
    own.turn(RunState.FAULT, "CardDisconnected: the outputs are not at rest")
    window.draw()
    assert "own: fault" in window.strip.words.text()
    assert not window.strip.rest.isEnabled()
    window.watch(FakeRun(learned, RunState.FINISHED, "another.h5"))
    window.draw()
    assert window.strip.isVisible()
    qtbot.mouseClick(window.strip.show_button, LEFT)
    assert "not at rest" in window.snapshot.status.detail
    window.watch(FakeRun(learned, RunState.FINISHED, "past.h5"))
    window.draw()
    assert not window.strip.isVisible()


@pytest.mark.parametrize("look", [None, *LOOKS])
@pytest.mark.parametrize("answer", ["leave", "cancel", "stop"])
def test_closing_asks_as_long_as_the_own_run_goes_on(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, answer: str, look: Callable[..., None] | None
) -> None:
    other = FakeRun(learned, RunState.LEARNING, "other.h5")
    if look is not None:
        look(window, other, learned)
    asked: list[str] = []
    window.ask_before_closing = lambda: asked.append("asked") or answer  # type: ignore[method-assign, func-returns-value]
    assert window.close() is (answer == "leave")
    assert asked == ["asked"]
    assert own.asked == {"leave": ["close"], "cancel": [], "stop": ["stop"]}[answer]
    if answer == "stop":
        assert window.isVisible()  # to see how it ends
        window.draw()
        assert window.now.commands.words.text() == "The window closes when own is at rest."
        own.turn(RunState.RAMPING)
        window.draw()
        assert window.isVisible()
        own.turn(RunState.FINISHED)
        window.draw()
        assert not window.isVisible()
        assert asked == ["asked"]
    if answer == "cancel":
        window.ask_before_closing = lambda: "leave"  # type: ignore[method-assign]
        window.close()
    assert own.asked.count("close") == 1
    assert commanded(other) == []


@pytest.mark.parametrize("state", OVER)
def test_closing_asks_nothing_when_the_own_run_is_over(window: DashboardWindow, own: FakeRun, state: RunState) -> None:
    own.turn(state)
    window.ask_before_closing = lambda: pytest.fail("asked")  # type: ignore[method-assign]
    assert window.close()


@pytest.mark.parametrize("state", [RunState.FAULT, RunState.LOST])
def test_a_window_that_waits_for_rest_stays_when_the_run_fails(
    window: DashboardWindow, own: FakeRun, learned: Snapshot, state: RunState
) -> None:
    window.watch(FakeRun(learned, RunState.FINISHED, "past.h5"))
    window.ask_before_closing = lambda: "stop"  # type: ignore[method-assign]
    window.close()
    own.turn(state, "the outputs are not at rest")
    window.draw()
    assert window.isVisible()
    assert window.source is own
    assert "not at rest" in window.snapshot.status.detail


def test_a_stop_that_is_undone_leaves_the_window_open(window: DashboardWindow, own: FakeRun, qtbot: Any) -> None:
    window.ask_before_closing = lambda: "stop"  # type: ignore[method-assign]
    window.close()
    own.turn(RunState.STOPPING)
    window.draw()
    qtbot.mouseClick(window.now.stop, LEFT)
    assert own.asked == ["stop", "resume"]
    own.turn(RunState.LEARNING)
    window.draw()
    own.turn(RunState.FINISHED)
    window.draw()
    assert window.isVisible()


def test_a_question_is_asked_once_at_a_time(window: DashboardWindow, own: FakeRun) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("asked")
        window.close()  # Ctrl-C in the terminal meanwhile
        return "cancel"

    window.ask_before_closing = ask  # type: ignore[method-assign]
    assert not window.close()
    assert asked == ["asked"]
    assert window.isVisible()
    window.ask_before_closing = lambda: "leave"  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("words", "answer"), [("Leave it running", "leave"), ("Stop it at rest", "stop"), ("Cancel", "cancel")]
)
@pytest.mark.parametrize("state", [RunState.LEARNING, RunState.PAUSED])
def test_the_box_names_the_run_and_gives_three_choices(
    window: DashboardWindow, own: FakeRun, qtbot: Any, words: str, answer: str, state: RunState
) -> None:
    own.turn(state)
    window.draw()
    seen: list[str] = []

    def click() -> None:
        (box,) = shown_boxes(window)
        seen.append(f"{box.text()} {box.informativeText()}")
        press(box, words)

    QtCore.QTimer.singleShot(0, click)
    found = DashboardWindow.ask_before_closing(window)
    assert found == answer
    assert f"own, which was started in this window, is still going on ({state.value})" in seen[0]
    assert ("It is paused" in seen[0]) is (state is RunState.PAUSED)


def test_events_with_arrays_are_listed_whatever_was_shown_before(window: DashboardWindow, learned: Snapshot) -> None:
    run = FakeRun(learned, RunState.FINISHED)
    window.watch(run)
    for _ in range(3):  # read anew, as from the record and from what was rewound
        data = {"gradients": np.arange(3.0)}
        run.shown = replace(run.shown, events=(LiveEvent("calibrated", "a delay", 0, 1e9, data),) * 2)
        window.draw()
        assert window.board.broken == {}
    assert window.now._events.count() == 2
