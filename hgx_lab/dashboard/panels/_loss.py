"""How well it goes: loss, accuracy and margin against iteration."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import Snapshot

__all__ = ["LossPanel"]


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
        self._goal = pg.InfiniteLine(angle=0, pen=pen(theme.muted, dashed=True))
        self.margin.mark(self._goal)
        self._restarts: list[pg.InfiniteLine] = []
        self.logarithmic = QtWidgets.QCheckBox("&Log scale")
        self.logarithmic.toggled.connect(lambda on: self.loss.setLogMode(y=on))
        self._figures = QtWidgets.QLabel()
        self._figures.setObjectName("caption")
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.logarithmic)
        top.addStretch(1)
        top.addWidget(self._figures)
        layout = column_of()
        layout.addLayout(top)
        layout.addWidget(self.loss, 3)
        layout.addWidget(self.margin, 2)
        self.setLayout(layout)

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        super().set_theme(theme)
        self._loss.setPen(pen(theme.of(0)))
        self._best_line.setPen(pen(theme.of(1), dashed=True))
        self._best.setPen(pen(theme.of(1)))
        self._best.setBrush(brush(theme.of(1)))
        self._margin.setPen(pen(theme.of(2)))
        self._goal.setPen(pen(theme.muted, dashed=True))

    def draw(self, snapshot: Snapshot) -> None:
        """Show the whole history."""
        history, run = snapshot.history, snapshot.description
        x, loss = history["iteration"], history["loss"]
        best = np.fmin.accumulate(loss) if loss.size else loss
        self._loss.setData(x, loss)
        self._best_line.setData(x, best)
        margin = history["margin"]
        classes = bool(margin.size and np.isfinite(margin).any())
        self.margin.setVisible(classes)
        if classes:
            self._margin.setData(x, margin)
        goal = None if run is None else run.goal_margin
        self._goal.setVisible(goal is not None)
        if goal is not None:
            self._goal.setValue(goal)
        self._mark_restarts(x, history["restart"])
        if not loss.size or not np.isfinite(loss).any():
            self._best.setData([], [])
            self._figures.setText("")
            return
        place = int(np.nanargmin(loss))
        height = np.log10(loss[place]) if self.logarithmic.isChecked() and loss[place] > 0 else loss[place]
        self._best.setData([x[place]], [height])
        accuracy = history["accuracy"][-1]
        text = f"best {loss[place]:.4g} at iteration {x[place]:.0f}"
        self._figures.setText(text + (f"   accuracy {accuracy:.1%}" if np.isfinite(accuracy) else ""))

    def _mark_restarts(self, x: np.ndarray, restart: np.ndarray) -> None:
        at = x[1:][np.diff(restart) != 0] if restart.size else restart
        while len(self._restarts) < len(at):
            line = pg.InfiniteLine(angle=90, pen=pen(self.theme.caution, dashed=True), label="restart")
            line.label.setColor(self.theme.caution)
            line.label.setPosition(0.94)
            self.loss.mark(line)
            self._restarts.append(line)
        for line, place in zip(self._restarts, at, strict=False):
            line.setValue(place)
        for line in self._restarts[len(at) :]:
            line.hide()
        for line in self._restarts[: len(at)]:
            line.show()
