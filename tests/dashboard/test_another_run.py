"""Another run on the same panels: nothing of the one before is left, and what isn't known isn't drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._plot import Plot
from hgx_lab.dashboard._theme import DARK
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.dashboard.panels import ControlsPanel, CurrentPanel, DerivativesPanel, DevicePanel
from hgx_lab.live import RunState, Snapshot, Trace, describe
from hgx_lab.live._board import Board
from hgx_lab.live._words import Beat, Stepped, Turned, Volts
from tests.dashboard.fake_run import FakeRun

CONFIGS = Path(__file__).parents[2] / "configs"
RATE = 100e3


@pytest.fixture
def window(qtbot: Any, settings: Any) -> Iterator[DashboardWindow]:
    made = DashboardWindow(DARK, settings)
    qtbot.addWidget(made)
    made.resize(1366, 740)
    made.show()
    QtWidgets.QApplication.processEvents()
    yield made


def whole(learned: Snapshot) -> Snapshot:
    """Everything that panels can show."""
    current = np.sin(np.arange(20_000.0))
    trace = Trace(0, RATE, current, np.linspace(0, RATE / 2, 1001), np.full(1001, 1e-24))
    return replace(learned, rewound=False, trace=trace)


def measuring(name: str, record: str) -> Snapshot:
    """A run that doesn't train, before its first point."""
    return Snapshot(description=describe(load_run_file(CONFIGS / f"{name}.yaml"), Path(record)))


def draw_all(window: DashboardWindow) -> None:
    """Also what is behind a tab."""
    for dock in window.board.docks.values():
        dock.raise_()
        QtWidgets.QApplication.processEvents()
        window.draw()
    assert window.board.broken == {}


def drawn(window: DashboardWindow) -> dict[str, list[str]]:
    """By panel: the curves and points with finite numbers in them, and the words above plots."""
    found: dict[str, list[str]] = {}
    for key, panel in window.board.panels.items():
        if key == "now":
            continue
        lines: list[str] = []
        for plot in panel.findChildren(Plot):
            lines += [n for n, x, y in plot.series() if np.isfinite(y).any() and not n.startswith("series ")]
            lines += [
                f"points of {plot.left[0]}"
                for item in plot.plot_item.items
                if isinstance(item, pg.ScatterPlotItem) and len(item.data)
            ]
            lines += [
                f"bars of {plot.left[0]}"
                for item in plot.plot_item.items
                if type(item).__name__ == "BarGraphItem" and item is not getattr(panel, "_box", None)
                if (item.opts.get("brushes") or item.opts.get("pens"))
            ]
        lines += [caption.text() for caption in panel.findChildren(Caption) if caption.text()]
        found[key] = lines
    return found


@pytest.mark.parametrize("name", ["iv", "noise", None])
def test_nothing_of_the_run_before_is_left(window: DashboardWindow, learned: Snapshot, name: str | None) -> None:
    window.watch(FakeRun(whole(learned), RunState.FINISHED, "first.h5"))
    draw_all(window)
    before = drawn(window)
    assert all(before[key] for key in ("loss", "derivatives", "controls", "outputs", "current", "device")), before
    other = FakeRun(learned, RunState.OPENING, "second.h5")
    other.shown = Snapshot() if name is None else measuring(name, "second.h5")
    window.watch(other)
    draw_all(window)
    after = drawn(window)
    # The electrode that is chosen in the panel of the device has its facts from the description.
    device = after.pop("device")
    assert after == {key: [] for key in after}
    assert not any("mV at" in words or "dI/dV" in words for words in device) or name is not None
    window.watch(FakeRun(whole(learned), RunState.FINISHED, "first.h5"))
    draw_all(window)
    assert drawn(window) == before


def test_a_trace_of_now_is_not_shown_as_one_of_the_past(window: DashboardWindow, learned: Snapshot) -> None:
    run = FakeRun(whole(learned), RunState.LEARNING)
    window.watch(run)
    draw_all(window)
    panel = window.board.panels["current"]
    assert isinstance(panel, CurrentPanel)
    window.show_past(replace(run.shown, rewound=True, trace=None))
    window.board.docks["current"].raise_()
    QtWidgets.QApplication.processEvents()
    window.draw()
    assert panel.trace.series() == []
    window.show_live()
    window.draw()
    assert panel.trace.series() != []


def test_a_derivative_that_has_not_been_measured_is_not_drawn_as_zero(
    window: DashboardWindow, learned: Snapshot
) -> None:
    run = FakeRun(learned, RunState.OPENING)
    run.shown = replace(run.shown, latest=None)
    window.watch(run)
    draw_all(window)
    for kind, name in ((DerivativesPanel, "_bars"), (ControlsPanel, "_peak")):
        panel = next(p for p in window.board.panels.values() if isinstance(p, kind))
        bars = getattr(panel, name)
        assert bars.opts["pen"].style() == QtCore.Qt.PenStyle.NoPen
        assert bars.opts["brush"].style() == QtCore.Qt.BrushStyle.NoBrush


@pytest.mark.parametrize("count", [3, 7, 64])
def test_names_below_and_around_do_not_overlap(window: DashboardWindow, count: int) -> None:
    electrodes = [{"name": f"e{i}", "role": "control", "limits": ["-1 V", "1 V"]} for i in range(count)]
    changes = {
        "electrodes": electrodes,
        "tones": {"plan": "contiguous", "period": "50 ms", "band": ["500 Hz", "8 kHz"]},
    }
    run = FakeRun(
        Snapshot(description=describe(change_run_file(load_run_file(CONFIGS / "noise.yaml"), changes), Path("r.h5"))),
        RunState.MEASURING,
    )
    window.watch(run)
    for width in (1366, 900, 1900):
        window.resize(width, 740)
        QtWidgets.QApplication.processEvents()
        draw_all(window)
        metrics = QtGui.QFontMetrics(QtWidgets.QApplication.font())
        for kind, names in ((DerivativesPanel, ("bars", "dials")), (ControlsPanel, ("now",))):
            panel = next(p for p in window.board.panels.values() if isinstance(p, kind))
            for plot in (getattr(panel, name) for name in names):
                view = plot.plot_item.getViewBox()
                (ticks,) = plot.plot_item.getAxis("bottom")._tickLevels
                assert ticks
                per_name = view.width() / np.diff(view.viewRange()[0])[0]
                for (left, one), (right, other) in pairwise(ticks):
                    apart = (right - left) * per_name
                    assert apart > (metrics.horizontalAdvance(one) + metrics.horizontalAdvance(other)) / 2
                if count <= 7 and width >= 1366:
                    assert len(ticks) == count
        device = window.board.panels["device"]
        assert isinstance(device, DevicePanel)
        # Around the letters of a label are four pixels of nothing.
        boxes = [label.mapRectToScene(label.boundingRect()).adjusted(4, 4, -4, -4) for label in device._labels]
        assert len(boxes) > 3
        if width == 1366:
            for at, box in enumerate(boxes):
                for other in boxes[at + 1 :]:
                    assert not box.intersects(other), (at, count)


def test_a_run_that_is_over_has_nothing_remaining_and_a_lost_one_no_known_voltages(learned: Snapshot) -> None:
    board = Board()
    run = learned.description
    assert run is not None
    assert learned.latest is not None
    board.take(run)
    board.take(Turned(RunState.LEARNING))
    board.take(Beat(10.0))
    board.take(Stepped(replace(learned.latest, index=4), 0.5, 10))
    board.take(Volts(np.full(len(run.electrodes), 0.3)))
    assert board.snapshot().status.remaining_seconds > 0
    board.take(Turned(RunState.LOST))
    now = board.snapshot()
    assert np.isnan(now.status.remaining_seconds)
    assert now.volts is not None
    assert np.isnan(now.volts).all()


def test_the_bar_has_the_last_iterations_when_a_run_has_ended(
    qtbot: Any, settings: Any, learned: Snapshot, xor_record: Path, tmp_path: Path
) -> None:
    desk = Desk(DARK, settings, tmp_path)
    qtbot.addWidget(desk)
    desk.show()
    own = FakeRun(learned, RunState.LEARNING, xor_record)
    desk.watch(own, owned=True)
    desk.look_at(xor_record)
    last = desk.rewind.number.maximum()
    desk.rewind.number.blockSignals(True)
    desk.rewind.number.setMaximum(3)  # as it was when the record was opened
    desk.rewind.number.blockSignals(False)
    own.turn(RunState.FINISHED)
    desk.draw()
    assert desk.rewind.number.maximum() == last
    assert desk.rewind.branch.isEnabled()
    assert not desk.snapshot.rewound
    desk.close()
