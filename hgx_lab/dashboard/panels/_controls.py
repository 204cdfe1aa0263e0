"""The controls: where they stand within their limits, with the tone on top, and how they got there."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._decimate import thinned
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import ElectrodeInfo, Measured, Snapshot

__all__ = ["ControlsPanel"]


class ControlsPanel(Panel):
    """Limits as boxes, voltages as marks, tone peaks as bars across them; history; headroom in mV."""

    title, key = "Controls", "controls"

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.now = Plot(theme, ("", ""), ("Volts", "V"))
        self.trend = Plot(theme, ("Iteration", ""), ("Volts", "V"))
        self._headroom = Caption()
        self._names: tuple[str, ...] = ()
        self._drawn_latest: Measured | None = None
        self._box: pg.BarGraphItem | None = None
        self._peak: pg.BarGraphItem | None = None
        self._mark: pg.ScatterPlotItem | None = None
        self._lines: list[pg.PlotDataItem] = []
        layout = column_of(self._headroom)
        layout.addWidget(self.now, 1)
        layout.addWidget(self.trend, 1)
        self.setLayout(layout)

    def draw(self, snapshot: Snapshot) -> None:
        """Show the newest controls and their history."""
        run, latest = snapshot.description, snapshot.latest
        if run is None or not run.controls:
            return
        electrodes = tuple(run.electrode(name) for name in run.controls)
        if run.controls != self._names:
            self._begin(electrodes)
        if latest is not None and latest is not self._drawn_latest:
            self._drawn_latest = latest
            self._draw_now(latest.controls, electrodes)
        if not self.history_is_due(snapshot.history):
            return
        x, controls = snapshot.history["iteration"], snapshot.history["controls"]
        for k, line in enumerate(self._lines):
            if controls.ndim == 2:
                line.setData(*thinned(x, controls[:, k], self.trend.width()))

    def forget(self) -> None:
        """Show nothing."""
        self._names, self._box, self._peak, self._mark, self._lines = (), None, None, None, []
        self._headroom.setText("")
        for plot in (self.now, self.trend):
            plot.clear_data()

    def set_theme(self, theme: Theme) -> None:
        """Change colours; everything is made anew at the next frame."""
        super().set_theme(theme)
        self._names = ()

    def _begin(self, electrodes: tuple[ElectrodeInfo, ...]) -> None:
        self._names = tuple(e.name for e in electrodes)
        self._drawn = self._drawn_latest = None
        for plot in (self.now, self.trend):
            plot.clear_data()
        x = np.arange(len(electrodes))
        low, high = (np.array([getattr(e, side) for e in electrodes]) for side in ("lower", "upper"))
        self._box = pg.BarGraphItem(
            x=x, y0=low, height=high - low, width=0.7, pen=pen(self.theme.grid), brush=brush(self.theme.raised, 0.6)
        )
        unknown = {"pen": pg.mkPen(None), "brush": pg.mkBrush(None)}
        self._peak = pg.BarGraphItem(x=x, y0=x * 0.0, height=x * 0.0, width=0.7, **unknown)
        self._mark = pg.ScatterPlotItem(symbol="d", size=11)
        for item in (self._box, self._peak, self._mark):
            self.now.addItem(item)
        self.now.names_below(self._names)
        self._lines = [self.trend.curve(self.theme.of(k), name=e.name) for k, e in enumerate(electrodes)]

    def _draw_now(self, volts: np.ndarray, electrodes: tuple[ElectrodeInfo, ...]) -> None:
        if self._peak is None or self._mark is None:
            return
        colours = [self.theme.of(k) for k in range(len(volts))]
        peak = np.array([e.amplitude for e in electrodes])
        self._peak.setOpts(
            y0=volts - peak, height=2 * peak, brushes=[brush(c, 0.5) for c in colours], pens=[pen(c) for c in colours]
        )
        self._mark.setData(np.arange(len(volts)), volts, brush=[brush(c) for c in colours], pen=pen(self.theme.surface))
        room = np.array([min(v - e.lower, e.upper - v) for v, e in zip(volts, electrodes, strict=True)]) - peak
        tight = int(np.argmin(room))
        self._headroom.setText(f"Least headroom to the guard: {1e3 * room[tight]:.0f} mV ({electrodes[tight].name})")
