"""What the device answers: each case against what it should, or a cloud of points as the paper draws it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen, shades
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import CaseInfo, Confirmation, Measured, RunDescription, Snapshot
from hgx_lab.signals.significance import has_error_bar

__all__ = ["OutputsPanel"]

#: Up to so many cases are drawn one beside the other with their names.
_NAMED = 16


class OutputsPanel(Panel):
    """Outputs with error bars, the threshold, confirmed outputs; for clouds the plane of inputs and the radius."""

    title, key = "Outputs", "outputs"

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.cases = Plot(theme, ("", ""), ("Output", "A"))
        self.space = Plot(theme, ("Input", "V"), ("Input", "V"))
        self._figures = Caption()
        self._points = pg.ScatterPlotItem(size=10)
        self._confirmed = pg.ScatterPlotItem(size=14, symbol="o", brush=None)
        self._errors = pg.ErrorBarItem(beam=0.2, pen=pen(theme.text))
        self._threshold = pg.InfiniteLine(angle=0, pen=pen(theme.muted, dashed=True), label="threshold")
        self._threshold.setVisible(False)
        self._cloud = pg.ScatterPlotItem(size=8)
        for item in (self._errors, self._points, self._confirmed):
            self.cases.addItem(item)
        self.cases.mark(self._threshold)
        self.space.addItem(self._cloud)
        self._run: RunDescription | None = None
        self._shown: tuple[Measured | None, tuple[Confirmation, ...]] = (None, ())
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.cases, 3)
        row.addWidget(self.space, 2)
        layout = column_of(self._figures)
        layout.addLayout(row, 1)
        self.setLayout(layout)

    def draw(self, snapshot: Snapshot) -> None:
        """Show the outputs of the newest iteration, and those that a validation without tones confirmed."""
        run, latest = snapshot.description, snapshot.latest
        if run is None or latest is None or not run.cases:
            return
        if run is not self._run and run != self._run:
            self._begin(run)
        if latest is self._shown[0] and snapshot.confirmations == self._shown[1]:
            return
        self._shown = (latest, snapshot.confirmations)
        cloud = len(run.cases) > _NAMED
        targets = np.array([c.target for c in run.cases])
        x = _radii(run.cases) if cloud else np.arange(len(run.cases), dtype=float)
        high = targets > targets.mean()
        colours = [self.theme.of(1) if h else self.theme.of(0) for h in high]
        told = has_error_bar(latest.outputs_std)  # an output without an error bar is drawn hollow
        self._points.setData(
            x,
            latest.outputs,
            symbol=["t1" if h else "t" for h in high],
            brush=[brush(c, 0.8 if t else 0.0) for c, t in zip(colours, told, strict=True)],
            pen=[pen(c) for c in colours],
        )
        self._errors.setData(x=x, y=latest.outputs, top=latest.outputs_std, bottom=latest.outputs_std)
        self._threshold.setVisible(bool(np.isfinite(latest.threshold)))
        if np.isfinite(latest.threshold):
            self._threshold.setValue(latest.threshold)
        if cloud:
            self._draw_cloud(run.cases, latest.outputs, targets)
        self._draw_confirmed(snapshot, x)

    def forget(self) -> None:
        """Show nothing."""
        self._run, self._shown = None, (None, ())
        self._figures.setText("")
        for points in (self._points, self._confirmed, self._cloud):
            points.setData([], [])
        self._errors.setData(x=np.empty(0), y=np.empty(0), top=np.empty(0), bottom=np.empty(0))
        self._threshold.setVisible(False)
        self.space.setVisible(False)
        self.cases.names_below(())

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        super().set_theme(theme)
        self._errors.setData(pen=pen(theme.text))
        self._threshold.setPen(pen(theme.muted, dashed=True))
        self._threshold.label.setColor(theme.muted)
        self._shown = (None, ())

    def _begin(self, run: RunDescription) -> None:
        self._run, self._shown = run, (None, ())
        cloud = len(run.cases) > _NAMED
        self.space.setVisible(cloud)
        if cloud:
            self.cases.bottom = ("Distance from the centre (half ranges)", "")
            self.space.bottom, self.space.left = ((f"{n}", "V") for n in (*run.inputs, "", "")[:2])
            self.space.set_theme(self.theme)
            self.cases.names_below(None)
        else:
            names = tuple(f"{c.name} → {c.target:g}" for c in run.cases)
            self.cases.bottom = ("Case and its target", "")
            self.cases.names_below(names)
        self.cases.set_theme(self.theme)
        self._threshold.label.setColor(self.theme.muted)
        self._threshold.label.setPosition(0.9)

    def _draw_cloud(self, cases: tuple[CaseInfo, ...], outputs: np.ndarray, targets: np.ndarray) -> None:
        volts = np.array([c.inputs for c in cases])
        low, high = np.percentile(outputs, (2, 98))
        shade = shades("viridis", np.clip((outputs - low) / max(high - low, 1e-30), 0, 1))
        self._cloud.setData(
            volts[:, 0],
            volts[:, 1],
            brush=[pg.mkBrush(c) for c in shade],
            symbol=["o" if t > targets.mean() else "s" for t in targets],
            pen=pen(self.theme.surface),
        )

    def _draw_confirmed(self, snapshot: Snapshot, x: np.ndarray) -> None:
        found = next((c for c in reversed(snapshot.confirmations) if c.set == "training"), None)
        latest = snapshot.latest
        text = "" if latest is None or not np.isfinite(latest.margin) else f"margin {1e9 * latest.margin:.2f} nA"
        if found is None or found.outputs.shape != x.shape:
            self._confirmed.setData([], [])
        else:
            self._confirmed.setData(x, found.outputs, pen=pen(self.theme.text, width=1))
            text += f"   without tones (circles) {1e9 * found.margin:.2f} nA, accuracy {found.accuracy:.1%}"
        test = next((c for c in reversed(snapshot.confirmations) if c.set == "test"), None)
        if test is not None:
            text += f"   unseen points {test.accuracy:.1%}"
        self._figures.setText(text)


def _radii(cases: tuple[CaseInfo, ...]) -> np.ndarray:
    """Distance of each case from the middle of the inputs' ranges, in half ranges: the axis of the paper's figure."""
    volts = np.array([c.inputs for c in cases])
    low, high = volts.min(axis=0), volts.max(axis=0)
    return np.linalg.norm((volts - (low + high) / 2) / np.maximum((high - low) / 2, 1e-12), axis=1)
