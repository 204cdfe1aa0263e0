"""A curve of a million samples: only what is in sight is thinned and drawn, so that zooming in shows more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg

from hgx_lab.dashboard._decimate import Floats, envelope
from hgx_lab.dashboard._plot import Plot, pen

__all__ = ["LongCurve"]


class LongCurve(pg.PlotCurveItem):
    """Equally spaced samples in a plot, thinned anew whenever the plot's horizontal range or width changes.

    Parameters
    ----------
    plot:
        Where it is drawn.
    colour, name:
        Of the line, and of its column in a file.
    """

    def __init__(self, plot: Plot, colour: str, name: str) -> None:
        super().__init__(pen=pen(colour, width=0), connect="all", skipFiniteCheck=True)
        self.opts["exported"] = name
        self._plot = plot
        self._start, self._rate = 0, 1.0
        self._values: Floats = np.empty(0)
        self._extremes: tuple[float, float] | None = None
        self._shown: tuple[int, int, int] | None = None
        plot.addItem(self)
        plot.plot_item.getViewBox().sigXRangeChanged.connect(self._thin)
        plot.plot_item.getViewBox().sigResized.connect(self._thin)

    def set_samples(self, start: int, rate_hz: float, values: Floats) -> None:
        """Show other samples, (n,), the first of which has this index; they are not copied."""
        self._start, self._rate, self._values = start, rate_hz, values
        self._extremes = self._shown = None
        self._thin()

    def dataBounds(self, ax: int, frac: float = 1.0, orthoRange: Any = None) -> Any:  # noqa: N802 - their names
        """The range of all samples, in sight or not."""
        del frac, orthoRange
        if not self._values.size:
            return (None, None)
        if ax == 1:
            if self._extremes is None:
                self._extremes = float(self._values.min()), float(self._values.max())
            return self._extremes
        return self._start / self._rate, (self._start + self._values.size - 1) / self._rate

    def _thin(self, *_: object) -> None:
        size = self._values.size
        if not size:
            if self.xData is not None and len(self.xData):
                self.setData(np.empty(0), np.empty(0))
            return
        box = self._plot.plot_item.getViewBox()
        # Following the newest sample the whole is in sight; the range of the axes learns of it only afterwards.
        left, right = box.viewRange()[0] if not box.autoRangeEnabled()[0] else (-np.inf, np.inf)
        first = int(np.clip(np.floor(left * self._rate) - self._start, 0, size)) if np.isfinite(left) else 0
        last = int(np.clip(np.ceil(right * self._rate) - self._start + 1, 0, size)) if np.isfinite(right) else size
        wanted = (first, last, max(100, int(box.width())))
        if wanted == self._shown:
            return
        self._shown = wanted
        at, thin = envelope(self._values[first:last], wanted[2])
        if last - first == size:
            self._extremes = float(thin.min()), float(thin.max())
        self.setData((self._start + first + at) / self._rate, thin)
