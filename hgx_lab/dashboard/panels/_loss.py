"""How well it goes: loss, accuracy and margin against iteration."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._decimate import thinned
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import History, Snapshot
from hgx_lab.units import format_quantity

__all__ = ["LossPanel"]


#: Widths of the axes, pixels.
_LEFT, _RIGHT = 52, 44


class LossPanel(Panel):
    """Loss with its best value and the restarts marked; margin and accuracy below."""

    title, key = "Loss", "loss"

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.loss = Plot(theme, ("", ""), ("Loss", ""))
        self.margin = Plot(theme, ("Iteration", ""), ("Margin", "A"))
        self.margin.setXLink(self.loss)
        self._loss = self.loss.curve(theme.of(0), name="loss")
        self._best_line = self.loss.curve(theme.of(1), dashed=True, name="best so far")
        self._best = pg.ScatterPlotItem(symbol="star", size=14, pen=pen(theme.of(1)), brush=brush(theme.of(1)))
        self.loss.addItem(self._best)
        self._margin = self.margin.curve(theme.of(2), name="margin")
        self._accuracy = self.margin.right_curve(theme.of(3), words="Accuracy (%)", span=(0.0, 100.0))
        self._goal = pg.InfiniteLine(
            angle=0, label="goal", labelOpts={"position": 0.04, "anchors": [(0.0, 1.0), (0.0, 0.0)]}
        )
        self._restarts = pg.VTickGroup(yrange=[0, 1])
        self._restarted = np.empty(0)
        self.loss.mark(self._restarts)
        self.logarithmic = QtWidgets.QCheckBox("&Log scale")
        self.logarithmic.toggled.connect(lambda on: self.loss.setLogMode(y=on))
        self._figures = Caption(right=True)
        self._goal_at: float | None = None
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.logarithmic)
        top.addWidget(self._figures, 1)
        layout = column_of()
        layout.addLayout(top)
        layout.addWidget(self.loss, 4)
        layout.addWidget(self.margin, 3)
        self.setLayout(layout)
        # Both plots have the same iteration above one another, and one row of numbers is enough.
        self.loss.plot_item.showAxis("right")
        self.loss.plot_item.getAxis("right").setStyle(showValues=False)
        for plot in (self.loss, self.margin):
            plot.plot_item.getAxis("right").setWidth(_RIGHT)
            plot.plot_item.getAxis("left").setWidth(_LEFT)
        self.margin.plot_item.getAxis("right").setTicks([[(v, f"{v}") for v in (0, 50, 100)]])
        self._paint()

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        super().set_theme(theme)
        self._paint()

    def _paint(self) -> None:
        theme = self.theme
        self._loss.setPen(pen(theme.of(0)))
        self._best_line.setPen(pen(theme.of(1), dashed=True))
        self._best.setPen(pen(theme.of(1)))
        self._best.setBrush(brush(theme.of(1)))
        self._margin.setPen(pen(theme.of(2)))
        self._accuracy.setPen(pen(theme.of(3)))
        self._goal.setPen(pen(theme.good, dashed=True))
        self._goal.label.setColor(theme.good)
        self._restarts.setPen(pen(theme.caution, dashed=True))
        self.loss.plot_item.getAxis("right").setPen(pen(theme.grid))
        margin, accuracy = self.margin.plot_item.getAxis("left"), self.margin.plot_item.getAxis("right")
        margin.setTextPen(pen(theme.of(2)))
        accuracy.setTextPen(pen(theme.of(3)))

    def draw(self, snapshot: Snapshot) -> None:
        """Show the whole history."""
        run = snapshot.description
        self._show_goal(None if run is None else run.goal_margin)
        if self.history_is_due(snapshot.history):
            self._draw_history(snapshot.history)

    def _show_goal(self, goal: float | None) -> None:
        if goal == self._goal_at:
            return
        if self._goal_at is None:
            self.margin.addItem(self._goal)  # the axis is to take account of it
        elif goal is None:
            self.margin.removeItem(self._goal)
        self._goal_at = goal
        if goal is not None:
            self._goal.setValue(goal)
            self._goal.label.setFormat(f"goal {format_quantity(goal, 'A', digits=3)}")

    def _draw_history(self, history: History) -> None:
        x, loss, columns = history["iteration"], history["loss"], self.loss.width()
        best = np.fmin.accumulate(loss) if loss.size else loss
        self._loss.setData(*thinned(x, loss, columns))
        self._best_line.setData(*thinned(x, best, columns))
        margin = history["margin"]
        classes = bool(margin.size and np.isfinite(margin).any())
        self.margin.setVisible(classes)
        self.loss.plot_item.getAxis("bottom").setStyle(showValues=not classes)
        shown = (margin, 100 * history["accuracy"]) if classes else (np.empty(0), np.empty(0))
        for curve, values in zip((self._margin, self._accuracy), shown, strict=True):
            curve.setData(*thinned(x if classes else values, values, columns))
        self._mark_restarts(x, history["restart"])
        if not loss.size or not np.isfinite(loss).any():
            self._best.setData([], [])
            self._figures.setText("")
            return
        place = int(np.nanargmin(loss))
        height = np.log10(loss[place]) if self.logarithmic.isChecked() and loss[place] > 0 else loss[place]
        self._best.setData([x[place]], [height])
        accuracy = history["accuracy"][-1]
        count = int(history["restart"][-1] - history["restart"][0])
        restarts = f"   {count} restart{'s' * (count != 1)} (dashed)" if count else ""
        text = f"best {loss[place]:.4g} at iteration {x[place]:.0f}"
        self._figures.setText(text + (f"   accuracy {accuracy:.1%}" if np.isfinite(accuracy) else "") + restarts)

    def _mark_restarts(self, x: np.ndarray, restart: np.ndarray) -> None:
        """One item for all of them: a long run has thousands."""
        at = x[1:][np.diff(restart) != 0] if restart.size else x
        if not np.array_equal(at, self._restarted):
            self._restarted = at
            self._restarts.setXVals(at)
