"""The current as it comes in, and its spectrum with everything in it named."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._decimate import envelope
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import RunDescription, Snapshot

__all__ = ["CurrentPanel"]


class CurrentPanel(Panel):
    """Trace, spectrum with tones, harmonics, mixing lines and mains, and a lamp for overload that stays on."""

    title, key = "Current", "current"
    reset_requested = QtCore.Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.trace = Plot(theme, ("Time", "s"), ("Current", "A"))
        self.spectrum = Plot(theme, ("Frequency", "Hz"), ("Density", "A²/Hz"))
        self.spectrum.setLogMode(x=True, y=True)
        for axis in ("left", "bottom"):
            self.spectrum.plot_item.getAxis(axis).enableAutoSIPrefix(False)
        self._trace = self.trace.curve(theme.of(0), name="current")
        self._psd = self.spectrum.curve(theme.of(0), name="density")
        self._floor = pg.InfiniteLine(
            angle=0,
            pen=pen(theme.muted, dashed=True),
            label="noise floor",
            labelOpts={"position": 0.3, "anchors": [(0.5, 1), (0.5, 1)]},
        )
        self.spectrum.mark(self._floor)
        self._marks = {
            name: pg.ScatterPlotItem(symbol=symbol, size=9, pen=None)
            for name, symbol in (("tones", "t"), ("harmonics", "d"), ("mixing", "x"), ("mains", "s"))
        }
        for mark in self._marks.values():
            self.spectrum.addItem(mark)
        self.lamp = QtWidgets.QPushButton("overload")
        self.lamp.setObjectName("lamp")
        self.lamp.setToolTip("Lit when the converter has clipped; stays lit until it is pressed")
        self.lamp.clicked.connect(self.reset_requested)
        self._legend = QtWidgets.QLabel("▼ tones   ◆ harmonics   ✕ mixing   ■ mains")
        self._legend.setObjectName("caption")
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.lamp)
        top.addStretch(1)
        top.addWidget(self._legend)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.trace, 1)
        row.addWidget(self.spectrum, 1)
        layout = column_of()
        layout.addLayout(top)
        layout.addLayout(row, 1)
        self.setLayout(layout)
        self._lit: bool | None = None
        self._spectrum_of: np.ndarray | None = None

    def draw(self, snapshot: Snapshot) -> None:
        """Show the newest trace and spectrum."""
        self._light(snapshot.overload)
        trace = snapshot.trace
        if trace is None or not trace.current.size:
            return
        at, values = envelope(trace.current, max(100, self.trace.width()))
        self._trace.setData((trace.start + at) / trace.rate_hz, values)
        if trace.psd.size > 1 and trace.psd is not self._spectrum_of:
            self._spectrum_of = trace.psd
            self._draw_spectrum(trace.frequencies_hz, trace.psd, snapshot.description)

    def _light(self, on: bool) -> None:
        if on is self._lit:
            return
        self._lit = on
        self.lamp.setText("✖ OVERLOAD  (press to reset)" if on else "✔ no overload")
        colour = f"background: {self.theme.fault}; color: {self.theme.surface}; font-weight: 700;" if on else ""
        self.lamp.setStyleSheet(colour)
        self.lamp.setEnabled(on)

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        super().set_theme(theme)
        self._lit = self._spectrum_of = None
        for curve in (self._trace, self._psd):
            curve.setPen(pen(theme.of(0)))

    def _draw_spectrum(self, hertz: np.ndarray, psd: np.ndarray, run: RunDescription | None) -> None:
        good = (hertz > 0) & (psd > 0)
        hertz, psd = hertz[good], psd[good]
        if not psd.size:
            return
        self._psd.setData(*_on_a_log_axis(hertz, psd))
        floor = float(np.median(psd))
        self._floor.setValue(np.log10(floor))
        self._floor.label.setColor(self.theme.muted)
        colours = dict(zip(self._marks, (*(self.theme.of(k) for k in (1, 2, 3)), self.theme.muted), strict=True))
        for name, lines in _lines(run).items():
            inside = lines[(lines >= hertz[0]) & (lines <= hertz[-1])]
            heights = np.interp(inside, hertz, psd)
            self._marks[name].setData(np.log10(inside), np.log10(heights) + 0.4, brush=brush(colours[name]))


def _on_a_log_axis(hertz: np.ndarray, psd: np.ndarray, columns: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Thin a spectrum to a lowest and a highest value for each column of a logarithmic axis."""
    if hertz.size <= 2 * columns:
        return hertz, psd
    edges = np.geomspace(hertz[0], hertz[-1], columns)
    starts = np.unique(np.searchsorted(hertz, edges[:-1]))
    ends = np.column_stack((np.minimum.reduceat(psd, starts), np.maximum.reduceat(psd, starts)))
    return np.repeat(hertz[starts], 2), ends.ravel()


def _lines(run: RunDescription | None) -> dict[str, np.ndarray]:
    """Where something is to be expected, Hz; what falls on a tone is the tone."""
    empty = np.empty(0)
    if run is None:
        return {"tones": empty, "harmonics": empty, "mixing": empty, "mains": empty}
    tones = np.array([e.tone_hz for e in run.electrodes if e.tone_hz is not None])
    mixing = np.array([f for a, b in combinations(tones, 2) for f in (abs(a - b), a + b)])
    mains = empty if run.mains_hz is None else run.mains_hz * np.arange(1, 6)
    return {
        "tones": tones,
        "harmonics": np.setdiff1d(2 * tones, tones),
        "mixing": np.setdiff1d(mixing, np.concatenate((tones, 2 * tones))),
        "mains": mains,
    }
