"""A plot as every panel uses it: units on the axes, a read-out under the pointer, and its data for the asking."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.dashboard._export import export_menu
from hgx_lab.dashboard._theme import Theme

__all__ = ["Plot", "brush", "column_of", "pen", "set_band", "shades"]


#: Columns that a band is drawn in at most.
_BAND_COLUMNS = 300


def pen(colour: str, *, width: int = 1, dashed: bool = False, opacity: float = 1.0) -> QtGui.QPen:
    """A line of a colour, ``width`` logical pixels wide.

    0 is one pixel of the screen whatever its density, for long lines: wider ones cost twice the time.
    """
    made = QtGui.QColor(colour)
    made.setAlphaF(opacity)
    style = QtCore.Qt.PenStyle.DashLine if dashed else QtCore.Qt.PenStyle.SolidLine
    return pg.mkPen(made, width=width * _density(), style=style)


def _density() -> int:
    """Pixels of the screen to a logical one; pens are measured in the former."""
    application = QtGui.QGuiApplication.instance()
    return max(1, round(application.devicePixelRatio())) if isinstance(application, QtGui.QGuiApplication) else 1


def brush(colour: str, opacity: float = 1.0) -> QtGui.QBrush:
    """A filling of a colour."""
    made = QtGui.QColor(colour)
    made.setAlphaF(opacity)
    return pg.mkBrush(made)


class Plot(pg.PlotWidget):
    """A plot with axes in SI units, a cross-hair with a read-out, and export by the right button.

    Parameters
    ----------
    theme:
        Colours.
    bottom, left:
        What the axes show: words and SI unit ("" for pure numbers).
    """

    def __init__(self, theme: Theme, bottom: tuple[str, str], left: tuple[str, str]) -> None:
        super().__init__()
        self.bottom, self.left = bottom, left
        self.theme = theme
        self.setAntialiasing(False)
        self.setMinimumSize(80, 60)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{left[0]} against {bottom[0]}")
        item = self.plot_item
        item.setMenuEnabled(False)
        item.hideButtons()
        item.showGrid(x=True, y=True, alpha=0.18)
        self._right: list[tuple[str, pg.ViewBox, pg.PlotDataItem]] = []
        self._readout = pg.TextItem(anchor=(1, 0))
        self._readout.setZValue(50)
        self._lines = [pg.InfiniteLine(angle=a, movable=False) for a in (90, 0)]
        for extra in (*self._lines, self._readout):
            item.addItem(extra, ignoreBounds=True)
            extra.hide()
        item.scene().sigMouseMoved.connect(self._moved)
        self._names: tuple[str, ...] | None = None
        self._every = 0
        item.getViewBox().sigXRangeChanged.connect(self._fit_names)
        item.getViewBox().sigResized.connect(self._fit_names)
        self.set_theme(theme)

    @property
    def plot_item(self) -> Any:
        """The item inside, with everything that pyqtgraph can do."""
        return self.getPlotItem()

    def set_theme(self, theme: Theme) -> None:
        """Change the colours of everything but the data."""
        self.theme = theme
        self.setBackground(theme.surface)
        self.plot_item.getAxis("bottom").setZValue(-10)  # bars stand before the grid
        self.plot_item.getAxis("left").setZValue(-10)
        for side, (words, unit) in (("bottom", self.bottom), ("left", self.left)):
            axis = self.plot_item.getAxis(side)
            axis.setPen(pen(theme.grid))
            axis.setTextPen(pen(theme.muted))
            axis.setStyle(tickFont=QtWidgets.QApplication.font(), autoExpandTextSpace=False, tickTextOffset=3)
            axis.setLabel(words, units=unit or None, color=theme.muted, **{"font-size": "8.5pt"})
            axis.enableAutoSIPrefix(bool(unit))
            axis.showLabel(bool(words))
        # Whole numbers below a narrow plot would touch one another.
        self.plot_item.getAxis("bottom").setTickDensity(0.7)
        for words, _, _ in self._right:
            axis = self.plot_item.getAxis("right")
            axis.setPen(pen(theme.grid))
            axis.setTextPen(pen(theme.muted))
            axis.setStyle(tickFont=QtWidgets.QApplication.font(), autoExpandTextSpace=False, tickTextOffset=3)
            axis.setLabel(words, color=theme.muted, **{"font-size": "8.5pt"})
            axis.enableAutoSIPrefix(False)
        for line in self._lines:
            line.setPen(pen(theme.muted, dashed=True))
        self._readout.setColor(theme.text)

    def hide_cross_hair(self) -> None:
        """Show no read-out: the axes of this picture mean nothing."""
        self.plot_item.scene().sigMouseMoved.disconnect(self._moved)

    def names_below(self, names: tuple[str, ...] | None) -> None:
        """Write names at 0, 1, 2 ... of the lower axis instead of numbers, every second, third ... for lack of room.

        Numbers again with None.
        """
        self._names, self._every = names, 0
        if names is None:
            self.plot_item.getAxis("bottom").setTicks(None)
        else:
            self._fit_names()

    def _fit_names(self, *_: object) -> None:
        if self._names is None:
            return
        metrics = QtGui.QFontMetrics(QtWidgets.QApplication.font())
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0) + metrics.averageCharWidth()
        left, right = self.plot_item.getViewBox().viewRange()[0]
        room = self.plot_item.getViewBox().width() / max(right - left, 1e-9)  # for each name, pixels
        every = max(1, ceil(widest / room)) if room > 0 else 1
        if every != self._every:
            self._every = every
            self.plot_item.getAxis("bottom").setTicks([list(enumerate(self._names))[::every]])

    def mark(self, item: Any) -> None:
        """Add something that the range of the axes takes no account of."""
        self.plot_item.addItem(item, ignoreBounds=True)

    def clear_data(self) -> None:
        """Take away all that panels have added, but for cross-hair and read-out."""
        for item in list(self.plot_item.items):
            if item not in (*self._lines, self._readout):
                self.removeItem(item)

    def curve(self, colour: str, *, width: int = 1, dashed: bool = False, name: str = "") -> pg.PlotDataItem:
        """Add an empty line."""
        item = pg.PlotDataItem(pen=pen(colour, width=width, dashed=dashed), name=name or None, connect="finite")
        item.opts["exported"] = name
        self.addItem(item)
        return item

    def right_curve(self, colour: str, *, words: str, span: tuple[float, float]) -> pg.PlotDataItem:
        """Add an empty line with an axis of its own on the right, which always shows this span; one a plot."""
        item, box = self.plot_item, pg.ViewBox(enableMouse=False, enableMenu=False)
        item.showAxis("right")
        axis = item.getAxis("right")
        axis.linkToView(box)
        item.scene().addItem(box)
        box.setZValue(item.getViewBox().zValue() - 1)  # the pointer is for what lies on the left axis
        box.setXLink(item.getViewBox())
        low, high = span
        box.setYRange(low, high, padding=0.12)
        item.getViewBox().sigResized.connect(lambda view: box.setGeometry(view.sceneBoundingRect()))
        curve = pg.PlotDataItem(pen=pen(colour), connect="finite", name=words)
        box.addItem(curve)
        self._right.append((words, box, curve))
        self.set_theme(self.theme)
        return curve

    def band(self, colour: str) -> pg.FillBetweenItem:
        """Add an empty band between two invisible lines; see :func:`set_band`."""
        lower, upper = pg.PlotCurveItem(), pg.PlotCurveItem()
        item = pg.FillBetweenItem(lower, upper, brush=brush(colour, 0.22))
        self.addItem(item)
        return item

    def series(self) -> list[tuple[str, Any, Any]]:
        """The lines and points that are shown: name, x, y."""
        found: list[tuple[str, Any, Any]] = []
        for item in (*self.plot_item.listDataItems(), *(curve for _, _, curve in self._right)):
            x, y = item.getData()
            if x is not None and len(x) and item.isVisible():
                found.append((item.opts.get("name") or item.opts.get("exported") or f"series {len(found)}", x, y))
        return found

    def contextMenuEvent(self, event: QtGui.QContextMenuEvent | None) -> None:  # noqa: N802 - Qt's name
        """Offer to save what is shown; also reached by the menu key."""
        if event is not None:
            export_menu(self).exec(event.globalPos())

    def leaveEvent(self, ev: Any) -> None:  # noqa: N802 - Qt's name
        """Take the cross-hair away."""
        for item in (*self._lines, self._readout):
            item.hide()
        super().leaveEvent(ev)

    def _moved(self, position: QtCore.QPointF) -> None:
        box = self.plot_item.getViewBox()
        inside = box.sceneBoundingRect().contains(position)
        for item in (*self._lines, self._readout):
            item.setVisible(inside)
        if not inside:
            return
        at = box.mapSceneToView(position)
        vertical, horizontal = self._lines
        vertical.setPos(at.x())
        horizontal.setPos(at.y())
        log_x, log_y = self.plot_item.ctrl.logXCheck.isChecked(), self.plot_item.ctrl.logYCheck.isChecked()
        x, y = (10 ** at.x() if log_x else at.x()), (10 ** at.y() if log_y else at.y())
        self._readout.setText(f"{_words(x, self.bottom[1])}, {_words(y, self.left[1])}")
        corner = box.viewRange()
        self._readout.setPos(corner[0][1], corner[1][1])


def _words(value: float, unit: str) -> str:
    return pg.siFormat(value, precision=4, suffix=unit) if unit else f"{value:.4g}"


def set_band(band: pg.FillBetweenItem, x: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> None:
    """Move a band; of a long one the widest of each column is drawn: a polygon's cost grows faster than its points."""
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    good = np.isfinite(low) & np.isfinite(high)
    at, low, high = np.asarray(x, dtype=float)[good], low[good], high[good]
    width = -(-at.size // _BAND_COLUMNS)
    if width > 1:
        starts = np.arange(0, at.size, width)
        at, low, high = at[starts], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    curves: Any = band.curves
    curves[0].setData(at, low)
    curves[1].setData(at, high)


def shades(name: str, values: ArrayLike) -> list[QtGui.QColor]:
    """Colours of a map of pyqtgraph for values from 0 to 1."""
    colours: Any = pg.colormap.get(name)
    return colours.map(np.asarray(values, dtype=float), mode="qcolor")


def column_of(*widgets: QtWidgets.QWidget) -> QtWidgets.QVBoxLayout:
    """Stack widgets without margins."""
    layout = QtWidgets.QVBoxLayout()
    layout.setContentsMargins(4, 2, 4, 4)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    return layout
