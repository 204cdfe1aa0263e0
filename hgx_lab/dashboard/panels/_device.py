"""The device as it lies there: electrodes around it, coloured by voltage, a ring for the tone."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, column_of, pen, shades
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import RunDescription, Snapshot
from hgx_lab.units import format_quantity

__all__ = ["DevicePanel"]


class DevicePanel(Panel):
    """Touch an electrode, or choose it by name, to see its voltage, tone and derivative over the iterations."""

    title, key = "Device", "device"

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.picture = Plot(theme, ("", ""), ("", ""))
        for axis in ("left", "bottom"):
            self.picture.plot_item.hideAxis(axis)
        self.picture.plot_item.showGrid(x=False, y=False)
        self.picture.setAspectLocked(True)
        self.picture.setMouseEnabled(x=False, y=False)
        turn = np.linspace(0, 2 * pi, 97)
        self._rim = pg.PlotCurveItem(0.72 * np.cos(turn), 0.72 * np.sin(turn))
        self._rings = pg.ScatterPlotItem(pxMode=True, brush=None)
        self._electrodes = pg.ScatterPlotItem(pxMode=True, size=20)
        self._electrodes.sigClicked.connect(self._touched)
        for item in (self._rim, self._rings, self._electrodes):
            self.picture.addItem(item)
        self._labels: list[pg.TextItem] = []
        self.which = QtWidgets.QComboBox()
        self.which.setAccessibleName("Electrode")
        self._facts = QtWidgets.QLabel()
        self._facts.setWordWrap(True)
        self._facts.setObjectName("caption")
        self.trend = Plot(theme, ("Iteration", ""), ("dI/dV", "A/V"))
        self._derivative = self.trend.curve(theme.of(0), name="mean dI/dV")
        side = column_of(self.which, self._facts, self.trend)
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(4, 2, 4, 4)
        row.addWidget(self.picture, 1)
        row.addLayout(side, 1)
        self.picture.setMinimumWidth(150)
        self.setLayout(row)
        self._names: tuple[str, ...] = ()

    def draw(self, snapshot: Snapshot) -> None:
        """Show the voltages of now."""
        run = snapshot.description
        if run is None:
            return
        names = tuple(e.name for e in run.electrodes)
        if names != self._names:
            self._begin(run)
        volts = snapshot.volts if snapshot.volts is not None else np.full(len(names), np.nan)
        x, y = self._places(len(names))
        scale = max(max(abs(e.lower), abs(e.upper)) for e in run.electrodes)
        known = np.isfinite(volts)
        shade = shades("CET-D1", np.where(known, volts / scale, 0.0) / 2 + 0.5)
        chosen = max(0, self.which.currentIndex())
        rims = [
            pen(self.theme.text if k == chosen else self.theme.grid, width=3 if k == chosen else 1)
            for k in range(len(names))
        ]
        self._electrodes.setData(
            x,
            y,
            brush=[pg.mkBrush(c) if k else None for c, k in zip(shade, known, strict=True)],
            pen=rims,
            data=list(range(len(names))),
        )
        tones = np.array([e.amplitude for e in run.electrodes])
        largest = tones.max() if tones.any() else 1.0
        on = tones > 0
        sizes = 26 + 12 * tones[on] / largest
        self._rings.setData(x[on], y[on], size=sizes, pen=pen(self.theme.of(1), width=2), brush=None)
        self._tell(run, snapshot, chosen, float(volts[chosen]))

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        super().set_theme(theme)
        self._names = ()
        self._derivative.setPen(pen(theme.of(0)))

    def _begin(self, run: RunDescription) -> None:
        self._names = tuple(e.name for e in run.electrodes)
        self.which.clear()
        self.which.addItems(self._names)
        self._rim.setPen(pen(self.theme.muted))
        for label in self._labels:
            self.picture.removeItem(label)
        self._labels = []
        for name, x, y in zip(self._names, *self._places(len(self._names)), strict=True):
            label = pg.TextItem(name, color=self.theme.text, anchor=(0.5, 0.5))
            label.setPos(1.34 * x, 1.34 * y)
            self.picture.addItem(label)
            self._labels.append(label)
        self.picture.plot_item.setRange(xRange=(-1.6, 1.6), yRange=(-1.6, 1.6), padding=0)

    @staticmethod
    def _places(count: int) -> tuple[np.ndarray, np.ndarray]:
        """Around the rim from the left, clockwise; the place at the bottom is the output's."""
        angles = [-pi / 2 - 2 * pi * (k + 1) / (count + 1) for k in range(count)]
        return np.array([cos(a) for a in angles]), np.array([sin(a) for a in angles])

    def _touched(self, _: object, points: list[pg.SpotItem]) -> None:
        if len(points):
            self.which.setCurrentIndex(int(points[0].data()))

    def _tell(self, run: RunDescription, snapshot: Snapshot, chosen: int, volts: float) -> None:
        electrode = run.electrodes[chosen]
        now = format_quantity(volts, "V", digits=4) if np.isfinite(volts) else "unknown"
        limits = (
            f"{format_quantity(electrode.lower, 'V', digits=3)} to {format_quantity(electrode.upper, 'V', digits=3)}"
        )
        text = f"{electrode.role}, {now} within {limits}\n{electrode.tone_text}"
        mean = snapshot.history["derivative"]
        if electrode.name in run.controls and mean.ndim == 2:
            k = run.controls.index(electrode.name)
            self._derivative.setData(snapshot.history["iteration"], mean[:, k])
            if len(mean):
                std = snapshot.history["derivative_std"][-1, k]
                text += f"\ndI/dV {1e9 * mean[-1, k]:.2f} ± {1e9 * std:.2f} nA/V"
        else:
            self._derivative.setData([], [])
        self._facts.setText(text)
