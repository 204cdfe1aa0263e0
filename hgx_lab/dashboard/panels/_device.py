"""The device as it lies there: electrodes around it, coloured by voltage, a ring for the tone."""

from __future__ import annotations

from math import ceil, cos, pi, sin

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._decimate import thinned
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen, shades
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import ElectrodeInfo, History, RunDescription, Snapshot
from hgx_lab.units import format_quantity

__all__ = ["DevicePanel"]

#: Sizes in radii of the device: the rim, an electrode, the ring of the smallest and of the largest tone, its name.
_RIM, _DOT, _RING, _NAME = 0.66, 0.3, (0.4, 0.54), 1.33
#: Periods of a tone that are drawn, and the time shown of an electrode without one, s.
_PERIODS, _STILL_SECONDS = 3, 2e-3
#: Names that have room around the device, and where they stand when not all of them have.
_LABELS, _NAME_OF_MANY = 12, 1.2


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
        self.picture.setAccessibleName("Electrodes around the device")
        self.picture.hide_cross_hair()
        turn = np.linspace(0, 2 * pi, 97)
        self._rim = pg.PlotCurveItem(_RIM * np.cos(turn), _RIM * np.sin(turn))
        self._rings = pg.ScatterPlotItem(pxMode=False, brush=None)
        self._electrodes = pg.ScatterPlotItem(pxMode=False, size=_DOT)
        self._electrodes.sigClicked.connect(self._touched)
        for item in (self._rim, self._rings, self._electrodes):
            self.picture.addItem(item)
        self._labels: list[pg.TextItem] = []
        self.which = QtWidgets.QComboBox()
        self.which.setAccessibleName("Electrode")
        self.which.currentIndexChanged.connect(self._choose_anew)
        self._facts, self._tone, self._slope = Caption(), Caption(), Caption()
        self.wave = Plot(theme, ("Time", "s"), ("Volts", "V"))
        self._wave = self.wave.curve(theme.of(0), name="DC and tone")
        self._dc = self.wave.curve(theme.muted, dashed=True, name="DC")
        self.trend = Plot(theme, ("Iteration", ""), ("dI/dV", "A/V"))
        self._derivative = self.trend.curve(theme.of(0), name="mean dI/dV")
        side = column_of(self.which, self._facts, self._tone, self._slope)
        side.setSpacing(1)
        side.addWidget(self.wave, 1)
        side.addWidget(self.trend, 1)
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(4, 2, 4, 4)
        row.addWidget(self.picture, 1)
        row.addLayout(side, 1)
        self.picture.setMinimumWidth(120)
        self.setLayout(row)
        self._names: tuple[str, ...] = ()
        self._share = 1.0  # of their size that electrodes take where there are many
        self._drawn_picture: tuple[RunDescription, int, bytes] | None = None
        self._drawn_wave: tuple[ElectrodeInfo, float] | None = None

    def draw(self, snapshot: Snapshot) -> None:
        """Show the voltages of now."""
        run = snapshot.description
        if run is None:
            return
        names = tuple(e.name for e in run.electrodes)
        if names != self._names:
            self._begin(run)
        volts = snapshot.volts if snapshot.volts is not None else np.full(len(names), np.nan)
        chosen = max(0, self.which.currentIndex())
        picture = (run, chosen, volts.tobytes())
        if picture != self._drawn_picture:
            self._drawn_picture = picture
            self._draw_picture(run, volts, chosen)
        self._draw_wave(run.electrodes[chosen], float(volts[chosen]))
        if self.history_is_due(snapshot.history):
            self._draw_trend(run, snapshot.history, run.electrodes[chosen].name)

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        super().set_theme(theme)
        self._names = ()
        self._derivative.setPen(pen(theme.of(0)))
        self._wave.setPen(pen(theme.of(0)))
        self._dc.setPen(pen(theme.muted, dashed=True))

    def _begin(self, run: RunDescription) -> None:
        self._drawn = self._drawn_picture = self._drawn_wave = None
        self._names = tuple(e.name for e in run.electrodes)
        chosen = max(0, self.which.currentIndex())
        self.which.clear()
        self.which.addItems(self._names)
        self.which.setCurrentIndex(chosen if chosen < len(self._names) else 0)
        self._rim.setPen(pen(self.theme.muted))
        self._clear_labels()
        apart = 2 * pi / (len(self._names) + 1)
        self._share = min(1.0, 0.95 * apart / _RING[1])
        self._electrodes.setSize(min(_DOT, 0.8 * apart))
        # Names that would overlap are left out; the list has all of them.
        every = ceil(len(self._names) / _LABELS)
        places = list(zip((*self._names, "output"), *_places(len(self._names), output=True), strict=True))
        shown = places[:-1] if every == 1 else places[every : len(self._names) - every + 1 : every]
        for name, x, y in (*shown, places[-1]):
            # The name grows away from its electrode, whatever its length.
            label = pg.TextItem(
                name, color=self.theme.muted if name == "output" else self.theme.text, anchor=((1 - x) / 2, (1 + y) / 2)
            )
            away = _NAME if every == 1 else _NAME_OF_MANY
            label.setPos(away * x, away * y)
            self.picture.mark(label)
            self._labels.append(label)
        self.picture.plot_item.setRange(xRange=(-1.7, 1.7), yRange=(-1.62, 1.62), padding=0)

    def _clear_labels(self) -> None:
        for label in self._labels:
            self.picture.removeItem(label)
        self._labels = []

    def forget(self) -> None:
        """Show nothing."""
        self._names, self._drawn_picture, self._drawn_wave = (), None, None
        self._clear_labels()
        for caption in (self._facts, self._tone, self._slope):
            caption.setText("")
        for item in (self._electrodes, self._rings, self._wave, self._dc, self._derivative):
            item.setData([], [])

    def _draw_picture(self, run: RunDescription, volts: np.ndarray, chosen: int) -> None:
        x, y = _places(len(volts))
        scale = max(max(abs(e.lower), abs(e.upper)) for e in run.electrodes)
        known = np.isfinite(volts)
        shade = shades("CET-D1", np.where(known, volts / scale, 0.0) / 2 + 0.5)
        self._electrodes.setData(
            x,
            y,
            brush=[brush(c.name()) if k else None for c, k in zip(shade, known, strict=True)],
            pen=[
                pen(self.theme.text, width=3) if k == chosen else pen(self.theme.muted, dashed=not known[k])
                for k in range(len(volts))
            ],
            data=list(range(len(volts))),
        )
        tones = np.array([e.amplitude for e in run.electrodes])
        on = tones > 0
        sizes = _RING[0] + (_RING[1] - _RING[0]) * tones[on] / (tones.max() if on.any() else 1.0)
        self._rings.setData(x[on], y[on], size=self._share * sizes, pen=pen(self.theme.of(1), width=2), brush=None)

    def _touched(self, _: object, points: list[pg.SpotItem]) -> None:
        if len(points):
            self.which.setCurrentIndex(int(points[0].data()))

    def _choose_anew(self, _: int) -> None:
        self._drawn = None

    def _draw_wave(self, electrode: ElectrodeInfo, volts: float) -> None:
        """What is on an electrode now, as the description has it: its DC voltage and a few periods of its tone."""
        now = format_quantity(volts, "V", digits=4) if np.isfinite(volts) else "voltage unknown"
        span = f"{format_quantity(electrode.lower, 'V', digits=3)}…{format_quantity(electrode.upper, 'V', digits=3)}"
        self._facts.setText(f"{electrode.role}, {now}" + (f" in {span}" if np.isfinite(volts) else ""))
        if self._drawn_wave == (electrode, volts):
            return
        self._drawn_wave = (electrode, volts)
        seconds = _STILL_SECONDS if not electrode.tone_hz else _PERIODS / electrode.tone_hz
        time = np.linspace(0.0, seconds, 181)
        tone = electrode.amplitude * np.sin(2 * pi * (electrode.tone_hz or 0.0) * time)
        known = np.isfinite(volts)
        self._wave.setData(time, (volts + tone) if known else time * np.nan)
        self._dc.setData(time[[0, -1]], [volts, volts] if known else [np.nan, np.nan])

    def _draw_trend(self, run: RunDescription, history: History, name: str) -> None:
        mean, std = history["derivative"], history["derivative_std"]
        self._tone.setText(run.electrode(name).tone_text)
        if name not in run.controls or mean.ndim != 2 or not len(mean):
            self._derivative.setData([], [])
            self._slope.setText("")
            return
        k = run.controls.index(name)
        self._derivative.setData(*thinned(history["iteration"], mean[:, k], self.trend.width()))
        self._slope.setText(f"dI/dV {1e9 * mean[-1, k]:.2f} ± {1e9 * std[-1, k]:.2f} nA/V")


def _places(count: int, *, output: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Around the rim from the left, clockwise; the place at the bottom, the last one, is the output's."""
    angles = [-pi / 2 - 2 * pi * (k + 1) / (count + 1) for k in range(count + output)]
    return np.array([cos(a) for a in angles]), np.array([sin(a) for a in angles])
