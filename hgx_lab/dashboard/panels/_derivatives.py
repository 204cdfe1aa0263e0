"""The derivatives: how large, how sure, since when, and whether their phase is what it should be."""

from __future__ import annotations

from math import atan2, cos, degrees, pi, sin

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._decimate import thinned
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import Plot, brush, column_of, pen, set_band
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import History, Measured, Snapshot
from hgx_lab.signals.significance import has_error_bar, known_signs, sign_confidence, signs_text, std_of_mean

__all__ = ["DerivativesPanel"]

_DIALS = (
    "Phase of each response after calibration: a healthy one lies along the horizontal.\n"
    "For the mean of all, of the case with the largest response. Dashed: below 3σ."
)


class DerivativesPanel(Panel):
    """Bars with error bars for a case or their mean, phase dials, and the history with bands."""

    title, key = "Derivatives", "derivatives"

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.case = QtWidgets.QComboBox()
        self.case.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.case.setAccessibleName("Case whose derivatives are shown")
        self._confidence = Caption(right=True)
        self.bars = Plot(theme, ("", ""), ("dI/dV", "A/V"))
        self.dials = Plot(theme, ("", ""), ("", ""))
        self.trend = Plot(theme, ("Iteration", ""), ("mean", "A/V"))
        self.dials.plot_item.hideAxis("left")
        self.dials.plot_item.showGrid(x=False, y=False)
        self.dials.setMaximumHeight(96)
        self.dials.setAspectLocked(True)
        self.dials.setMouseEnabled(x=False, y=False)
        self.dials.hide_cross_hair()
        self._names: tuple[str, ...] = ()
        self._drawn_latest: Measured | None = None
        self._drawn_case = -1
        self._bars: pg.BarGraphItem | None = None
        self._errors: pg.ErrorBarItem | None = None
        self._hands: list[pg.PlotCurveItem] = []
        self._lines: list[tuple[pg.PlotDataItem, pg.FillBetweenItem]] = []
        top = QtWidgets.QHBoxLayout()
        top.addWidget(QtWidgets.QLabel("Case"))
        top.addWidget(self.case)
        top.addWidget(self._confidence, 1)
        layout = column_of()
        layout.addLayout(top)
        layout.addWidget(self.bars, 3)
        layout.addWidget(self.dials, 1)
        layout.addWidget(self.trend, 3)
        self.setLayout(layout)

    def draw(self, snapshot: Snapshot) -> None:
        """Show the newest iteration and the history."""
        run, latest = snapshot.description, snapshot.latest
        if run is None or not run.controls:
            return
        if run.controls != self._names or len(run.cases) + 1 != self.case.count():
            self._begin(run.controls, tuple(c.name for c in run.cases))
        which = self.case.currentIndex() - 1
        if latest is not None and (latest is not self._drawn_latest or which != self._drawn_case):
            self._drawn_latest, self._drawn_case = latest, which
            if which < 0:
                value = latest.derivatives.mean(axis=0)
                std = std_of_mean(latest.derivatives_std)
                signs = f"signs of all cases {signs_text(sign_confidence(latest.derivatives, latest.derivatives_std))}"
            else:
                value, std = latest.derivatives[which], latest.derivatives_std[which]
                signs = f"signs {signs_text(sign_confidence(value, std))}"
            self._draw_bars(value, std)
            self._confidence.setText("   ".join((signs, *self._doubts(value, std))))
            self._draw_dials(latest, which)
        if self.history_is_due(snapshot.history):
            self._draw_trend(snapshot.history)

    def _draw_trend(self, history: History) -> None:
        x, mean, std = history["iteration"], history["derivative"], history["derivative_std"]
        if mean.ndim != 2:
            return
        for k, (line, band) in enumerate(self._lines):
            line.setData(*thinned(x, mean[:, k], self.trend.width()))
            set_band(band, x, mean[:, k] - 2 * std[:, k], mean[:, k] + 2 * std[:, k])

    def forget(self) -> None:
        """Show nothing."""
        self._names, self._bars, self._errors, self._hands, self._lines = (), None, None, [], []
        self._confidence.setText("")
        for plot in (self.bars, self.dials, self.trend):
            plot.clear_data()

    def set_theme(self, theme: Theme) -> None:
        """Change colours; everything is made anew at the next frame."""
        super().set_theme(theme)
        self._names = ()

    def _begin(self, names: tuple[str, ...], cases: tuple[str, ...]) -> None:
        self._names = names
        self._drawn = self._drawn_latest = None
        chosen = max(0, self.case.currentIndex())
        self.case.clear()
        self.case.addItems(["mean of all", *cases])
        self.case.setCurrentIndex(chosen if chosen <= len(cases) else 0)
        for plot in (self.bars, self.dials, self.trend):
            plot.clear_data()
        unknown = {"pen": pg.mkPen(None), "brush": pg.mkBrush(None)}  # nothing is drawn before it is measured
        self._bars = pg.BarGraphItem(x=np.arange(len(names)), height=np.zeros(len(names)), width=0.6, **unknown)
        self._errors = pg.ErrorBarItem(beam=0.25, pen=pen(self.theme.text))
        for item in (self._bars, self._errors):
            self.bars.addItem(item)
        self.bars.names_below(names)
        self.dials.names_below(names)
        self.dials.plot_item.setRange(xRange=(-0.5, len(names) - 0.5), yRange=(-0.5, 0.5), padding=0)
        turn = np.linspace(0, 2 * pi, 49)
        self._hands = []
        for k in range(len(names)):
            rim = pg.PlotCurveItem(k + 0.42 * np.cos(turn), 0.42 * np.sin(turn), pen=pen(self.theme.grid))
            hand = pg.PlotCurveItem(pen=pen(self.theme.of(k), width=2))
            self.dials.addItem(rim)
            self.dials.addItem(hand)
            self._hands.append(hand)
        self._lines = [
            (self.trend.curve(self.theme.of(k), name=name), self.trend.band(self.theme.of(k)))
            for k, name in enumerate(names)
        ]

    def _draw_bars(self, value: np.ndarray, std: np.ndarray) -> None:
        if self._bars is None or self._errors is None:
            return
        sure = known_signs(value, std)
        colours = [self.theme.of(k) for k in range(len(value))]
        self._bars.setOpts(
            height=value,
            pens=[pen(c, dashed=not s) for c, s in zip(colours, sure, strict=True)],
            brushes=[brush(c, 0.85 if s else 0.12) for c, s in zip(colours, sure, strict=True)],
        )
        self._errors.setData(x=np.arange(len(value)), y=value, top=std, bottom=std)

    def _doubts(self, value: np.ndarray, std: np.ndarray) -> list[str]:
        """What is said of the bars that are shown: which aren't beyond three standard deviations, which have none."""
        sure, told = known_signs(value, std), has_error_bar(std)
        if sure.all():
            return ["all bars beyond 3σ"]
        below = [n for n, s, t in zip(self._names, sure, told, strict=True) if t and not s]
        blind = [n for n, t in zip(self._names, told, strict=True) if not t]
        doubts = [f"below 3σ: {', '.join(below)}"] if below else []
        return [*doubts, f"no error bar: {', '.join(blind)}"] if blind else doubts

    def _draw_dials(self, latest: Measured, which: int) -> None:
        """Point the hands; for all cases each at its largest response: in a mean signs cancel, and phases with them."""
        responses = np.hypot(latest.derivatives, latest.quadrature)
        picked = np.argmax(responses, axis=0) if which < 0 else np.full(len(self._hands), which)
        words: list[str] = []
        for k, hand in enumerate(self._hands):
            case = int(picked[k])
            angle = atan2(float(latest.quadrature[case, k]), float(latest.derivatives[case, k]))
            known = bool(known_signs(responses[case, k], latest.derivatives_std[case, k]))
            hand.setData([k, k + 0.42 * cos(angle)], [0, 0.42 * sin(angle)])
            hand.setPen(pen(self.theme.of(k), width=2 if known else 1, dashed=not known))
            words.append(f"{self._names[k]}, case {self.case.itemText(case + 1)}: {degrees(angle):.0f}°")
        self.dials.setToolTip("\n".join((_DIALS, *words)))
