"""The current as it comes in, and its spectrum with everything in it named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._decimate import thinned_on_a_log_axis
from hgx_lab.dashboard._long_curve import LongCurve
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen
from hgx_lab.dashboard._theme import Theme
from hgx_lab.dashboard.panels._spectral_lines import KINDS, Line, lines_of, noise_floor
from hgx_lab.live import RunDescription, Snapshot
from hgx_lab.units import format_quantity

__all__ = ["CurrentPanel"]

#: Shape, sign in the legend, size and opacity of the marks: tones first, and nuisances faint.
_MARKS = {
    "tones": ("t", "▼", 11, 1.0),
    "mains": ("s", "■", 6, 0.75),
    "harmonics": ("d", "◆", 7, 0.75),
    "mixing": ("x", "✕", 5, 0.45),
}
#: Columns that a spectrum is drawn in at most.
_COLUMNS = 1500
#: How far above the line a mark stands, decades.
_ABOVE = 0.45


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
        self._trace = LongCurve(self.trace, theme.of(0), "current")
        self._psd = self.spectrum.curve(theme.of(0), width=0, name="density")
        self._floor = self.spectrum.curve(theme.text, dashed=True, name="noise floor")
        self._marks: dict[str, Any] = {}
        for name in reversed(KINDS):  # tones on top
            symbol, _, size, _ = _MARKS[name]
            mark: Any = pg.ScatterPlotItem(symbol=symbol, size=size, pen=None, hoverable=True, hoverSize=size + 3)
            mark.opts["tip"] = lambda x, y, data: str(data)
            self.spectrum.addItem(mark)
            self._marks[name] = mark
        self.lamp = QtWidgets.QPushButton("overload")
        self.lamp.setObjectName("lamp")
        self.lamp.setToolTip("Lit when the converter has clipped; stays lit until it is pressed")
        self.lamp.clicked.connect(self.reset_requested)
        self._legend = QtWidgets.QLabel()
        self._floor_words = ""
        self._legend.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        middle: Any = QtCore.Qt.AlignmentFlag.AlignVCenter
        self._legend.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight | middle)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.lamp)
        top.addWidget(self._legend, 1)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.trace, 1)
        row.addWidget(self.spectrum, 1)
        layout = column_of()
        layout.addLayout(top)
        layout.addLayout(row, 1)
        self.setLayout(layout)
        self._lit: bool | None = None
        self._spectrum_of: np.ndarray | None = None
        self._trace_of: np.ndarray | None = None
        self._lines_of: tuple[RunDescription | None, tuple[Line, ...]] = (None, ())
        self._write_legend()

    def draw(self, snapshot: Snapshot) -> None:
        """Show the newest trace and spectrum."""
        self._light(snapshot.overload)
        trace = snapshot.trace
        if trace is None or not trace.current.size:
            return
        if trace.current is not self._trace_of:
            self._trace_of = trace.current
            self._trace.set_samples(trace.start, trace.rate_hz, trace.current)
        if trace.psd.size > 1 and trace.psd is not self._spectrum_of:
            self._spectrum_of = trace.psd
            self._draw_spectrum(trace.frequencies_hz, trace.psd, snapshot.description)

    def forget(self) -> None:
        """Show nothing."""
        self._trace_of = self._spectrum_of = None
        self._trace.set_samples(0, 1.0, np.empty(0))
        for curve in (self._psd, self._floor, *self._marks.values()):
            curve.setData([], [])
        self._floor_words = ""
        self._write_legend()

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
            curve.setPen(pen(theme.of(0), width=0))
        self._floor.setPen(pen(theme.text, dashed=True))
        self._write_legend()

    def _colour(self, kind: str) -> str:
        theme = self.theme
        return {"tones": theme.of(1), "harmonics": theme.of(2), "mixing": theme.of(3)}.get(kind, theme.muted)

    def _write_legend(self) -> None:
        entries = [f"<span style='color:{self._colour(k)}'>{_MARKS[k][1]}</span>&nbsp;{k}" for k in KINDS]
        entries.append(f"<span style='color:{self.theme.text}'>┄</span>&nbsp;floor&nbsp;{self._floor_words}")
        self._legend.setText(f"<span style='color:{self.theme.muted}'>{'&nbsp; '.join(entries)}</span>")

    def _draw_spectrum(self, hertz: np.ndarray, psd: np.ndarray, run: RunDescription | None) -> None:
        good = (hertz > 0) & (psd > 0)
        hertz, psd = hertz[good], psd[good]
        if not psd.size:
            return
        self._psd.setData(*thinned_on_a_log_axis(hertz, psd, _COLUMNS))
        if run is not self._lines_of[0]:
            self._lines_of = (run, lines_of(run))
        lines = [line for line in self._lines_of[1] if hertz[0] <= line.hertz <= hertz[-1]]
        floor = noise_floor(hertz, psd, np.array([line.hertz for line in lines]))
        self._floor.setData(*floor)
        self._say_floor(*floor, np.array([line.hertz for line in lines if line.kind == "tones"]))
        for kind, mark in self._marks.items():
            mine = [line for line in lines if line.kind == kind]
            at = np.array([line.hertz for line in mine])
            heights = np.interp(at, hertz, psd)
            mark.setData(
                np.log10(at),
                np.log10(heights) + _ABOVE,
                brush=brush(self._colour(kind), _MARKS[kind][3]),
                data=[line.words for line in mine],
            )

    def _say_floor(self, hertz: np.ndarray, floor: np.ndarray, tones: np.ndarray) -> None:
        if not hertz.size or not tones.size:
            return
        middle = float(np.sqrt(tones.min() * tones.max()))
        root = float(np.sqrt(np.interp(middle, hertz, floor)))
        self._floor_words = f"{format_quantity(root, 'A', digits=2)}/√Hz".replace(" ", "&nbsp;")
        self._legend.setToolTip(
            f"Noise between the lines, at {format_quantity(middle, 'Hz', digits=2)}. "
            "Hold the pointer over a mark to read whose it is."
        )
        self._write_legend()
