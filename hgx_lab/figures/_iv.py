"""Current against voltage: one curve for each voltage of the second electrode."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hgx_lab.figures._style import colours, dress, si_scale
from hgx_lab.records import Record

__all__ = ["iv_figure"]

#: From this many sweeps on a map says more than curves.
_MAP_FROM = 8


def iv_figure(record: Record) -> Figure:
    """Draw the sweeps of an ``iv`` record as curves, or as a map where there are many."""
    sweeps = record["sweeps"]
    names = list(record.header["swept"])
    volts, current = sweeps["volts"].values, sweeps["current"].values
    against = sweeps["against"].values
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    factor, unit = si_scale(current, "A")
    if len(against) >= _MAP_FROM:
        there = slice(0, volts.shape[1] // 2 if volts[0, 0] == volts[0, -1] else None)
        image = axes.pcolormesh(volts[0, there], against, current[:, there] * factor, cmap="viridis", shading="nearest")
        bar = figure.colorbar(image, ax=axes)
        bar.set_label(f"Current ({unit})", fontsize=9)
        dress(axes, "Current", f"{names[1]} (V)", f"{names[0]} (V)")
        return figure
    for colour, second, x, y in zip(colours(len(against)), against, volts, current, strict=True):
        label = None if np.isnan(second) else f"{names[1]} {second:.3g} V"
        axes.plot(x, y * factor, color=colour, linewidth=1.3, label=label)
    axes.axhline(0.0, color="0.7", linewidth=0.8, zorder=0)
    dress(axes, "Current against voltage", f"Current ({unit})", f"{names[0]} (V)")
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=7.5)
    return figure
