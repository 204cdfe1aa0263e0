"""What panels make of a snapshot, against what is known of it."""

from __future__ import annotations

from dataclasses import replace
from math import atan2
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._decimate import thinned
from hgx_lab.dashboard._theme import DARK, LIGHT
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.dashboard.panels import CurrentPanel, DerivativesPanel, DevicePanel, LossPanel
from hgx_lab.dashboard.panels._spectral_lines import lines_of, noise_floor
from hgx_lab.live import History, LiveEvent, RunState, Snapshot, Status, Trace

LEFT = QtCore.Qt.MouseButton.LeftButton
RATE = 100e3


def learning(snapshot: Snapshot, **more: Any) -> Snapshot:
    status = Status(RunState.LEARNING, iteration=17, total=200, elapsed_seconds=3.0)
    return replace(snapshot, rewound=False, status=status, **more)


class Showing:
    """A source that shows what it is given and notes what it is asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.shown = snapshot
        self.asked: list[str] = []

    def snapshot(self) -> Snapshot:
        return self.shown

    def __getattr__(self, name: str) -> Any:
        return lambda: self.asked.append(name)


@pytest.fixture
def window(qtbot: Any, settings: Any) -> Any:
    made = DashboardWindow(DARK, settings)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.ask_before_closing = lambda: "leave"
    made.close()


def show(window: DashboardWindow, snapshot: Snapshot) -> Showing:
    source = Showing(snapshot)
    window.watch(source)  # type: ignore[arg-type]
    window.draw()
    return source


def panel_of(window: DashboardWindow, kind: type[Any]) -> Any:
    panel = next(p for p in window.board.panels.values() if isinstance(p, kind))
    window.board.docks[panel.key].raise_()
    window.draw()
    return panel


def with_trace(snapshot: Snapshot, current: np.ndarray) -> Snapshot:
    psd = np.full(1001, 1e-24)
    return learning(snapshot, trace=Trace(5000, RATE, current, np.linspace(0, RATE / 2, 1001), psd))


def test_zooming_into_a_long_trace_shows_its_samples(window: DashboardWindow, learned: Snapshot) -> None:
    current = np.random.default_rng(1).normal(size=1_000_000)
    show(window, with_trace(learned, current))
    panel = panel_of(window, CurrentPanel)
    x, y = panel._trace.getData()
    assert len(x) < 10_000
    assert y.max() == current.max()
    assert panel.trace.plot_item.getViewBox().viewRange()[0][1] > (5000 + 999_000) / RATE
    first = 400_000
    panel.trace.setXRange((5000 + first) / RATE, (5000 + first + 50) / RATE, padding=0)
    x, y = panel._trace.getData()
    inside = slice(first - 1, first + 52)
    np.testing.assert_allclose(x[(x >= (5000 + first) / RATE) & (x <= (5000 + first + 50) / RATE)].size, 51, atol=1)
    assert set(current[first : first + 51]) <= set(y) <= set(current[inside])
    window.draw()  # what is chosen stays in sight
    assert len(panel._trace.getData()[0]) < 60


def test_a_gap_of_nothing_in_sight_draws_nothing(window: DashboardWindow, learned: Snapshot) -> None:
    show(window, with_trace(learned, np.ones(100_000)))
    panel = panel_of(window, CurrentPanel)
    panel.trace.setXRange(1000.0, 1001.0, padding=0)
    window.draw()
    assert window.board.broken == {}
    assert len(panel._trace.getData()[0]) <= 1


def test_the_floor_is_that_of_the_noise_and_lines_are_no_part_of_it() -> None:
    random = np.random.default_rng(3)
    hertz = np.arange(1, 8193, dtype=np.float64) * 6.1
    level = 1e-22 / hertz
    psd = level * random.chisquare(2 * 50, size=hertz.size) / (2 * 50)
    lines = np.arange(300, 3000, 100.0)
    for line in lines:
        psd[np.abs(hertz - line) < 12.2] += 1e-18
    at, floor = noise_floor(hertz, psd, lines)
    assert at.size > 15
    np.testing.assert_allclose(floor * at, 1e-22, rtol=0.3)


def test_lines_are_named_and_a_tone_is_never_called_anything_else(learned: Snapshot) -> None:
    run = learned.description
    assert run is not None
    lines = lines_of(run)
    assert len({round(line.hertz, 3) for line in lines}) == len(lines)
    tones = {line.words.split(",")[0]: line.hertz for line in lines if line.kind == "tones"}
    assert tones == {e.name: e.tone_hz for e in run.electrodes if e.tone_hz is not None}
    one = next(iter(tones))
    third = next(line for line in lines if line.words.startswith(f"3 × {one}"))
    assert third.hertz == pytest.approx(3 * tones[one])


def test_dials_show_the_largest_response_where_signs_cancel(window: DashboardWindow, learned: Snapshot) -> None:
    latest = learned.latest
    assert latest is not None
    derivatives, quadrature = np.zeros_like(latest.derivatives), np.zeros_like(latest.quadrature)
    derivatives[0], derivatives[1], quadrature[1] = 1e-8, -1.01e-8, 1e-10  # the mean of both is all but nothing
    quadrature[2] = 5e-10
    show(window, learning(learned, latest=replace(latest, derivatives=derivatives, quadrature=quadrature)))
    panel = panel_of(window, DerivativesPanel)
    x, y = panel._hands[1].getData()
    assert atan2(y[1] - y[0], x[1] - x[0]) == pytest.approx(atan2(1e-10, -1.01e-8))
    panel.case.setCurrentIndex(3)
    window.draw()
    x, y = panel._hands[1].getData()
    assert atan2(y[1] - y[0], x[1] - x[0]) == pytest.approx(np.pi / 2)


def test_an_electrode_shows_its_voltage_and_its_tone(window: DashboardWindow, learned: Snapshot, qtbot: Any) -> None:
    run = learned.description
    assert run is not None
    volts = np.linspace(-0.6, 0.6, len(run.electrodes))
    volts[1] = np.nan
    show(window, learning(learned, volts=volts))
    panel = panel_of(window, DevicePanel)
    place = next(i for i, e in enumerate(run.electrodes) if e.tone_hz is not None)
    electrode = run.electrodes[place]
    panel.which.setCurrentIndex(place)
    window.draw()
    x, y = panel._wave.getData()
    assert electrode.tone_hz is not None
    np.testing.assert_allclose(y, volts[place] + electrode.amplitude * np.sin(2 * np.pi * electrode.tone_hz * x))
    assert x[-1] * electrode.tone_hz == pytest.approx(3)
    panel.which.setCurrentIndex(1)
    window.draw()
    assert "unknown" in panel._facts.text()
    assert not np.isfinite(panel._wave.getData()[1]).any()
    assert panel._electrodes.points()[1].brush().style() == QtCore.Qt.BrushStyle.NoBrush


def test_accuracy_and_goal_stand_beside_the_margin(window: DashboardWindow, learned: Snapshot) -> None:
    run = learned.description
    assert run is not None
    show(window, learning(learned, description=replace(run, goal_margin=50e-9)))
    panel = panel_of(window, LossPanel)
    np.testing.assert_array_equal(panel._accuracy.getData()[1], 100 * learned.history["accuracy"])
    low, high = panel.margin.plot_item.getViewBox().viewRange()[1]
    assert low < 50e-9 < high  # far from any margin of this run, and in sight all the same
    assert "50 nA" in panel._goal.label.format
    assert "Accuracy (%)" in [name for name, _, _ in panel.margin.series()]


def test_a_stop_can_be_undone_while_the_run_is_stopping(window: DashboardWindow, learned: Snapshot, qtbot: Any) -> None:
    source = show(window, learning(learned))
    qtbot.mouseClick(window.now.stop, LEFT)
    source.shown = replace(source.shown, status=Status(RunState.STOPPING, iteration=17, total=200))
    window.draw()
    assert "Undo" in window.now.stop.text()
    assert window.now.stop.isEnabled()
    qtbot.mouseClick(window.now.stop, LEFT)
    assert source.asked == ["stop", "resume"]
    source.shown = replace(source.shown, status=Status(RunState.RAMPING, iteration=17, total=200))
    window.draw()
    assert not window.now.stop.isEnabled()
    assert "Undo" not in window.now.stop.text()


def test_space_belongs_to_what_has_the_focus_and_pauses_by_its_key_alone(
    window: DashboardWindow, learned: Snapshot, qtbot: Any
) -> None:
    source = show(window, learning(learned))
    box = panel_of(window, LossPanel).logarithmic
    box.setFocus()
    before = box.isChecked()
    qtbot.keyClick(box, QtCore.Qt.Key.Key_Space)
    assert box.isChecked() is not before
    assert source.asked == []
    menus: Any = window.menuBar()
    actions = {a.shortcut().toString(): a for m in menus.findChildren(QtWidgets.QMenu) for a in m.actions()}
    assert "Space" not in actions
    actions["Ctrl+P"].trigger()
    assert source.asked == ["pause"]


def test_the_first_widget_of_a_page_has_the_focus(window: DashboardWindow, learned: Snapshot, qtbot: Any) -> None:
    page = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(page)
    off, first, second = QtWidgets.QPushButton("off"), QtWidgets.QLineEdit(), QtWidgets.QPushButton("second")
    off.setEnabled(False)
    for widget in (QtWidgets.QLabel("words"), off, first, second):
        layout.addWidget(widget)
    window.add_page(page, "Other")
    show(window, learning(learned))
    window.activateWindow()
    window.show_page(page)
    assert window.focusWidget() is first
    window.show_page(window.board)
    assert window.focusWidget() is window.now.pause


def test_it_fits_a_laptop_whatever_has_to_be_said(window: DashboardWindow, learned: Snapshot) -> None:
    latest = learned.latest
    assert latest is not None
    words = "CardDisconnected: " + "the card doesn't answer since sample 501000 " * 20
    unsure = replace(latest, derivatives_std=np.ones_like(latest.derivatives_std))
    status = Status(RunState.FAULT, words, iteration=123_456, total=200_000, elapsed_seconds=99_999.0)
    events = tuple(LiveEvent("fault", words) for _ in range(30))
    show(window, replace(learned, rewound=False, status=status, latest=unsure, events=events, overload=True))
    window.resize(1366, 700)
    for theme in (LIGHT, DARK):
        window.set_theme(theme)
        for dock in window.board.docks.values():
            dock.raise_()
            window.draw()
        QtWidgets.QApplication.processEvents()
        least = window.minimumSizeHint()
        assert least.width() <= 1280
        assert least.height() <= 700
    assert (window.width(), window.height()) == (1366, 700)


def test_panels_have_their_shares_when_they_are_first_seen(qtbot: Any, settings: Any) -> None:
    window = DashboardWindow(DARK, settings)
    qtbot.addWidget(window)
    other = QtWidgets.QWidget()
    window.add_page(other, "Other")
    window.show_page(other)
    window.resize(1366, 740)
    window.show()
    QtWidgets.QApplication.processEvents()
    window.show_page(window.board)
    QtWidgets.QApplication.processEvents()
    QtWidgets.QApplication.processEvents()
    width = {key: dock.width() / 1366 for key, dock in window.board.docks.items()}
    assert width["now"] == pytest.approx(0.31, abs=0.03)
    assert width["loss"] == pytest.approx(0.38, abs=0.03)
    window.close()


def test_a_panel_behind_a_tab_costs_nothing_until_it_is_brought_to_the_front(
    window: DashboardWindow, learned: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.board.arrange()
    window.board.docks["outputs"].raise_()
    QtWidgets.QApplication.processEvents()
    drawn: list[Snapshot] = []
    monkeypatch.setattr(window.board.panels["current"], "draw", drawn.append)
    show(window, learning(learned))
    assert drawn == []
    window.board.docks["current"].raise_()
    window.draw()
    assert len(drawn) == 1


def test_a_long_history_is_drawn_at_its_pace_and_never_left_behind(
    window: DashboardWindow, learned: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("hgx_lab.dashboard._panel.time.monotonic", lambda: clock[0])

    def history(rows: int) -> History:
        made, row = History(), {name: learned.history[name][0] for name in learned.history.columns()}
        for i in range(rows):
            made.append(row | {"iteration": i, "loss": 1 + i})
        return made

    panel = panel_of(window, LossPanel)

    def shown(rows: int) -> float:
        window.source.shown = learning(learned, history=history(rows))  # type: ignore[attr-defined]
        window.draw()
        return float(panel._loss.getData()[1].max())

    show(window, learning(learned, history=history(10)))
    assert shown(11) == 11  # a short one at once
    assert shown(600) == 11
    clock[0] += 0.11
    assert shown(601) == 601
    clock[0] += 0.05
    assert shown(602) == 601
    clock[0] += 0.06
    window.draw()  # nothing new has come
    assert panel._loss.getData()[1].max() == 602


def test_a_caption_gives_way_and_keeps_its_words(qtbot: Any) -> None:
    caption = Caption()
    qtbot.addWidget(caption)
    caption.setText("a great many words " * 20)
    assert caption.minimumSizeHint().width() == 0
    caption.resize(60, 20)
    caption.grab()
    assert caption.toolTip() == caption.text()
    caption.setText("few")
    caption.grab()
    assert caption.toolTip() == ""


def test_a_thinned_curve_keeps_extremes_and_forgives_gaps() -> None:
    y = np.sin(np.arange(4096) / 9.0)
    y[100:103], y[2000] = np.nan, 7.0
    x, thin = thinned(np.arange(4096.0) * 2, y, 200)
    assert x.shape == thin.shape
    assert thin.size <= 402
    assert np.isfinite(thin).all()
    assert (np.nanmax(thin), np.nanmin(thin)) == (7.0, np.nanmin(y))
    assert abs(x[np.argmax(thin)] - 4000.0) <= 2 * 21
