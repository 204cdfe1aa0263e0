from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QT_LIB, QtCore

from hgx_lab.dashboard._export import save_plot
from hgx_lab.dashboard._theme import DARK, LIGHT
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.dashboard.panels import CurrentPanel, DerivativesPanel, LossPanel, OutputsPanel
from hgx_lab.live import RunState, Snapshot, Status


class Fake:
    """A source that says what it was asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.shown, self.asked = snapshot, []

    def snapshot(self) -> Snapshot:
        return self.shown

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    def stop(self) -> None:
        self.asked.append("stop")

    def rest_now(self) -> None:
        self.asked.append("rest now")

    def reset_overload(self) -> None:
        self.asked.append("reset")

    def close(self) -> None:
        self.asked.append("close")


def in_state(snapshot: Snapshot, state: RunState) -> Snapshot:
    return replace(snapshot, rewound=False, status=Status(state, iteration=17, total=200, elapsed_seconds=3.0))


@pytest.fixture
def window(qtbot: Any, settings: Any) -> Any:
    made = DashboardWindow(DARK, settings)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.ask_before_closing = lambda: "leave"
    made.close()


def watched(window: DashboardWindow, snapshot: Snapshot, *, owned: bool = False) -> Fake:
    source = Fake(snapshot)
    window.watch(source, owned=owned)
    window.draw()
    return source


@pytest.mark.parametrize("state", list(RunState))
def test_every_panel_draws_every_state(window: DashboardWindow, learned: Snapshot, state: RunState) -> None:
    watched(window, in_state(learned, state))
    for theme in (LIGHT, DARK):
        window.set_theme(theme)
        for dock in window.board.docks.values():
            dock.raise_()
            window.draw()
    assert window.board.broken == {}
    assert state.value in window.windowTitle()


def test_an_empty_dashboard_draws(window: DashboardWindow) -> None:
    window.draw()
    assert window.board.broken == {}


def test_bars_are_the_measured_derivatives(window: DashboardWindow, learned: Snapshot) -> None:
    watched(window, in_state(learned, RunState.LEARNING))
    panel = window.board.panels["derivatives"]
    assert isinstance(panel, DerivativesPanel)
    panel.case.setCurrentIndex(3)
    window.draw()
    assert panel._bars is not None
    assert learned.latest is not None
    np.testing.assert_array_equal(panel._bars.opts["height"], learned.latest.derivatives[2])


def test_an_unknown_sign_looks_different_and_is_named(window: DashboardWindow, learned: Snapshot) -> None:
    assert learned.latest is not None
    unsure = learned.latest.derivatives_std.copy()
    unsure[:, 1] = 1e-3
    watched(
        window, replace(in_state(learned, RunState.LEARNING), latest=replace(learned.latest, derivatives_std=unsure))
    )
    panel = window.board.panels["derivatives"]
    assert isinstance(panel, DerivativesPanel)
    assert panel._bars is not None
    opacities = [b.color().alphaF() for b in panel._bars.opts["brushes"]]
    assert opacities[1] < 0.2 < 0.8 < opacities[0]
    assert learned.description is not None
    assert f"below 3σ: {learned.description.controls[1]}" in panel._confidence.text()


def test_a_derivative_without_an_error_bar_is_never_shown_as_sure(window: DashboardWindow, learned: Snapshot) -> None:
    latest = learned.latest
    assert latest is not None
    assert learned.description is not None
    panel = window.board.panels["derivatives"]
    assert isinstance(panel, DerivativesPanel)

    def said(std: np.ndarray) -> str:
        watched(window, replace(in_state(learned, RunState.LEARNING), latest=replace(latest, derivatives_std=std)))
        return panel._confidence.text()

    std = np.full_like(latest.derivatives_std, 1e-15)
    assert said(std).startswith("signs of all cases 100.0%")
    assert said(std).endswith("all bars beyond 3σ")
    std[:, 0] = np.nan
    count = len(learned.description.controls)
    assert said(std).startswith(f"signs of all cases {100 * (count - 1) / count:.1f}%")
    assert said(std).endswith(f"no error bar: {learned.description.controls[0]}")
    assert panel._bars is not None
    opacities = [b.color().alphaF() for b in panel._bars.opts["brushes"]]
    assert opacities[0] < 0.2 < 0.8 < opacities[1]
    assert said(np.full_like(std, np.nan)).startswith("signs of all cases unknown")
    panel.case.setCurrentIndex(1)
    window.draw()
    assert panel._confidence.text().startswith("signs unknown")
    assert window.board.broken == {}


def test_one_broken_panel_leaves_the_others_drawing(
    window: DashboardWindow, learned: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Snapshot) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr(window.board.panels["loss"], "draw", fail)
    watched(window, in_state(learned, RunState.LEARNING))
    assert list(window.board.broken) == ["loss"]
    assert "no such thing" in window.board.docks["loss"].windowTitle()
    monkeypatch.undo()
    window.draw()
    assert window.board.broken == {}
    assert window.board.docks["loss"].windowTitle() == LossPanel.title


def test_buttons_and_keys_reach_the_run(window: DashboardWindow, learned: Snapshot, qtbot: Any) -> None:
    source = watched(window, in_state(learned, RunState.LEARNING))
    qtbot.mouseClick(window.now.pause, QtCore.Qt.MouseButton.LeftButton)
    source.shown = in_state(learned, RunState.PAUSED)
    window.draw()
    qtbot.mouseClick(window.now.pause, QtCore.Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.now.stop, QtCore.Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.now.rest, QtCore.Qt.MouseButton.LeftButton)
    assert source.asked == ["pause", "resume", "stop", "rest now"]


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.FAULT, RunState.LOST, RunState.IDLE])
def test_nothing_can_be_pressed_when_nothing_runs(window: DashboardWindow, learned: Snapshot, state: RunState) -> None:
    watched(window, in_state(learned, state))
    assert not any(button.isEnabled() for button in (window.now.pause, window.now.stop, window.now.rest))


def test_the_overload_lamp_stays_lit_until_it_is_pressed(
    window: DashboardWindow, learned: Snapshot, qtbot: Any
) -> None:
    source = watched(window, replace(in_state(learned, RunState.LEARNING), overload=True))
    window.board.docks["current"].raise_()
    window.draw()
    panel = window.board.panels["current"]
    assert isinstance(panel, CurrentPanel)
    assert "OVERLOAD" in panel.lamp.text()
    qtbot.mouseClick(panel.lamp, QtCore.Qt.MouseButton.LeftButton)
    assert source.asked == ["reset"]


def test_closing_says_nothing_to_a_run_of_somebody_else(
    window: DashboardWindow, learned: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = watched(window, in_state(learned, RunState.LEARNING))
    monkeypatch.setattr(window, "ask_before_closing", lambda: pytest.fail("asked"))
    window.close()
    assert source.asked == ["close"]


def test_a_plot_is_saved_as_data_and_pictures(window: DashboardWindow, learned: Snapshot, tmp_path: Path) -> None:
    watched(window, in_state(learned, RunState.LEARNING))
    panel = window.board.panels["loss"]
    assert isinstance(panel, LossPanel)
    # pyqtgraph 0.14 can't read the drawings of Qt 6; then it says so and leaves nothing.
    for suffix in ("csv", "png", "svg") if QT_LIB == "PyQt5" else ("csv", "png"):
        save_plot(panel.loss, tmp_path / f"loss.{suffix}")
        assert (tmp_path / f"loss.{suffix}").stat().st_size > 100
    with (tmp_path / "loss.csv").open(encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    at = head.index("loss")
    np.testing.assert_allclose([float(row[at]) for row in rows if row[at]], learned.history["loss"])
    with pytest.raises(OSError, match="No such file"):
        save_plot(panel.loss, tmp_path / "nowhere" / "loss.png")


def test_the_layout_is_remembered(qtbot: Any, settings: Any) -> None:
    first = DashboardWindow(DARK, settings)
    qtbot.addWidget(first)
    first.show()
    first.board.docks["device"].hide()
    first.close()
    second = DashboardWindow(DARK, settings)
    qtbot.addWidget(second)
    second.show()
    assert second.board.docks["device"].isHidden()
    assert not second.board.docks["loss"].isHidden()
    second.close()


def test_outputs_show_what_was_measured(window: DashboardWindow, learned: Snapshot) -> None:
    watched(window, in_state(learned, RunState.FINISHED))
    panel = window.board.panels["outputs"]
    assert isinstance(panel, OutputsPanel)
    assert learned.latest is not None
    np.testing.assert_array_equal(panel._points.getData()[1], learned.latest.outputs)
    assert panel._threshold.value() == learned.latest.threshold
